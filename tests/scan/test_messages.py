"""The search of commit and tag objects."""

from __future__ import annotations

import pytest

from fixtures.keys import Keys
from imgscan.scan.git.messages import COMMIT, search_message
from tests.scan.support import plain_concealer

HEADER = b"tree 0\nauthor A <a@b.c> 1700000000 +0100\n\n"


class StopError(Exception):
    """What a stop raises here."""


def test_a_message_asks_whether_to_go_on() -> None:
    """It can have megabytes; what a stop raises ends its search."""
    pieces = [HEADER, Keys(1).secret24().encode()]

    def go_on() -> None:
        raise StopError

    hits, date = search_message(pieces, COMMIT, plain_concealer(), lambda: None)
    assert [hit.location.field for hit in hits] == ["commit/message"]
    assert date == "2023-11-14T23:13:20+01:00"
    with pytest.raises(StopError):
        search_message(pieces, COMMIT, plain_concealer(), go_on)
