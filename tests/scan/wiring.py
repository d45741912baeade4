"""Images of random wiring: layouts, archives and folders in which every blob and every document holds a key of its own.

What refers to what is drawn: configs and layers are shared, missing, listed twice or by nobody; `manifest.json` and the
index contradict each other; indexes nest and name each other; a name has two members.
"""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from fixtures.builders import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, descriptor, dump, sha256, tar
from fixtures.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NOWHERE = "sha256:" + "0" * 64
SHAPES = ("docker", "oci", "both", "dir")


@cache
def key(number: int) -> str:
    """Return the key with a number."""
    return Keys(f"wiring {number}").secret99()


@dataclass
class Wired:
    """Members of an archive or files of a folder, in order, and the keys in them; `doubled`: a name is there twice."""

    members: list[tuple[str, bytes]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    doubled: bool = False


def planted(document: dict[str, Any], secret: str, how: str) -> bytes:
    """Write a document with a key in it, in a way that a parser or a planner may drop."""
    inline = {"mediaType": "text/plain", "digest": _NOWHERE, "size": 1}
    hows: dict[str, dict[str, Any]] = {
        "field": {"note": secret},
        "name": {secret: 1},
        "text in data": {"extra": inline | {"data": secret}},
        "packed in data": {"extra": inline | {"data": base64.b64encode(_packed(secret.encode())).decode()}},
        "data of a material": {"extra": {"digest": {"sha256": "0"}, "data": secret}},
        "repeated": {"note": "x"},
        "behind": {},
    }
    text = dump(document | hows[how])
    if how == "repeated":
        text = b'{"note":"' + secret.encode() + b'",' + text[1:]
    return text + (b"\n# " + secret.encode() if how == "behind" else b"")


HOW = ("field", "name", "text in data", "packed in data", "data of a material", "repeated", "behind")
PARSED = HOW[:-1]


class _Maker:
    """Draws one wiring."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw
        self._wired = Wired()
        self._shape = draw(st.sampled_from(SHAPES))
        self._number = 0
        self._keys: dict[bytes, set[str]] = {}  # what is in the blobs and documents made so far

    def make(self) -> Wired:
        """Draw all of it."""
        layers = [self._layer() for _ in range(self._draw(st.integers(1, 4)))]
        configs = [self._config(layers) for _ in range(self._draw(st.integers(1, 2)))]
        documents = [self._manifest(configs, layers) for _ in range(self._draw(st.integers(1, 3)))]
        for _ in range(self._draw(st.integers(0, 2))):
            documents.append(self._document(self._index(documents)))
        for data in dict.fromkeys((*layers, *configs, *documents)):
            if self._draw(st.integers(0, 5)):  # or it is missing
                self._store(self._name(data), data)
        self._store("oci-layout", self._document({"imageLayoutVersion": "1.0.0"}))
        self._store("repositories", self._document({}))
        if self._shape in ("oci", "both"):
            self._store("index.json", self._document(self._index(documents), PARSED))
        if self._shape == "dir":
            self._store("manifest.json", self._manifest(configs, layers, PARSED))
        if self._shape in ("docker", "both"):
            self._store("manifest.json", self._docker_manifest(configs, layers))
        if self._draw(st.booleans()):
            self._double()
        return self._wired

    def _secret(self) -> str:
        self._number += 1
        return key(self._number)

    def _some(self, of: list[bytes]) -> list[bytes]:
        return list(self._draw(st.lists(st.sampled_from(of), max_size=3)))

    def _name(self, data: bytes) -> str:
        return sha256(data) if self._shape == "dir" else f"blobs/sha256/{sha256(data)}"

    def _store(self, name: str, data: bytes) -> None:
        self._wired.members.append((name, data))
        self._wired.keys |= self._keys[data]

    def _blob(self, *forms: Callable[[bytes], bytes]) -> bytes:
        secret = self._secret()
        form: Callable[[bytes], bytes] = self._draw(st.sampled_from(forms))
        data = form(secret.encode())
        self._keys[data] = {secret}
        return data

    def _layer(self) -> bytes:
        return self._blob(_tar, bytes, _json, lambda each: _packed(_tar(each)), _packed)

    def _document(self, content: dict[str, Any], how: Sequence[str] = HOW) -> bytes:
        secret = self._secret()
        data = planted(content, secret, self._draw(st.sampled_from(how)))
        self._keys[data] = {secret}
        return data

    def _config(self, layers: list[bytes]) -> bytes:
        ids = [f"sha256:{sha256(layer)}" for layer in self._some(layers)]
        image = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ids}}
        return self._document(self._draw(st.sampled_from((image, {}))))

    def _manifest(self, configs: list[bytes], layers: list[bytes], how: Sequence[str] = HOW) -> bytes:
        config = descriptor(self._draw(st.sampled_from(configs)), OCI_CONFIG)
        described = [descriptor(layer, OCI_LAYER) for layer in self._some(layers)]
        inside = set()
        for each in described:
            if not self._draw(st.integers(0, 3)):  # it carries something, which need not be what the digest says
                blob = self._blob(_packed, bytes)
                each["data"] = base64.b64encode(blob).decode()
                inside |= self._keys[blob]
        data = self._document({"schemaVersion": 2, "config": config, "layers": described}, PARSED if inside else how)
        self._keys[data] |= inside
        return data

    def _index(self, documents: list[bytes]) -> dict[str, Any]:
        about = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
        kinds = st.sampled_from((OCI_MANIFEST, OCI_INDEX))
        return {
            "manifests": [
                descriptor(each, self._draw(kinds)) | ({} if self._draw(st.integers(0, 4)) else about)
                for each in self._some(documents)
            ]
        }

    def _docker_manifest(self, configs: list[bytes], layers: list[bytes]) -> bytes:
        entries, secrets = [], set()
        for _ in range(self._draw(st.integers(1, 2))):
            secret = self._secret()
            secrets.add(secret)
            config = self._name(self._draw(st.sampled_from(configs)))
            names = [self._name(layer) for layer in self._some(layers)]
            entries.append({"Config": config, "RepoTags": [f"shop:{secret}"], "Layers": names})
        data = dump(entries)
        self._keys[data] = secrets
        return data

    def _double(self) -> None:
        """Put an earlier member of the same name before one."""
        name, _ = self._draw(st.sampled_from(self._wired.members))
        data = self._blob(bytes, _packed, _json)
        self._wired.members.insert(0, (name, data))
        self._wired.keys |= self._keys[data]
        self._wired.doubled = True


def _tar(content: bytes) -> bytes:
    return tar({"f": content})


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _json(content: bytes) -> bytes:
    return b'{"k":"' + content + b'"}'


@st.composite
def wirings(draw: Any) -> Wired:
    """Draw members and the keys that are in them."""
    return _Maker(draw).make()
