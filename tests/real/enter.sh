#!/bin/sh
# enter.sh ROOT SHARED COMMAND [ARGUMENT...]
#
# Runs COMMAND in a mount namespace of its own, so that whatever it mounts is gone when it ends. ROOT is / or the
# root of another Debian system; in the latter SHARED stands at the same path as outside. Every step is an exec: the
# process that the caller started is COMMAND itself, and can be ended by that number.
set -eu

if [ "${IMGSCAN_ENTERED:-}" != 1 ]; then
  export IMGSCAN_ENTERED=1
  exec unshare --mount --propagation private sh "$0" "$@"
fi
unset IMGSCAN_ENTERED

root=$1
shared=$2
shift 2
if [ "$root" = / ]; then
  exec "$@"
fi

mount --bind "$root" "$root" # runc remounts its root: it has to be a mount point
for kernel in proc sys dev; do
  mount --rbind "/$kernel" "$root/$kernel"
done
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root$shared"
mount --bind "$shared" "$root$shared"
cd "$root"
exec chroot . "$@"
