"""Opening, listing and looking at what lies deeper than a path may be long (PATH_MAX, 4,096 bytes on Linux).

The kernel takes a path of any depth in steps, each relative to an open folder: openat(2). That is done only for a path
that it has refused as too long.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STEP = 2048
"""Bytes of a path that are taken at once; one name is shorter than that."""

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)

Result = TypeVar("Result")


def open_file(path: bytes, flags: int) -> int:
    """Open a file as os.open does."""
    try:
        return os.open(path, flags)
    except OSError as error:
        return _in_steps(path, error, lambda name, folder: os.open(name, flags, dir_fd=folder))


def status_of(path: bytes, *, follow: bool) -> os.stat_result:
    """Return what os.stat does."""
    try:
        return os.stat(path, follow_symlinks=follow)  # noqa: PTH116 - Path knows no bytes
    except OSError as error:
        return _in_steps(path, error, lambda name, folder: os.stat(name, dir_fd=folder, follow_symlinks=follow))


@contextmanager
def listing(path: bytes) -> Iterator[Iterator[os.DirEntry[Any]]]:
    """List a folder as os.scandir does, but the entries' names may be `str`, and their paths may be missing."""
    try:
        entries = os.scandir(path)
    except OSError as error:
        handle = _in_steps(path, error, lambda name, folder: os.open(name, _FOLDER, dir_fd=folder))
        try:
            with os.scandir(handle) as named:
                yield named
        finally:
            os.close(handle)
        return
    with entries:
        yield entries


def _in_steps(path: bytes, error: OSError, call: Callable[[bytes, int], Result]) -> Result:
    """Do something with a path that is too long: with the rest of it, relative to a folder on the way."""
    if error.errno != errno.ENAMETOOLONG or os.open not in os.supports_dir_fd or len(path) <= _STEP:
        raise error
    rest = path.rstrip(b"/")
    folder = os.open(b"/" if rest.startswith(b"/") else b".", _FOLDER)
    try:
        while len(rest) > _STEP:
            way, slash, _ = rest[:_STEP].rpartition(b"/")
            if not slash:
                raise error
            inner = os.open(way.lstrip(b"/") or b".", _FOLDER, dir_fd=folder)
            os.close(folder)
            folder, rest = inner, rest[len(way) :].lstrip(b"/")
        return call(rest or b".", folder)
    finally:
        os.close(folder)
