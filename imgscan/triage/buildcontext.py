"""A folder of the user's, read with care: links that lead out of it are not followed, and what is read is limited."""

from __future__ import annotations

import lzma
import os
import posixpath
import stat
import tarfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgscan.triage.lines import Find

LARGEST = 16 << 20
"""Bytes of the largest source file that is read; a larger one has no origin."""
MOST_FILES = 20_000
MOST_BYTES = 256 << 20
"""What is read of a tree, or of an archive, in a search by content; where it has more, nothing is concluded."""
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_BROKEN = (tarfile.TarError, OSError, EOFError, ValueError, RecursionError, zlib.error, lzma.LZMAError)


class Folder:
    """The files below a folder. Paths are relative to it and have slashes; nothing raises."""

    def __init__(self, root: Path) -> None:
        """Look at `root`, which may be a link itself."""
        self.path = os.path.realpath(root)

    def real(self, relative: str) -> str | None:
        """Return the path below the root that a path leads to; None if it leads out of it."""
        if "\0" in relative:
            return None
        real = os.path.realpath(os.path.join(self.path, relative))  # noqa: PTH118 - Path cannot tell a loop of links
        if real == self.path:
            return "."
        below = real.removeprefix(os.path.join(self.path, ""))  # noqa: PTH118 - with its separator at the end
        return None if below == real else below.replace(os.sep, "/")

    def read(self, relative: str) -> bytes | None:
        """Read a regular file; None for anything else, and for one that is too large."""
        real = self.real(relative)
        return None if real is None else contents(f"{self.path}/{real}")

    def entries(self, folder: str) -> list[os.DirEntry[str]]:
        """Return what is in a folder, by name; nothing if it cannot be read."""
        real = self.real(folder)
        if real is None:
            return []
        try:
            with os.scandir(f"{self.path}/{real}") as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return []

    def is_folder(self, relative: str) -> bool | None:
        """Whether a path is a folder; None if there is nothing."""
        real = self.real(relative)
        try:
            mode = None if real is None else Path(self.path, real).stat().st_mode
        except (OSError, ValueError):
            return None
        return None if mode is None else stat.S_ISDIR(mode)

    def unpack(self, relative: str, find: Find) -> dict[str, frozenset[str]]:
        """Return the credentials of each member of a tar archive; nothing for what is none."""
        found: dict[str, frozenset[str]] = {}
        real = self.real(relative)
        if real is None:
            return found
        try:
            with Path(self.path, real).open("rb") as stream, tarfile.open(fileobj=stream, mode="r|*") as archive:
                files = read = 0
                for member in archive:
                    files, read = files + 1, read + member.size
                    if files > MOST_FILES or read > MOST_BYTES:
                        break
                    archive.members = []  # type: ignore[attr-defined]  # else it remembers every member
                    if member.isreg() and member.size <= LARGEST and (inside := archive.extractfile(member)):
                        keys = frozenset(sha256 for sha256, _ in find(inside.read()))
                        if keys:
                            found[posixpath.normpath(member.name).lstrip("/")] = keys
        except _BROKEN:
            return found  # no archive, or a broken one: what was read of it counts
        return found


def contents(path: str) -> bytes | None:
    """Read a regular file; None for anything else, and for one that is too large."""
    try:
        handle = os.open(path, _OPEN)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            return None
        with os.fdopen(handle, "rb", closefd=False) as stream:
            return stream.read(LARGEST)
    except OSError:
        return None
    finally:
        os.close(handle)
