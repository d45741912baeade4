"""What a shelf keeps as a document."""

from __future__ import annotations

import pytest

from imgscan.image.documents import DOCUMENT_LIMIT
from imgscan.sources import base
from imgscan.sources.base import Shelf


@pytest.mark.parametrize(
    ("head", "wanted"),
    [(b'{"a":1}', True), (b" \n[1]", True), (b"\xef\xbb\xbf{}", True), (b"text", False), (b"", False)],
)
def test_a_document_begins_like_json(head: bytes, wanted: bool) -> None:
    """What begins with a brace or a bracket, behind blanks or a mark, is kept as a document."""
    assert Shelf().wants(head, 10) is wanted


def test_a_document_has_a_largest_size() -> None:
    """A document over the limit is a blob."""
    assert Shelf().wants(b"{", DOCUMENT_LIMIT)
    assert not Shelf().wants(b"{", DOCUMENT_LIMIT + 1)


def test_all_documents_have_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents are kept until their sum reaches the limit; one that is replaced or forgotten makes room."""
    monkeypatch.setattr(base, "DOCUMENTS_LIMIT", 10)
    shelf = Shelf()
    shelf.keep("a", b"{     }")
    assert not shelf.wants(b"{", 4)
    shelf.keep("a", b"{    }")
    assert shelf.wants(b"{", 4)
    shelf.forget("a")
    shelf.forget("never kept")
    assert shelf.wants(b"{", 10)
    assert not shelf.wants(b"{", 11)
