"""The images that are measured, built when they are first asked for, below one folder, in a bounded piece of memory.

Every one of them ends with a layer that holds one key, assembled here: a scan that does not find it is not measured.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import random
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from benchmarks.tree import Tree, choose
from fixtures.builders import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, descriptor, dump
from fixtures.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_LAYERS = 6
_COPY = 1 << 20
_LIVE = b"sk_" + b"live_"
_NAME = "bench:1"
_NO_ARCHIVE = b"data\n"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the images are."""

    tree: int
    tree_files: int
    tiny_files: int
    single_file: int
    prefixes: int
    placeholders: int
    archives: int
    objects: int
    compressed: int


FULL = Sizes(
    tree=1000 << 20,
    tree_files=42_000,
    tiny_files=100_000,
    single_file=2 << 30,
    prefixes=1 << 20,
    placeholders=1_000_000,
    archives=2_000,
    objects=200_000,
    compressed=20_000,
)
QUICK = Sizes(
    tree=48 << 20,
    tree_files=3_000,
    tiny_files=5_000,
    single_file=64 << 20,
    prefixes=1 << 16,
    placeholders=20_000,
    archives=60,
    objects=4_000,
    compressed=500,
)


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored layer."""

    path: Path
    digest: str
    diff_id: str
    media_type: str


class Images:
    """Builds images of files below `top` in the folder `root`."""

    def __init__(self, root: Path, top: Path, sizes: Sizes, tell: Callable[[str], None]) -> None:
        self._root = root
        self.top = top
        self.sizes = sizes
        self._tell = tell

    @cached_property
    def tree(self) -> Tree:
        """The files of this machine that the layers hold."""
        self._tell(f"choosing files below {self.top}")
        return choose(self.top, self.sizes.tree, self.sizes.tree_files)

    @cached_property
    def layers(self) -> Sequence[Blob]:
        """The layers, plain."""
        blobs = []
        for number, entries in enumerate(self.tree.parts(_LAYERS)):
            path = self._new("layers", f"{number}.tar")
            self._tell(f"building layer {number + 1} of {_LAYERS}, {sum(e.size for e in entries) >> 20} MiB")
            with writer(path) as archive:
                for entry in entries:
                    _add(archive, entry.path, self.top)
            blobs.append(_plain(path))
        path = self._new("layers", f"{_LAYERS}.tar")
        with writer(path) as archive:
            add_bytes(archive, "srv/app/.env", planted())
        return [*blobs, _plain(path)]

    @cached_property
    def plain(self) -> Path:
        """A docker-archive as Docker 25 and later saves it, several plain layers."""
        layers = self.layers
        path = self._new("plain.tar")
        self._tell("packing the docker-archive")
        documents = _documents(layers, _config([blob.diff_id for blob in layers]))
        members = documents | {_blob_name(blob.digest): blob.path for blob in layers}
        with writer(path) as archive:
            for name, content in sorted(members.items()):
                if isinstance(content, bytes):
                    add_bytes(archive, name, content)
                else:
                    with content.open("rb") as file:
                        _add_stream(archive, name, file, content.stat().st_size)
        return path

    @cached_property
    def plain_gzip(self) -> Path:
        """The docker-archive, compressed as a whole: one stream."""
        path = self._new("plain.tar.gz")
        self._tell("compressing the docker-archive with gzip -6")
        _compress(("gzip", "-6", "-n"), self.plain, path)
        return path

    @cached_property
    def gzip(self) -> tuple[Path, Sequence[Path]]:
        """An OCI layout with layers of `gzip -6`, and these."""
        return self._layout("gzip", ("gzip", "-6", "-n"), ".gz")

    @cached_property
    def zstd(self) -> tuple[Path, Sequence[Path]]:
        """An OCI layout with layers of `zstd -3`, and these."""
        return self._layout("zstd", ("zstd", "-q", "-3"), ".zst")

    @cached_property
    def zstd_long(self) -> tuple[Path, Sequence[Path]]:
        """An OCI layout with zstd layers that ask for a window of 128 MiB each, and these."""
        return self._layout("zstd", ("zstd", "-q", "-1", "--long=27"), ".long.zst")

    @cached_property
    def tiny(self) -> Path:
        """A root filesystem's tar with very many very small files."""
        path = self._new("tiny.tar")
        count = self.sizes.tiny_files
        self._tell(f"building {count:,} tiny files")
        chance = random.Random("imgscan bench")
        words = [f"word{number}=value{number * number}\n".encode() for number in range(1000)]
        with writer(path) as archive:
            for number in range(count):
                text = b"".join(chance.choices(words, k=chance.randrange(1, 20)))
                add_bytes(archive, f"usr/share/tiny/{number // 100:04}/file{number:06}.txt", text)
                forget(archive)
            add_bytes(archive, "srv/app/.env", planted())
        return path

    @cached_property
    def single(self) -> Path:
        """A docker-archive as Docker up to 24 saved it, with one layer of one large file: the other one, repeated.

        A few bytes before it make it no archive that would be looked into.
        """
        source = self.plain
        path = self._new("single.tar")
        self._tell(f"building one file of {self.sizes.single_file >> 20} MiB")
        info = tarfile.TarInfo("var/lib/data.bin")
        info.size = self.sizes.single_file
        key = io.BytesIO()
        with tarfile.open(fileobj=key, mode="w") as archive:
            add_bytes(archive, "srv/app/.env", planted())
        head = info.tobuf(tarfile.GNU_FORMAT) + _NO_ARCHIVE
        layer = _Joined([head, source, key.getvalue()], info.size - len(_NO_ARCHIVE))
        folder = hashlib.sha256(b"single").hexdigest()
        with writer(path) as archive:
            _add_stream(archive, f"{folder}/layer.tar", layer, 512 + info.size + len(key.getvalue()))
            config = _config([layer.digest])
            name = hashlib.sha256(config).hexdigest() + ".json"
            add_bytes(archive, name, config)
            manifest = [{"Config": name, "RepoTags": [_NAME], "Layers": [f"{folder}/layer.tar"]}]
            add_bytes(archive, "manifest.json", dump(manifest))
        return path

    def prefixes(self, times: int) -> Path:
        """Make a root filesystem's tar with one file of nothing but the live prefix."""
        size = self.sizes.prefixes * times
        return self._dense(f"prefixes{times}.tar", _LIVE, size // len(_LIVE))

    def placeholders(self, times: int) -> Path:
        """Make a root filesystem's tar with one file of keys that are placeholders, one a line."""
        line = b"key = " + _LIVE + b"x" * 24 + b"\n"
        return self._dense(f"placeholders{times}.tar", line, self.sizes.placeholders * times)

    def nothing(self) -> Path:
        """Make a root filesystem's tar with next to nothing in it, which shows what starting takes."""
        return self._dense("nothing.tar", b"nothing\n", 1)

    def without_hyperscan(self) -> Path:
        """Make a folder that, first on the module path, keeps Hyperscan from being imported."""
        path = self._new("stub", "hyperscan.py")
        path.write_text('raise ImportError("kept out by the benchmark")\n')
        return path.parent

    def anchors(self, times: int) -> Path:
        """Make a root filesystem's tar with one file of nothing but what betrays the live prefix in base64."""
        text = base64.b64encode(_LIVE * 3)
        return self._dense(f"anchors{times}.tar", text, self.sizes.prefixes * times // len(text))

    def digits(self, times: int) -> Path:
        """Make a root filesystem's tar with one file of a single run of base64 that decodes to base64."""
        text = base64.b64encode(base64.b64encode(random.Random("imgscan digits").randbytes(9 * 4096)))
        return self._dense(f"digits{times}.tar", text, 50 * (self.sizes.prefixes * times) // len(text))

    def new(self, *parts: str) -> Path:
        """Give a path below the folder of the images whose parents are there."""
        return self._new(*parts)

    def tell(self, message: str) -> None:
        """Tell what is going on."""
        self._tell(message)

    def release(self, path: Path) -> None:
        """Remove an image that no other line needs."""
        path.unlink(missing_ok=True)

    def _new(self, *parts: str) -> Path:
        path = self._root.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _dense(self, name: str, text: bytes, times: int) -> Path:
        path = self._new(name)
        info_size = len(text) * times
        with writer(path) as archive:
            _add_stream(
                archive,
                "srv/app/dense.txt",
                _Joined([text * max(1, _COPY // len(text))], info_size, repeat=True),
                info_size,
            )
            add_bytes(archive, "srv/app/.env", planted())
        return path

    def _layout(self, kind: str, command: Sequence[str], suffix: str) -> tuple[Path, Sequence[Path]]:
        self._tell(f"compressing the layers with {' '.join(command)}")

        def compress(blob: Blob) -> Blob:
            path = blob.path.with_name(blob.path.name + suffix)
            _compress(command, blob.path, path)
            return Blob(path, _digest(path), blob.diff_id, f"{OCI_LAYER}+{kind}")

        layers = self.layers
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            blobs = list(pool.map(compress, layers))
        folder = self._root / f"oci{suffix}"
        files = _documents(blobs, _config([blob.diff_id for blob in blobs]))
        del files["manifest.json"]
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for blob in blobs:
            os.link(blob.path, folder / _blob_name(blob.digest))
        return folder, [blob.path for blob in blobs]


class _Joined(io.RawIOBase):
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
        """Give `count` bytes, fewer at the end."""
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
        while data := file.read(_COPY):
            yield data


def writer(path: Path) -> tarfile.TarFile:
    """Begin a tar."""
    return tarfile.TarFile(path, "w", format=tarfile.GNU_FORMAT, copybufsize=_COPY)


def _add(archive: tarfile.TarFile, path: Path, top: Path) -> None:
    """Add what stands at a path, under its name below the top's parent; what changes meanwhile fails loudly."""
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


def _add_stream(archive: tarfile.TarFile, name: str, data: BinaryIO | io.RawIOBase, size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size = size
    archive.addfile(info, data)


def planted() -> bytes:
    """Give the settings file with the key that every scan must find."""
    return f"STRIPE_SECRET_KEY={Keys('bench').secret99()}\n".encode()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(path: Path) -> Blob:
    digest = _digest(path)
    return Blob(path, digest, digest, OCI_LAYER)


def _blob_name(digest: str) -> str:
    return f"blobs/sha256/{digest}"


def _config(diff_ids: Iterable[str]) -> bytes:
    layers = [f"sha256:{diff_id}" for diff_id in diff_ids]
    history = [{"created_by": f"COPY layer{number} / # buildkit"} for number, _ in enumerate(layers)]
    rootfs = {"type": "layers", "diff_ids": layers}
    return dump({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs, "history": history})


def _documents(blobs: Sequence[Blob], config: bytes) -> dict[str, Any]:
    """Give the JSON files of an OCI layout with these layers, and docker's `manifest.json`."""
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
    config_name = _blob_name(hashlib.sha256(config).hexdigest())
    names = [_blob_name(blob.digest) for blob in blobs]
    return {
        config_name: config,
        _blob_name(hashlib.sha256(manifest).hexdigest()): manifest,
        "index.json": dump(index),
        "oci-layout": json.dumps({"imageLayoutVersion": "1.0.0"}).encode(),
        "manifest.json": dump([{"Config": config_name, "RepoTags": [_NAME], "Layers": names}]),
    }


def _compress(command: Sequence[str], source: Path, target: Path) -> None:
    with source.open("rb") as stored, target.open("wb") as written:
        subprocess.run(command, stdin=stored, stdout=written, check=True)
