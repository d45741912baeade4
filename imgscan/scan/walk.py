"""The files of a tree, in the order of their paths' bytes, each once, and never one outside the tree.

Links are not followed. A file that has several names (hard links, bind mounts) is read under the first. What is no
regular file, and what the kernel makes up while it is read (`/proc`, `/sys`), is passed over with a reason.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from imgscan.scan.troubles import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.scan.globs import Sieve
    from imgscan.scan.troubles import Troubles

PSEUDO = frozenset(
    "autofs binder binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts efivarfs fusectl mqueue nsfs proc pstore "  # noqa: SIM905 - a table of words reads best as one
    "resctrl rpc_pipefs securityfs selinuxfs smackfs sysfs tracefs".split()
)
"""Filesystem types of Linux whose files are no stored bytes: reading them may block, change something or never end."""

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def special(mode: int) -> str:
    """Name what a file is that is no regular one."""
    return _KINDS.get(stat.S_IFMT(mode), "neither a file nor a folder")


def pseudo_devices(mounts: Path = Path("/proc/self/mountinfo")) -> dict[int, str]:
    """Give the device numbers of what is mounted here and stores nothing, with the filesystem's type (proc(5)).

    Empty where there is no such list: only Linux has it.
    """
    devices: dict[int, str] = {}
    with suppress(OSError):
        for line in mounts.read_bytes().splitlines():
            before, _, after = line.partition(b" - ")
            fields, kind = before.split(), after.partition(b" ")[0].decode("ascii", "replace")
            if kind in PSEUDO and len(fields) > 2:
                major, _, minor = fields[2].partition(b":")
                devices[os.makedev(int(major), int(minor))] = kind
    return devices


class Listed(NamedTuple):
    """A file or folder as it was listed: a folder's path ends in a slash, so that whole paths ascend.

    `inode` is (device, inode) where the file may have other names, else None.
    """

    path: bytes
    size: int
    inode: tuple[int, int] | None = None


class Walk:
    """Lists one tree, once; `troubles` takes what cannot be listed or is passed over.

    Paths are raw and relative to `root`. `sieve` decides what the user does not want to be read.
    """

    def __init__(self, root: bytes, troubles: Troubles, sieve: Sieve | None = None) -> None:
        self._root = os.path.join(root, b"")  # noqa: PTH118 - Path knows no bytes
        self._troubles = troubles
        self._sieve = sieve
        self._pseudo = pseudo_devices()
        self._seen: set[tuple[int, int]] = set()  # folders, and files that have several names

    def __iter__(self) -> Iterator[Listed]:
        """Give the regular files, in the order of their paths."""
        waiting = [iter(self._list(b""))]  # no recursion: a tree may be as deep as it likes
        seen = self._seen
        while waiting:
            for listed in waiting[-1]:
                if listed.path[-1:] == b"/":
                    waiting.append(iter(self._list(listed.path)))
                    break
                if listed.inode is not None:
                    if listed.inode in seen:
                        continue
                    seen.add(listed.inode)
                yield listed
            else:
                waiting.pop()

    def _list(self, folder: bytes) -> list[Listed]:
        """List a folder's files and folders, sorted."""
        found: list[Listed] = []
        device = self._enter(folder)
        if device is None:
            return found
        drops = self._sieve.enter(folder) if self._sieve is not None else None
        troubles: list[Trouble] = []
        try:
            with os.scandir(self._root + folder) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        path = folder + entry.name + b"/"
                        if drops is None or not drops(path):
                            found.append(Listed(path, 0))
                    elif drops is None or not drops(folder + entry.name):
                        listed = self._file(folder + entry.name, entry, device)
                        if isinstance(listed, Listed):
                            found.append(listed)
                        else:
                            troubles.append(listed)
        except OSError as error:
            self._unlisted(folder, error)
        found.sort()
        self._troubles.extend(sorted(troubles, key=_path))
        return found

    def _enter(self, folder: bytes) -> int | None:
        """Look at a folder before it is listed; give its device, or None where it is not to be listed."""
        try:
            # Without its slash, which would make it follow a link; the tree itself may be one.
            status = os.stat(self._root + folder[:-1], follow_symlinks=not folder)  # noqa: PTH116 - Path knows no bytes
        except OSError as error:
            self._unlisted(folder, error)
            return None
        if not stat.S_ISDIR(status.st_mode):
            text = "the folder was replaced by something else while the tree was read"
            self._troubles.add(Trouble("error", "unreadable-folder", text, folder))
            return None
        if status.st_dev in self._pseudo:
            self._troubles.add(_made_up(folder, self._pseudo[status.st_dev]))
            return None
        inode = (status.st_dev, status.st_ino)
        if inode in self._seen:  # mounted at a second place, perhaps inside itself
            return None
        self._seen.add(inode)
        return status.st_dev

    def _file(self, path: bytes, entry: os.DirEntry[bytes], device: int) -> Listed | Trouble:
        """Look at what is no folder: it is to be read, or passed over."""
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return Listed(path, 0)  # whoever opens it will say why it cannot be read
        if not stat.S_ISREG(status.st_mode):
            return Trouble("skipped", "special-file", f"{special(status.st_mode)} is not read", path)
        if status.st_nlink == 1 and status.st_dev == device:
            return Listed(path, status.st_size)
        if status.st_dev in self._pseudo:
            return _made_up(path, self._pseudo[status.st_dev])
        return Listed(path, status.st_size, (status.st_dev, status.st_ino))

    def _unlisted(self, folder: bytes, error: OSError) -> None:
        text = f"the folder cannot be read: {error.strerror or error}"
        self._troubles.add(Trouble("error", "unreadable-folder", text, folder))


def _made_up(path: bytes, kind: str) -> Trouble:
    text = f"a {kind} filesystem is not read: the kernel makes its content up"
    return Trouble("skipped", "pseudo-filesystem", text, path)


def _path(trouble: Trouble) -> bytes:
    return trouble.path or b""
