"""Whether an archive holds an image or a root filesystem, by its documents and by the names of its members."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from imgscan.image.documents import DocumentError, docker_entries, index_entries, kind_of, parse_json
from imgscan.image.parts import digest_in, name_of
from imgscan.sources.archive import member_name
from imgscan.streams.tar import TarWalker

if TYPE_CHECKING:
    from imgscan.sources.base import Shelf

_IMAGE_MEMBER = re.compile(
    r"""(blobs(/.*)? | index\.json | oci-layout | manifest\.json | repositories | ingest
      | [0-9a-f]{64}(\.json | \.tar | \.tar\.gz | \.tar\.zst | /.*)? | sha256:[0-9a-f]{64} | .*/layer\.tar | layer\.tar
      | [0-9a-f]{64}/?)""",
    re.VERBOSE,
)
_ROOT_NAMES = frozenset(
    ".dockerenv bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var".split()  # noqa: SIM905 - a table of words reads best as one
)
"""What is at the top of a root filesystem and never at the top of an image archive."""

_LOOKED_AT = 512
"""Members of a stream whose names are looked at to tell an image from a root filesystem."""


def describes_images(shelf: Shelf) -> bool:
    """Whether a shelf holds the documents of an image, rather than being a root filesystem that has such files."""
    if "index.json" in shelf.documents and ("oci-layout" in shelf.documents or "oci-layout" in shelf.blobs):
        return True
    document = _document(shelf, "manifest.json")
    kind = kind_of(document)
    if kind == "manifest":
        return True
    if kind == "docker-manifest":
        entries = docker_entries(document)
        names = [name for entry in entries for name in (entry.config, *entry.layers) if name is not None]
        if any(shelf.locate(name) is not None or digest_in(name) is not None for name in names):
            return True
    index = _document(shelf, "index.json")
    if kind_of(index) == "index" and any(entry.digest is not None for entry in index_entries(index)):
        return True
    files = [*shelf.documents, *shelf.blobs, *shelf.links]
    return bool(files) and all(_IMAGE_MEMBER.fullmatch(name_of(name)) for name in files)


def _document(shelf: Shelf, name: str) -> Any:
    try:
        return parse_json(shelf.documents[shelf.locate(name) or name])
    except (KeyError, DocumentError):
        return None


def likely(data: bytes) -> Literal["image", "rootfs", "unknown"]:
    """Tell by the names of the first members what an archive is most likely to be."""
    walker = TarWalker()
    names = [member_name(member.name) for member in walker.feed(data)[:_LOOKED_AT]]
    if any(name.partition("/")[0] in _ROOT_NAMES for name in names):
        return "rootfs"
    return "image" if any(_IMAGE_MEMBER.fullmatch(name) for name in names) else "unknown"
