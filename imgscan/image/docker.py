"""The dialects of `docker save`: `manifest.json` as a list, and what Docker before 1.10 wrote.

Layers are named by member, and only the config says what they hash to: their diff_ids.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from imgscan.image.documents import Config, Platform, docker_entries
from imgscan.image.parts import (
    CONFIG_PATH,
    Desk,
    ImageDocument,
    ImagePlan,
    LayerPlan,
    altered,
    digest_in,
    matched_diff_ids,
    problem,
)
from imgscan.model import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgscan.model import Diagnostic


def docker_images(desk: Desk, manifest: Any) -> Iterator[ImagePlan]:
    """Yield the images that `manifest.json` lists."""
    for entry in docker_entries(manifest):
        wrong: list[Diagnostic] = []
        if not entry.whole:
            wrong.append(problem("manifest-unreadable", "an entry of manifest.json lacks Config or Layers"))
        name = desk.claim(entry.config)
        document = desk.document(name) if name is not None else None
        digest = None
        if name is None or document is None:
            wrong.append(problem("config-missing", "the image's config is missing or not JSON"))
        else:
            data = desk.shelf.documents[name]
            named = digest_in(name)
            digest = named or Digest("sha256", hashlib.sha256(data).hexdigest())
            if named is not None and altered(data, named):
                text = "the image's config does not match its digest: it was altered"
                wrong.append(problem("config-digest", text))
        config = Config.of(document)
        diff_ids, unmatched = matched_diff_ids(config, len(entry.layers))
        yield ImagePlan(
            reference=", ".join(entry.tags) or None,
            config_digest=digest,
            platform=config.platform,
            config=config,
            layers=tuple(_layer(desk, layer, diff_id) for layer, diff_id in zip(entry.layers, diff_ids, strict=True)),
            documents=(ImageDocument(CONFIG_PATH, document, name),) if document is not None else (),
            diagnostics=(*wrong, *unmatched),
        )


def _layer(desk: Desk, name: str, diff_id: Digest | None = None) -> LayerPlan:
    located = desk.claim(name)
    size = desk.shelf.blobs.get(located) if located is not None else None
    return LayerPlan(located, digest=digest_in(name), diff_id=diff_id, size=size)


def ancient_images(desk: Desk) -> list[ImagePlan]:
    """Chain `<id>/json` documents by their `parent`; an image is one that is nobody's parent."""
    nodes: dict[str, Mapping[str, Any]] = {}
    for name in desk.shelf.documents:
        identity, _, base = name.partition("/")
        value = desk.document(name) if base == "json" else None
        if isinstance(value, dict) and desk.shelf.locate(f"{identity}/layer.tar") is not None:
            nodes[identity] = value
    parents = {_parent(value) for value in nodes.values()}
    return [_ancient_image(desk, top, nodes) for top in nodes if top not in parents]


def _ancient_image(desk: Desk, top: str, nodes: Mapping[str, Mapping[str, Any]]) -> ImagePlan:
    chain: list[str] = []
    link: str | None = top
    while link is not None and link in nodes and link not in chain:
        chain.append(link)
        link = _parent(nodes[link])
    chain.reverse()
    names = [desk.claim(f"{identity}/json") for identity in chain]
    return ImagePlan(
        platform=Platform.of(nodes[top]),
        layers=tuple(_layer(desk, f"{identity}/layer.tar") for identity in chain),
        documents=tuple(
            ImageDocument(CONFIG_PATH, nodes[identity], name) for identity, name in zip(chain, names, strict=True)
        ),
        diagnostics=(problem("layer-missing", "a layer's parent is missing"),) if link is not None else (),
    )


def _parent(node: Mapping[str, Any]) -> str | None:
    """Return the id of a node's parent; a parent that is not a name is one that cannot be found."""
    parent = node.get("parent")
    return parent if isinstance(parent, str) or parent is None else repr(type(parent))
