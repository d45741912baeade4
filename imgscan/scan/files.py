"""Scanning files that are no image: one file, or every file below a folder, each searched as the bytes it holds."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from imgscan.errors import TargetError
from imgscan.model import Diagnostic
from imgscan.scan.assemble import Assembly, Placed
from imgscan.scan.search import StreamSearch
from imgscan.streams.readers import CHUNK, FileSlice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.model import TargetReport
    from imgscan.scan.assemble import Policy
    from imgscan.scan.hits import Concealer
    from imgscan.scan.progress import Progress


def scan_files(path: Path, concealer: Concealer, policy: Policy, progress: Progress) -> TargetReport:
    """Search a file or a tree; paths in the report are relative to `path`, a single file is its own name.

    Links are not followed, and what is no regular file is passed over. TargetError if `path` does not exist.
    """
    if not path.exists():
        raise TargetError(f"cannot read {path}: there is no such file or folder")
    assembly = Assembly(concealer.text(str(path)), concealer, policy)
    progress.begin(assembly.target, None, None)
    size = entries = 0
    for file in _files(path, assembly.diagnostics):
        name = file.name if file == path else file.relative_to(path).as_posix()
        search = StreamSearch(concealer, name=os.fsencode(name))
        try:
            with FileSlice(file) as reader:
                while data := reader.read(CHUNK):
                    search.feed(data)
                    progress.advance(len(data))
        except OSError as error:
            text = f"the file cannot be read: {error.strerror or error}"
            shown = concealer.spell(os.fsencode(name)).path
            assembly.diagnostics.append(Diagnostic("error", "unreadable-file", text, path=shown))
        search.finish()
        size, entries = size + search.size, entries + 1
        assembly.placed += [Placed(hit, None) for hit in search.hits]
        progress.layer(len(search.hits))
    return assembly.files(size, entries)


def _files(path: Path, diagnostics: list[Diagnostic]) -> Iterator[Path]:
    """Give the regular files, in the order of their names."""
    if not path.is_dir():
        yield path
        return

    def unreadable(error: OSError) -> None:
        text = f"the folder cannot be read: {error.strerror or error}"
        diagnostics.append(Diagnostic("error", "unreadable-folder", text))

    for folder, folders, files in os.walk(path, onerror=unreadable):
        folders.sort()
        for name in sorted(files):
            file = Path(folder) / name
            try:
                if stat.S_ISREG(file.lstat().st_mode):
                    yield file
            except OSError:  # it vanished between the listing and the look
                continue
