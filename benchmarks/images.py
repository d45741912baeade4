"""The images that are measured, built when they are first asked for, below one folder, in a bounded piece of memory.

Every one of them ends with a layer that holds one key, assembled here: a scan that does not find it is not measured.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import random
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from benchmarks.packing import (
    COPY,
    NAME,
    Blob,
    Joined,
    add_bytes,
    add_file,
    add_stream,
    blob_name,
    compress_file,
    config_of,
    digest_of,
    documents,
    forget,
    plain_blob,
    planted,
    writer,
)
from benchmarks.tree import Tree, choose
from fixtures.builders import OCI_LAYER, dump

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_LAYERS = 6
_LIVE = b"sk_" + b"live_"
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
    commits: int


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
    commits=8_000,
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
    commits=200,
)


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
                    add_file(archive, entry.path, self.top)
            blobs.append(plain_blob(path))
        path = self._new("layers", f"{_LAYERS}.tar")
        with writer(path) as archive:
            add_bytes(archive, "srv/app/.env", planted())
        return [*blobs, plain_blob(path)]

    @cached_property
    def plain(self) -> Path:
        """A docker-archive as Docker 25 and later saves it, several plain layers."""
        layers = self.layers
        path = self._new("plain.tar")
        self._tell("packing the docker-archive")
        made = documents(layers, config_of([blob.diff_id for blob in layers]))
        members = made | {blob_name(blob.digest): blob.path for blob in layers}
        with writer(path) as archive:
            for name, content in sorted(members.items()):
                if isinstance(content, bytes):
                    add_bytes(archive, name, content)
                else:
                    with content.open("rb") as file:
                        add_stream(archive, name, file, content.stat().st_size)
        return path

    @cached_property
    def plain_gzip(self) -> Path:
        """The docker-archive, compressed as a whole: one stream."""
        path = self._new("plain.tar.gz")
        self._tell("compressing the docker-archive with gzip -6")
        compress_file(("gzip", "-6", "-n"), self.plain, path)
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
        layer = Joined([head, source, key.getvalue()], info.size - len(_NO_ARCHIVE))
        folder = hashlib.sha256(b"single").hexdigest()
        with writer(path) as archive:
            add_stream(archive, f"{folder}/layer.tar", layer, 512 + info.size + len(key.getvalue()))
            config = config_of([layer.digest])
            name = hashlib.sha256(config).hexdigest() + ".json"
            add_bytes(archive, name, config)
            manifest = [{"Config": name, "RepoTags": [NAME], "Layers": [f"{folder}/layer.tar"]}]
            add_bytes(archive, "manifest.json", dump(manifest))
        return path

    def prefixes(self, times: int) -> Path:
        """Make a root filesystem's tar with one file of nothing but the live prefix."""
        size = self.sizes.prefixes * times
        return self._dense(f"prefixes{times}.tar", _LIVE, size // len(_LIVE))

    def placeholders(self, times: int) -> Path:
        """Make a root filesystem's tar with one file of keys that are placeholders, one per line."""
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
        """Return a path below the folder of the images whose parents are there."""
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
            add_stream(
                archive,
                "srv/app/dense.txt",
                Joined([text * max(1, COPY // len(text))], info_size, repeat=True),
                info_size,
            )
            add_bytes(archive, "srv/app/.env", planted())
        return path

    def _layout(self, kind: str, command: Sequence[str], suffix: str) -> tuple[Path, Sequence[Path]]:
        self._tell(f"compressing the layers with {' '.join(command)}")

        def compress(blob: Blob) -> Blob:
            path = blob.path.with_name(blob.path.name + suffix)
            compress_file(command, blob.path, path)
            return Blob(path, digest_of(path), blob.diff_id, f"{OCI_LAYER}+{kind}")

        layers = self.layers
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            blobs = list(pool.map(compress, layers))
        folder = self._root / f"oci{suffix}"
        files = documents(blobs, config_of([blob.diff_id for blob in blobs]))
        del files["manifest.json"]
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for blob in blobs:
            os.link(blob.path, folder / blob_name(blob.digest))
        return folder, [blob.path for blob in blobs]
