"""From what the user typed to a source: a scheme, a path recognised by its content, or an engine's image."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imgscan.errors import TargetError, UsageError
from imgscan.model import SCHEMES
from imgscan.sources.archive import ArchiveFile
from imgscan.sources.base import RootFilesystem
from imgscan.sources.contents import describes_images, likely
from imgscan.sources.folder import ImageFolder
from imgscan.sources.margins import Packed
from imgscan.sources.onepass import ArchiveStream
from imgscan.sources.stdin import standard_input
from imgscan.streams.inflate import MAGIC_LENGTH, inflate, sniff
from imgscan.streams.readers import CHUNK, FileSlice, Peekable, StreamError
from imgscan.streams.stop import PatientReader, Stop, is_interruption
from imgscan.streams.tar import HEAD_LENGTH, looks_like_tar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.sources.base import Source
    from imgscan.streams.inflate import Chunk
    from imgscan.streams.readers import ClosableReader

ARCHIVE_SCHEMES = ("docker-archive", "oci-archive")
FOLDER_SCHEMES = ("oci-layout", "docker-dir")
ENGINE_SCHEMES = ("docker", "podman")

_SCHEME = re.compile(rf"({'|'.join(SCHEMES)}):(?!//)(.+)", re.DOTALL)
_BARE_SCHEME = re.compile(rf"({'|'.join(SCHEMES)}|registry):")
_LATER_SCHEME = re.compile(r"(registry):(.+)", re.DOTALL)
_FOREIGN_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://.*", re.DOTALL)
_PIPED = "for example docker save NAME | imgscan image -"
_ONLY_A_PATH = re.compile(r"[/.~\\]")
"""What no image name begins with."""


def open_source(target: str, stop: Stop | None = None, *, stdin: BinaryIO | None = None) -> Source:
    """Open what `target` names. TargetError or UsageError, with what to do about it, if that fails.

    Once `stop` is set, what waits for a pipe or an engine ends with the StreamError of an interruption.
    """
    stop = stop or Stop()
    scheme, rest = split_scheme(target)
    if scheme in ENGINE_SCHEMES:
        return _engine_source(rest, scheme, stop)
    path = Path(rest)
    if scheme is None and rest != "-" and not _exists(path):
        if _ONLY_A_PATH.match(rest):
            raise TargetError(f"cannot read {rest}: there is no such file or folder")
        return _engine_source(rest, None, stop)
    try:
        if rest == "-":
            if scheme in FOLDER_SCHEMES:
                raise UsageError(f"{scheme}: takes a folder, not standard input")
            file = stdin or standard_input("an image", _PIPED)
            return _from_stream(PatientReader(file, stop), "standard input", scheme)
        return _from_path(path, scheme, stop)
    except OSError as error:
        raise TargetError(f"cannot read {target}: {error.strerror or error}") from error


def split_scheme(target: str) -> tuple[str | None, str]:
    """Separate `SCHEME:REST`; None if no scheme is given. UsageError for what can be neither."""
    if not target:
        raise UsageError("the target is empty: give an image's name or a path (is a variable unset?)")
    match = _SCHEME.fullmatch(target)
    if match is not None:
        return match[1], match[2]
    if _LATER_SCHEME.fullmatch(target):
        text = (
            "registries cannot be read directly yet: pull the image (docker pull NAME) or save it to a file "
            "(skopeo copy docker://NAME oci-archive:image.tar) and scan the file"
        )
        raise UsageError(text)
    if _BARE_SCHEME.fullmatch(target):
        raise UsageError(f"{target} names no image: write it after the colon")
    foreign = _FOREIGN_SCHEME.fullmatch(target)
    if foreign is not None:
        known = " ".join(f"{name}:" for name in SCHEMES)
        raise UsageError(f"{foreign[1]}:// is not supported: give the image's name alone, or one of {known}")
    return None, target


def _exists(path: Path) -> bool:
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError):
        return False


def _engine_source(name: str, scheme: str | None, stop: Stop) -> Source:
    from imgscan.sources.daemon import open_engine  # noqa: PLC0415 - the docker SDK is slow to import

    return open_engine(name, scheme, stop)


def _from_path(path: Path, scheme: str | None, stop: Stop) -> Source:
    if path.is_dir():
        if scheme in ARCHIVE_SCHEMES or scheme == "rootfs":
            raise TargetError(f"{path} is a folder, and {scheme}: takes a file")
        return _folder(path)
    if scheme in FOLDER_SCHEMES:
        raise TargetError(f"{path} is not a folder, and {scheme}: takes one")
    mode = path.stat().st_mode
    if stat.S_ISCHR(mode):
        raise TargetError(f"{path} is a device, which may never end")
    if not stat.S_ISREG(mode):
        return _from_pipe(path, scheme, stop)
    with FileSlice(path) as reader:
        head = Peekable(reader).peek(HEAD_LENGTH)
    if not head:
        raise TargetError(f"{path} is empty")
    if sniff(head[:MAGIC_LENGTH]) != "none":
        return _from_stream(FileSlice(path), path.name, scheme)
    if not looks_like_tar(head):
        raise TargetError(f"{path} is not an image: neither a tar archive nor one in a compression imgscan reads")
    if scheme == "rootfs":
        return RootFilesystem(path.name, FileSlice(path))
    if scheme is None:
        with FileSlice(path) as reader:
            if likely(reader.read(CHUNK)) == "rootfs":
                return RootFilesystem(path.name, FileSlice(path), guessed=True, instead=lambda: _image_in(path))
    archive = ArchiveFile(path)
    if scheme in ARCHIVE_SCHEMES or describes_images(archive.shelf):
        return archive
    return RootFilesystem(path.name, FileSlice(path))


def _image_in(path: Path) -> Source | None:
    archive = ArchiveFile(path)
    return archive if describes_images(archive.shelf) else None


def _from_pipe(path: Path, scheme: str | None, stop: Stop) -> Source:
    """Read a file from its first byte to its last, once."""
    file = path.open("rb", buffering=0)
    return _from_stream(PatientReader(file, stop), path.name, scheme)


def _folder(path: Path) -> Source:
    if not any((path / name).exists() for name in ("index.json", "manifest.json", "repositories", "oci-layout")):
        text = (
            f"{path} is a folder but not an image: an OCI layout has index.json, a docker-dir manifest.json. "
            f"For the image with that name in an engine use docker:{path}; for the files in it, run "
            f"tar -cf - -C {path} . | imgscan image rootfs:-"
        )
        raise TargetError(text)
    return ImageFolder(path)


def _from_stream(file: ClosableReader, name: str, scheme: str | None) -> Source:
    """Determine from the first bytes and member names what a stream is; nothing can be read twice.

    The source closes the file; if there is none, it is closed here.
    """
    try:
        return _recognised(file, name, scheme)
    except BaseException:
        file.close()
        raise


def _recognised(file: ClosableReader, name: str, scheme: str | None) -> Source:
    raw = Peekable(file)
    head = raw.peek(HEAD_LENGTH)
    if not head:
        raise TargetError(f"{name} is empty")
    compression = sniff(head[:MAGIC_LENGTH])
    if scheme == "rootfs":
        return RootFilesystem(name, _Opened(raw, file))
    if compression == "none":
        if not looks_like_tar(head):
            raise TargetError(f"{name} is not an image: neither a tar archive nor one in a compression imgscan reads")
        if scheme is None and likely(raw.peek(CHUNK)) != "image":
            return RootFilesystem(name, _Opened(raw, file), guessed=True)
        return ArchiveStream(inflate(raw, "none"), file)
    packed = Packed(raw)
    chunks = inflate(raw, compression, packed.aside)
    first: list[Chunk] = []
    try:
        while sum(map(len, first)) < HEAD_LENGTH and (chunk := next(chunks, b"")):
            first.append(chunk)
    except StreamError as error:
        if is_interruption(error):
            raise
        raise TargetError(f"{name} cannot be read: {error}") from error
    plain = b"".join(first)
    if not looks_like_tar(plain[:HEAD_LENGTH]):
        raise TargetError(f"{name} is not an image: it is {compression} data, but without a tar archive inside")
    if scheme is None and likely(plain) != "image":
        return RootFilesystem(name, _Chunks(plain, chunks, file), guessed=True)
    return ArchiveStream(_chain(plain, chunks), file, packed)


def _chain(first: bytes, rest: Iterator[Chunk]) -> Iterator[Chunk]:
    yield first
    yield from rest


class _Opened:
    """An open file whose first bytes have been examined, as a reader."""

    def __init__(self, raw: Peekable, file: ClosableReader) -> None:
        self.read = raw.read
        self.close = file.close


class _Chunks:
    """Chunks that are inflated from an open file, as a reader."""

    def __init__(self, first: bytes, rest: Iterator[Chunk], file: ClosableReader) -> None:
        self._held: Chunk = first
        self._rest = rest
        self.close = file.close

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes."""
        if not self._held:
            self._held = next(self._rest, b"")
        data = bytes(self._held[:count])
        self._held = self._held[len(data) :]
        return data
