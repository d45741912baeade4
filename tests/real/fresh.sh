#!/bin/sh
# fresh.sh SUITE ROOT REPOSITORY
#
# Tries this repository as a new user would: in a bare root of a Debian suite, which has git, make and python3-venv
# beside what every Debian has, an ordinary user clones it and runs the README's two commands, `make demo` and
# `make test`. Without REPOSITORY it only makes the root; a finished root is left as it is. Needs root, debootstrap and
# Debian's packages; a minute, and then as long as the tests take.
#
# Tests that need more are skipped there, each with a reason that begins with "needs": any other reason fails.
set -eu

suite=$1
root=$2
done=$root/.imgscan-complete
if [ ! -e "$done" ]; then
  # An older debootstrap does not know the newest suites by name; the script for all of them is the same.
  script=/usr/share/debootstrap/scripts/$suite
  [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
  debootstrap --variant=minbase --include=ca-certificates,git,make,python3,python3-venv "$suite" "$root" "" "$script"
  rm -rf "$root"/var/cache/apt/archives/*.deb
  chroot "$root" useradd --create-home --shell /bin/sh ada
  touch "$done"
fi
[ $# -gt 2 ] || exit 0

# The way to the package index is this machine's.
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
  [ ! -e "$file" ] || cp -L "$file" "$root$file"
done
rm -rf "$root/home/ada/imgscan"
git clone --quiet --no-hardlinks "$3" "$root/home/ada/imgscan"
chroot "$root" chown -R ada: /home/ada/imgscan

log=$root/home/ada/imgscan.log
# In mounts of its own, which are gone when it ends, whatever way it ends. No tool of this machine is asked for.
unshare --mount sh -eu -c '
  mount -t proc proc "$1/proc"
  mount --rbind /dev "$1/dev"
  exec chroot --userspec=ada:ada "$1" env -u IMGSCAN_REQUIRE_REAL -u IMGSCAN_TRIXIE_ROOT -u IMGSCAN_MULTITOOL \
    -u VIRTUAL_ENV -u PYTHONPATH -u TMPDIR HOME=/home/ada USER=ada LOGNAME=ada PATH=/usr/local/bin:/usr/bin:/bin \
    sh -eu -c "cd ~/imgscan && python3 --version && make demo && make test"
' sh "$root" >"$log" 2>&1 || {
  tail -n 100 "$log"
  exit 1
}
sed -n 1p "$log"
tail -n 1 "$log"
if grep "^SKIPPED" "$log" | grep -v ": needs "; then
  echo "fresh.sh: these tests are skipped without saying what they need" >&2
  exit 1
fi
