#!/bin/sh
# trixie.sh DIRECTORY
#
# Makes the root of a Debian 13 system with its container tools: Docker 26.1 with both kinds of image store, buildx,
# podman 5.4, buildah 1.39, skopeo 1.18. Debian 12 has one storage mode and archives of the old dialect only.
# Needs root, debootstrap and Debian's packages; about a minute and 800 MB. A finished root is left as it is.
set -eu

root=$1
done=$root/.imgscan-complete
if [ -e "$done" ]; then
  exit 0
fi
if [ -e "$root" ] && [ -n "$(ls -A "$root")" ]; then
  echo "trixie.sh: $root is not empty, and not a finished root" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive LC_ALL=C
debootstrap --variant=minbase trixie "$root"
# No service may be started from inside the root.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
chroot "$root" apt-get install -y --no-install-recommends \
  buildah ca-certificates crun docker-buildx docker-cli docker.io podman skopeo
rm -rf "$root/var/cache/apt/archives"
touch "$done"
