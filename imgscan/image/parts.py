"""The values of a plan, and the desk on which the documents of a shelf are read.

A `Desk` keeps what every dialect needs: parsed documents, checked digests, and which members have been claimed by an
image, so that the rest can be scanned as well.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from imgscan.image.documents import (
    Config,
    Descriptor,
    DocumentError,
    inline_contents,
    parse_digest,
    parse_json,
)
from imgscan.model import IMAGE_DOCUMENTS, Diagnostic, Digest

if TYPE_CHECKING:
    from imgscan.image.documents import Platform

CONFIG_PATH = f"{IMAGE_DOCUMENTS}config.json"
MANIFEST_PATH = f"{IMAGE_DOCUMENTS}manifest.json"
INDEX_PATH = f"{IMAGE_DOCUMENTS}index.json"
ATTESTATION_PATH = f"{IMAGE_DOCUMENTS}attestation.json"


class ShelfLike(Protocol):
    """What the planner needs of a source's shelf."""

    documents: dict[str, bytes]
    blobs: dict[str, int]
    root: str | None

    def locate(self, name: str) -> str | None:
        """Follow links to the member that holds the bytes."""

    def find(self, digest: Digest) -> str | None:
        """Find the member that a digest names."""


def name_of(key: str) -> str:
    """Return the name that a key of a shelf or a plan stands for.

    What follows a NUL only distinguishes it from others of the name: an earlier member, or content that is inline.
    """
    return key.partition("\0")[0]


def printable(key: str) -> str:
    r"""Spell that name for a message: bytes that are not UTF-8 as `\xNN`."""
    return os.fsencode(name_of(key)).decode("utf-8", "backslashreplace")


class LayerPlan(NamedTuple):
    """A layer as the documents describe it: where its blob is (None: absent), and what it must hash to.

    `name` is on the shelf, or among the plan's `inline`.
    """

    name: str | None
    digest: Digest | None = None
    diff_id: Digest | None = None
    media_type: str | None = None
    size: int | None = None
    encrypted: bool = False
    foreign: bool = False


class ImageDocument(NamedTuple):
    """A document that belongs to an image, and the path under which findings in it are reported.

    `name` is where its bytes are: on the shelf, or among the plan's `inline`.
    """

    path: str
    value: Any
    name: str | None = None


