"""Files that are replaced atomically: a new one is written beside the old one, and takes its name when complete."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from imgscan.cli.exits import HALF_WRITTEN

if TYPE_CHECKING:
    from pathlib import Path


class Replacement:
    """The new content of a file in progress. Its owner ends it with `complete` or `discard`.

    `file` is open for writing. The new file has the permissions of the old one, or those that any new file would have.
    """

    def __init__(self, path: Path, mode: int | None = None) -> None:
        """Begin to replace `path`, which need not exist; `mode` sets other permissions. OSError if that fails.

        A link is replaced itself: resolve the path to replace what it points to.
        """
        name = path.parent / f".imgscan-{os.urandom(8).hex()}.part"
        self._path = path
        self._temporary: Path | None = name
        HALF_WRITTEN.add(str(name))  # before it exists: a signal may come at any moment
        try:
            handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        except OSError:
            HALF_WRITTEN.discard(str(name))
            raise
        self.file: BinaryIO = os.fdopen(handle, "wb")
        try:
            name.chmod(_permissions(path) if mode is None else mode)
        except BaseException:
            self.discard()
            raise

    def complete(self) -> None:
        """Close the file and put it in place; OSError if that fails, and the old file is unchanged."""
        self.file.close()
        if self._temporary is not None:
            self._temporary.replace(self._path)
            HALF_WRITTEN.discard(str(self._temporary))
            self._temporary = None

    def discard(self) -> None:
        """Remove what was not completed; nothing to do after `complete`."""
        with suppress(OSError):  # the earlier failure is the one to report
            self.file.close()
        if self._temporary is not None:
            with suppress(OSError):
                self._temporary.unlink()
            HALF_WRITTEN.discard(str(self._temporary))


def replace_file(path: Path, data: bytes, mode: int | None = None) -> None:
    """Replace a file's content atomically, synced to disk; OSError if that fails, and the old file is unchanged."""
    replacement = Replacement(path, mode)
    try:
        replacement.file.write(data)
        replacement.file.flush()
        os.fsync(replacement.file.fileno())
        replacement.complete()
    finally:
        replacement.discard()


def _permissions(path: Path) -> int:
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
