"""What images are packed with: tars that are streamed, blobs, and the documents that list them."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from fixtures.builders import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, descriptor, dump
from fixtures.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

COPY = 1 << 20
"""How many bytes are in memory at a time."""

NAME = "bench:1"
"""What every image is called."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored layer."""

    path: Path
    digest: str
    diff_id: str
    media_type: str


class Joined(io.RawIOBase):
    """Bytes and a file, one after the other and hashed; the file, or with `repeat` all, over and over to `size`."""

    def __init__(self, parts: Sequence[bytes | Path], size: int, *, repeat: bool = False) -> None:
        self._source = self._pieces(parts, size, repeat=repeat)
        self._held = b""
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """The hex digest of what was read."""
        return self._hash.hexdigest()

    def read(self, count: int = -1, /) -> bytes:
        """Return `count` bytes, fewer at the end."""
        while len(self._held) < count and (piece := next(self._source, b"")):
            self._held += piece
        data, self._held = self._held[:count], self._held[count:]
        self._hash.update(data)
        return data

    @staticmethod
    def _pieces(parts: Sequence[bytes | Path], size: int, *, repeat: bool) -> Iterator[bytes]:
        for part in parts:
            left = size if repeat or isinstance(part, Path) else len(part)
            while left:
                for piece in [part] if isinstance(part, bytes) else _read(part):
                    yield piece[:left]
                    left -= len(piece[:left])
                    if not left:
                        break


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(COPY):
            yield data


def writer(path: Path) -> tarfile.TarFile:
    """Begin a tar."""
    return tarfile.TarFile(path, "w", format=tarfile.GNU_FORMAT, copybufsize=COPY)


def add_file(archive: tarfile.TarFile, path: Path, top: Path) -> None:
    """Add what is at a path, under its name below the top's parent; what changes meanwhile fails loudly."""
    info = archive.gettarinfo(path, arcname=str(path.relative_to(top.parent)))
    if info.isreg():
        with path.open("rb") as file:
            archive.addfile(info, file)
    else:
        archive.addfile(info)
    forget(archive)


def forget(archive: tarfile.TarFile) -> None:
    """Drop the list of what was added: a hundred thousand of them would show as memory of whatever is measured."""
    archive.members = []  # type: ignore[attr-defined]  # not in the stubs


def add_bytes(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a file."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def add_stream(archive: tarfile.TarFile, name: str, data: BinaryIO | io.RawIOBase, size: int) -> None:
    """Add a file of `size` bytes, read as it is written."""
    info = tarfile.TarInfo(name)
    info.size = size
    archive.addfile(info, data)


def planted() -> bytes:
    """Return the settings file with the key that every scan must find."""
    return f"STRIPE_SECRET_KEY={Keys('bench').secret99()}\n".encode()


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plain_blob(path: Path) -> Blob:
    """Describe a layer that is stored as it is."""
    digest = digest_of(path)
    return Blob(path, digest, digest, OCI_LAYER)


def blob_name(digest: str) -> str:
    """Return the path of a blob in an OCI layout."""
    return f"blobs/sha256/{digest}"


def config_of(diff_ids: Iterable[str]) -> bytes:
    """Write the config of an image with these layers."""
    layers = [f"sha256:{diff_id}" for diff_id in diff_ids]
    history = [{"created_by": f"COPY layer{number} / # buildkit"} for number, _ in enumerate(layers)]
    rootfs = {"type": "layers", "diff_ids": layers}
    return dump({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs, "history": history})


def documents(blobs: Sequence[Blob], config: bytes) -> dict[str, Any]:
    """Return the JSON files of an OCI layout with these layers, and docker's `manifest.json`."""
    layers: list[dict[str, Any]] = [
        {"mediaType": blob.media_type, "digest": f"sha256:{blob.digest}", "size": blob.path.stat().st_size}
        for blob in blobs
    ]
    manifest = dump(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(config, OCI_CONFIG),
            "layers": layers,
        }
    )
    platform = {"os": "linux", "architecture": "amd64"}
    index = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [descriptor(manifest, OCI_MANIFEST, platform=platform)],
    }
    config_name = blob_name(hashlib.sha256(config).hexdigest())
    names = [blob_name(blob.digest) for blob in blobs]
    return {
        config_name: config,
        blob_name(hashlib.sha256(manifest).hexdigest()): manifest,
        "index.json": dump(index),
        "oci-layout": json.dumps({"imageLayoutVersion": "1.0.0"}).encode(),
        "manifest.json": dump([{"Config": config_name, "RepoTags": [NAME], "Layers": names}]),
    }


def compress_file(command: Sequence[str], source: Path, target: Path) -> None:
    """Write a file, compressed by a command, to another."""
    with source.open("rb") as stored, target.open("wb") as written:
        subprocess.run(command, stdin=stored, stdout=written, check=True)