class ImagePlan(NamedTuple):
    """One image on one platform. `filesystem` is false for artifacts, whose layers are files, not tars."""

    reference: str | None = None
    digest: Digest | None = None
    config_digest: Digest | None = None
    platform: Platform | None = None
    config: Config | None = None
    layers: tuple[LayerPlan, ...] = ()
    documents: tuple[ImageDocument, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    filesystem: bool = True


def problem(code: str, message: str) -> Diagnostic:
    """Make an error of the scan."""
    return Diagnostic("error", code, message)


class Desk:
    """Reads the documents of one shelf.

    `documents` are those of the whole rather than of one image. `inline` is what documents carry themselves, by a key
    of its own, and `inside` says which of it is in which document.
    """

    def __init__(self, shelf: ShelfLike) -> None:
        self.shelf = shelf
        self.claimed: set[str] = set()
        self.documents: list[ImageDocument] = []
        self.inline: dict[str, bytes] = {}
        self.inside: dict[str, tuple[str, ...]] = {}
        self.diagnostics: list[Diagnostic] = []
        self.absent: list[Digest] = []
        self._parsed: dict[str, Any] = {}

    def document(self, name: str) -> Any:
        """Return a parsed document of the shelf; None if it is absent or not JSON."""
        if name not in self._parsed:
            try:
                self._parsed[name] = parse_json(self.shelf.documents[name])
            except (KeyError, DocumentError):
                self._parsed[name] = None
        return self._parsed[name]

    def claim(self, name: str | None) -> str | None:
        """Follow links from a member's name, record that an image refers to it, and return where its bytes are."""
        located = self.shelf.locate(name) if name is not None else None
        if located is not None:
            self.claimed.add(located)
        return located

    def claim_content(self, descriptor: Descriptor) -> str | None:
        """Do the same for what a descriptor refers to: on the shelf, or else in the descriptor."""
        digest = descriptor.digest
        name = self.claim(self.shelf.find(digest)) if digest is not None else None
        if name is None and descriptor.data is not None:
            return self._hold(digest, descriptor.data)
        return name

    def _hold(self, digest: Digest | None, data: bytes) -> str:
        """Keep what is inline, named by the digest that it has; return its key."""
        if digest is None or not digest.verifiable or altered(data, digest):
            digest = Digest("sha256", hashlib.sha256(data).hexdigest())
        key = f"{digest}\0inline"
        self.inline.setdefault(key, data)
        return key

    def gather_inline(self) -> None:
        """Keep all that documents carry themselves, whether an image refers to it or not."""
        waiting = list(self.shelf.documents)
        waiting += self.inline
        seen = set(waiting)
        for name in waiting:  # it grows: what is inline may carry more
            data = self._bytes_of(name)
            if not _may_carry(data):
                continue
            try:
                document = parse_json(data)
            except DocumentError:
                continue
            keys = []
            for digest, content in inline_contents(document):
                known = len(self.inline)
                keys.append(self._hold(digest, content))
                if len(self.inline) > known and digest is not None and altered(content, digest):
                    self.complain("blob-digest", f"inline data does not match its digest {digest.short}")
            if keys:
                self.inside[name] = tuple(dict.fromkeys(keys))
                waiting += (key for key in self.inside[name] if key not in seen)
                seen.update(keys)

    def _bytes_of(self, name: str | None) -> bytes:
        """Return a document, from the shelf or inline; nothing if it is absent or a blob."""
        return self.shelf.documents.get(name or "") or self.inline.get(name or "", b"")

    def complain(self, code: str, message: str) -> None:
        """Note an error of the whole archive, once."""
        diagnostic = problem(code, message)
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)

    def top(self, name: str) -> Any:
        """Return a document that is at the top of the archive; an unreadable one is an error, an absent one is not."""
        located = self.claim(name)
        if located is None or self.shelf.blobs.get(located) == len(b"null"):
            return None
        value = self.document(located)
        if value is None:
            self.complain("document-unreadable", f"{name} is not valid JSON")
        return value

    def fetch(self, descriptor: Descriptor) -> tuple[str | None, Any]:
        """Find the document that a descriptor names, on the shelf or inline, and check its digest.

        Gives where it is (None: absent) and what it says (None: absent or not JSON).
        """
        digest = descriptor.digest
        name = self.claim_content(descriptor)
        data = self._bytes_of(name)
        if digest is None or not data:
            return name, None
        if altered(data, digest):
            self.complain("document-digest", f"a document does not match its digest {digest.short}: it was altered")
        try:
            return name, parse_json(data)
        except DocumentError:
            return name, None


def _may_carry(data: bytes) -> bool:
    """Whether a document may have inline data; most have none, and are not parsed once more."""
    return (b'"data"' in data and b'"digest"' in data) or b"\\u" in data or b"\0" in data


def altered(data: bytes, digest: Digest) -> bool:
    """Whether bytes are not what a digest says; false if that cannot be determined."""
    return digest.verifiable and hashlib.new(digest.algorithm, data).hexdigest() != digest.encoded


def digest_in(name: str) -> Digest | None:
    """Read the digest that a member's name spells, as `blobs/sha256/<hex>`, `<hex>.json` or `sha256:<hex>`."""
    parts = name_of(name).split("/")
    if len(parts) == 3 and parts[0] == "blobs":
        return parse_digest(f"{parts[1]}:{parts[2]}")
    if len(parts) == 1:
        return parse_digest(name) or parse_digest(f"sha256:{name.removesuffix('.json')}")
    return None


def matched_diff_ids(config: Config, layers: int) -> tuple[tuple[Digest | None, ...], tuple[Diagnostic, ...]]:
    """Return a diff_id for each layer; if the counts disagree none can be determined, which is an error."""
    if config.diff_ids is None:
        return (None,) * layers, ()
    if len(config.diff_ids) != layers:
        text = f"the manifest has {layers} layers and the config {len(config.diff_ids)}: neither can be trusted"
        return (None,) * layers, (problem("layer-count", text),)
    return config.diff_ids, ()
