"""The file that settings are read from, and the lines they are on, which `tomllib` does not report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from imgscan.cli.folders import upward
from imgscan.errors import UsageError

FILE, PROJECT = "imgscan.toml", "pyproject.toml"
LARGEST = 1 << 20


def nearest(folder: Path) -> Path | None:
    """Find the file for a folder, in it or above it, up to the top of the repository; None if there is none."""
    for place in upward(folder):
        for name in (FILE, PROJECT):
            file = place / name
            if file.is_file() and (name == FILE or b"imgscan" in _bytes(file)) and table(file) is not None:
                return file
    return None


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"cannot read {shown(file)}: {error.strerror or error}") from error
    if len(data) > LARGEST:
        raise UsageError(f"{shown(file)}: too large for settings: more than {LARGEST:,} bytes")
    return data


def _text(file: Path) -> str:
    data = _bytes(file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{shown(file)}:{line}: not TOML: it is not UTF-8") from error


def table(file: Path) -> dict[str, Any] | None:
    """Return a file's settings unchecked; None if a `pyproject.toml` has none."""
    text = _text(file)
    import tomllib  # noqa: PLC0415 - seldom needed

    try:
        found = _inside(tomllib.loads(text), file)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r" \(at line (\d+), column (\d+)\)", str(error))
        place = f"{shown(file)}:{where[1]}:{where[2]}" if where else f"{shown(file)}:{text.count(chr(10)) + 1}"
        reason = str(error).partition(" (at ")[0]
        raise UsageError(f"{place}: not TOML: {reason}") from error
    except RecursionError as error:
        raise UsageError(f"{shown(file)}: it is nested too deeply") from error
    if found is not None and not isinstance(found, dict):
        raise UsageError(f"{shown(file)}: tool.imgscan must be a table")
    return found


def _inside(document: dict[str, Any], file: Path) -> Any:
    if file.name == FILE:
        return document
    tool = document.get("tool")
    return tool.get("imgscan") if isinstance(tool, dict) else None


def line(file: Path, key: str) -> int:
    """Find a key's line: the last line with its name before which the key is not set."""
    import tomllib  # noqa: PLC0415 - for an error, or to show where a value comes from

    lines = _text(file).split("\n")
    best = 1
    for index, text in enumerate(lines):
        if key not in text:
            continue
        try:
            found = _inside(tomllib.loads("\n".join(lines[:index])), file)
        except tomllib.TOMLDecodeError:  # inside a value that spans lines
            continue
        if isinstance(found, dict) and key in found:
            break
        best = index + 1
    return best


def shown(file: Path) -> str:
    """Return a file's name, relative to the working directory if it is below it."""
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)
