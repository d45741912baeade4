"""The values of a plan, and the desk on which the documents of a shelf are read.

A `Desk` keeps what every dialect needs: parsed documents, checked digests, and which members have been claimed by an
image, so that the rest can be scanned as well.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from imgscan.image.documents import Config, Descriptor, DocumentError, parse_digest, parse_json
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


class LayerPlan(NamedTuple):
    """A layer as the documents describe it: where its blob is (None: absent), and what it must hash to."""

    name: str | None
    digest: Digest | None = None
    diff_id: Digest | None = None
    media_type: str | None = None
    size: int | None = None
    inline: bytes | None = None
    encrypted: bool = False
    foreign: bool = False


class ImageDocument(NamedTuple):
    """A document that belongs to an image, and the path under which findings in it are reported."""

    path: str
    value: Any


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
    """Reads the documents of one shelf."""

    def __init__(self, shelf: ShelfLike) -> None:
        self.shelf = shelf
        self.claimed: set[str] = set()
        self.referred: set[str] = set()
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

    def release(self, name: str) -> None:
        """Note that an image refers to a member as a document, and that it is none: it is searched as a file."""
        self.claimed.discard(name)
        self.referred.add(name)

    def claim_digest(self, digest: Digest | None) -> str | None:
        """Do the same for a digest."""
        return self.claim(self.shelf.find(digest)) if digest is not None else None

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

        Gives where it is (None: inline or absent) and what it says (None: absent or not JSON).
        """
        digest = descriptor.digest
        name = self.claim_digest(digest)
        data = self.shelf.documents.get(name) if name is not None else descriptor.data
        if data is None or digest is None:
            return name, None
        if altered(data, digest):
            self.complain("document-digest", f"a document does not match its digest {digest.short}: it was altered")
        try:
            return name, parse_json(data)
        except DocumentError:
            return name or "", None


def altered(data: bytes, digest: Digest) -> bool:
    """Whether bytes are not what a digest says; false if that cannot be determined."""
    return digest.verifiable and hashlib.new(digest.algorithm, data).hexdigest() != digest.encoded


def digest_in(name: str) -> Digest | None:
    """Read the digest that a member's name spells, as `blobs/sha256/<hex>`, `<hex>.json` or `sha256:<hex>`."""
    parts = name.split("/")
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
