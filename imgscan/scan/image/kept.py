"""What a source keeps in memory: documents, and the content that documents carry themselves.

A document is searched twice, field by field and as it is stored: a parser drops what nobody asks for, such as the first
of two values of one name.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from imgscan.image.parts import digest_in, name_of
from imgscan.scan.image.fields import document_hits
from imgscan.scan.image.strays import algorithms_for
from imgscan.scan.layer import scan_layer
from imgscan.scan.ledger import shown, unread_blob
from imgscan.scan.pour import FilePour, pieces_of
from imgscan.scan.result import LayerResult
from imgscan.streams.readers import BytesReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgscan.image.membernames import Room
    from imgscan.model import Digest
    from imgscan.scan.hits import Hit
    from imgscan.scan.image.kepthits import Results
    from imgscan.scan.image.strays import Roles
    from imgscan.scan.session import Session


class KeptScan:
    """Searches what is in memory once the blobs have been read: `read`, then all else.

    Layers and strays go into the `results` of blobs; `documents` has the results of documents, by name. `room` is for
    the names of members.
    """

    def __init__(self, session: Session, roles: Roles, results: Results, room: Room) -> None:
        self._room = room
        self.documents: dict[str, LayerResult] = {}
        self._session = session
        self._roles = roles
        self._results = results

    def read(self) -> None:
        """Search what has not been searched yet."""
        roles, results, inline = self._roles, self._results, self._roles.plan.inline
        kept = {**inline, **roles.shelf.documents}
        for layer in (layer for image in roles.images for layer in image.layers):
            if layer.name is not None and layer.name in kept and layer.name not in results:
                results.put(layer.name, self._scan(kept[layer.name], name_of(layer.name), layer.digest))
                self._session.progress.layer(len(results[layer.name].hits))
        for name, document in roles.documents.items():
            if name in kept and name not in self.documents:
                self.documents[name] = self._search(kept[name], document.path)
        read = self._by_content()
        for name in roles.strays:
            if name in results or name not in kept:
                continue
            if name not in inline or sha256(inline[name]).hexdigest() not in read:
                results.put(name, self._scan(kept[name], name_of(name), digest_in(name)))

    def _scan(self, data: bytes, name: str, digest: Digest | None = None) -> LayerResult:
        return scan_layer(
            BytesReader(data), self._session, name=name, algorithms=algorithms_for(digest), room=self._room
        )

    def _search(self, data: bytes, name: str) -> LayerResult:
        """Search a document as it is stored; what is JSON is no tar, and needs no threads to be read."""
        session = self._session
        pour, raw = FilePour(session, alone=True), name.encode()
        failure = None
        try:
            pour.file(-1, raw, pieces_of(BytesReader(data)))
        except Exception as error:  # noqa: BLE001 - whatever it is, what was found so far is reported
            failure = shown(unread_blob(raw, error), session.concealer)
        hits = pour.finish()
        return LayerResult(
            stored=len(data),
            size=pour.size,
            digests={"sha256": sha256(data).hexdigest()},
            hits=hits,
            left_out=pour.left_out,
            failure=failure,
            unread=tuple(shown(each, session.concealer) for each in pour.take_unread()),
            expanded=pour.expanded,
            inner=pour.inner,
        )

    def _by_content(self) -> dict[str, LayerResult]:
        """Return the results by the SHA-256 of the stored bytes."""
        every = (*self._results.values(), *self.documents.values())
        return {result.digests["sha256"]: result for result in every if "sha256" in result.digests}

    @cached_property
    def inline(self) -> Mapping[str, frozenset[str]]:
        """For each document the credentials in what it carries itself, as SHA-256."""
        plan, results = self._roles.plan, self._by_content() if self._roles.plan.inside else {}
        found = {}
        for name, keys in plan.inside.items():
            contents = [results.get(sha256(plan.inline[key]).hexdigest()) for key in keys]
            found[name] = frozenset(hit.secret.sha256 for each in contents if each is not None for hit in each.hits)
        return found

    def hits(self) -> Iterator[Hit]:
        """Yield all hits in documents."""
        for name, document in self._roles.documents.items():
            stored = self.documents[name].hits if name in self.documents else ()
            yield from document_hits(document, self._session.concealer, (), stored=stored)
