"""What a run's results point at: the image, its layers, the files with findings, and the archives around them.

SARIF lets an artifact be inside another (`parentIndex`), with a URI relative to it: image, layer, archive, file.
The table also holds the logical locations, which name image and layers for readers that show no artifacts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from imgscan.gate import printable
from imgscan.model import IMAGE_DOCUMENTS
from imgscan.report.base import layer_number
from imgscan.report.sarif.names import NESTED, location_uri, raw_name, relative_uri, short_name

if TYPE_CHECKING:
    from imgscan.model import Digest, LayerInfo, Location, TargetReport

# SARIF's names (3.24.11) for the algorithms that OCI registers.
_HASH_NAMES = {"sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}
LARGEST = 2**31 - 1
"""The most that readers built on Microsoft's SARIF SDK take for a number of SARIF's own; one above makes them drop
the file, in silence. Larger ones are in `properties`, where any number may."""

_MIME_TYPE = re.compile(r"[^/\s]+/[^/\s]+")


class Artifacts:
    """The artifacts of one run, in order: the image, every layer, then files as they are requested."""

    def __init__(self, report: TargetReport) -> None:
        self._report = report
        self._layer_positions: dict[int, int] = {}
        self._files: dict[tuple[int | None, str], int] = {}
        self.table: list[dict[str, Any]] = []
        self.logical: list[dict[str, Any]] = []
        if report.kind != "image":
            return
        self.table.append(_image(report))
        self.logical.append(_logical_image(report))
        for layer in report.layers:
            self._layer_positions[layer.index] = len(self.table)
            self.table.append(_layer(layer))
            self.logical.append(_logical_layer(report, layer))

    def file(self, location: Location) -> dict[str, Any]:
        """Find or add the file of a finding, and say where it is: `index` and `uri`, each within its parent."""
        parent = self._parent(location)
        name = raw_name(location.path) if location.path_bytes is None else location.path_bytes
        index, uri = -1, ""
        for depth, member in enumerate(name.split(NESTED.encode())):
            if depth == 0 and parent is None:
                uri = location_uri(self._report, location.path, member)
            else:
                uri = relative_uri(member.split(b"/"))
            index = self._add(parent, uri)
            parent = index
        return {"uri": uri, "index": index}

    def logical_location(self, layer: int | None) -> list[dict[str, Any]]:
        """Name the layer, or the image where there is none; empty for targets that are no image."""
        position = self._logical_position(layer)
        if position is None:
            return []
        return [{"index": position, "fullyQualifiedName": self.logical[position]["fullyQualifiedName"]}]

    def _logical_position(self, layer: int | None) -> int | None:
        if not self.logical:
            return None
        # Artifacts and logical locations begin with the same image and layers, so positions agree.
        return 0 if layer is None else self._layer_positions.get(layer, 0)

    def _parent(self, location: Location) -> int | None:
        if not self.table or self._report.kind != "image":
            return None
        # A history entry has its layer's index but is in the config.
        in_document = location.path.startswith(IMAGE_DOCUMENTS) and location.field is not None
        if location.layer is None or in_document:
            return 0
        return self._layer_positions.get(location.layer, 0)

    def _add(self, parent: int | None, uri: str) -> int:
        index = self._files.get((parent, uri))
        if index is None:
            index = self._files[parent, uri] = len(self.table)
            artifact: dict[str, Any] = {"location": {"uri": uri}}
            if parent is not None:
                artifact["parentIndex"] = parent
            self.table.append(artifact)
        return index


def _image(report: TargetReport) -> dict[str, Any]:
    properties = {
        "reference": report.reference,
        "manifestDigest": None if report.digest is None else str(report.digest),
        "configDigest": None if report.config_digest is None else str(report.config_digest),
        "platform": report.platform,
    }
    return {
        "location": {"uri": relative_uri([short_name(report)])},
        "roles": ["analysisTarget"],
        **_hashes(report.digest),
        **_properties(properties),
    }


def _layer(layer: LayerInfo) -> dict[str, Any]:
    digest = layer.digest
    segments = ["layers", str(layer.index)] if digest is None else ["blobs", digest.algorithm, digest.encoded]
    artifact: dict[str, Any] = {"location": {"uri": relative_uri(segments)}, "parentIndex": 0}
    if layer.media_type is not None and _MIME_TYPE.fullmatch(layer.media_type):
        artifact["mimeType"] = layer.media_type
    if layer.size is not None and 0 <= layer.size <= LARGEST:
        artifact["length"] = layer.size
    properties = {
        "layerIndex": layer.index,
        "digest": None if digest is None else str(digest),
        "diffId": None if layer.diff_id is None else str(layer.diff_id),
        "size": layer.size if layer.size is not None and layer.size > LARGEST else None,
        "createdBy": layer.created_by,
    }
    return {**artifact, **_hashes(digest), **_properties(properties)}


def _logical_image(report: TargetReport) -> dict[str, Any]:
    name = printable(short_name(report))
    return {"name": name, "fullyQualifiedName": name, "kind": "image"}


def _logical_layer(report: TargetReport, layer: LayerInfo) -> dict[str, Any]:
    # The number, not the digest, names it: one image may hold the same (empty) layer many times.
    name = layer_number(report, layer.index)
    return {
        "name": name,
        "fullyQualifiedName": f"{printable(short_name(report))}/{name}",
        "kind": "layer",
        "parentIndex": 0,
    }


def _hashes(digest: Digest | None) -> dict[str, Any]:
    name = None if digest is None else _HASH_NAMES.get(digest.algorithm)
    return {} if digest is None or name is None else {"hashes": {name: digest.encoded}}


def _properties(values: dict[str, Any]) -> dict[str, Any]:
    known = {key: value for key, value in values.items() if value is not None}
    return {"properties": known} if known else {}
