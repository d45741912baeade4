"""Blobs on their way into one joined search, and those that hold other files into the nest as well."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from imgscan.scan.regions import JoinedFile
from imgscan.scan.search import JoinedSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from imgscan.scan.hits import Concealer, Hit
    from imgscan.scan.inside.intake import Intake
    from imgscan.scan.inside.limits import Limits
    from imgscan.scan.inside.nest import Nest
    from imgscan.scan.inside.node import Lack

_HEAD = 1024
_BINARY = re.compile(rb"[^\t\n\f\r\x1b-\x7e]")
"""What stands in the first bytes of any container that is compressed or packed; of the others the text is searched."""


class Poured(NamedTuple):
    """What was found under one token, in the order of the file's bytes, members of containers behind them."""

    token: str
    hits: list[Hit]


class Blobs:
    """Searches blobs, many in one stream: `pour` each, then `finish` once. `size` counts their own bytes.

    What a hook mostly sees is text, so the formats of containers are imported when the first blob may be one.
    """

    def __init__(self, concealer: Concealer, limits: Limits | None, advance: Callable[[int], None]) -> None:
        self._concealer = concealer
        self._limits = limits
        self._advance = advance
        self._search = JoinedSearch(concealer)
        self._nest: Nest | None = None
        self._tokens: list[str] = []
        self._told = 0

    @property
    def size(self) -> int:
        """How many bytes were searched."""
        return self._search.size

    def pour(self, pieces: Iterable[bytes], name: bytes, token: str, *, look: bool = True) -> None:
        """Search one blob, and if `look` what it holds; `token` comes back with what is found.

        The first piece must hold what containers are recognised by.
        """
        intake: Intake | None = None
        self._search.begin(JoinedFile(name, len(self._tokens), token))
        try:
            for number, piece in enumerate(pieces):
                if look and number == 0 and _BINARY.search(piece, 0, _HEAD):
                    intake = self._offer(piece, name, token)
                self._search.feed(piece)
                self._advance(len(piece))
                if intake is not None:
                    intake.feed(piece)
        except BaseException:
            if intake is not None:
                intake.abandon()
            raise
        self._tokens.append(token)
        if intake is not None:
            intake.finish()

    def _offer(self, head: bytes, name: bytes, token: str) -> Intake | None:
        from imgscan.scan.inside.limits import Limits  # noqa: PLC0415 - see the class
        from imgscan.scan.inside.nest import Nest  # noqa: PLC0415
        from imgscan.scan.inside.node import Top  # noqa: PLC0415
        from imgscan.streams.spool import Spool  # noqa: PLC0415

        if self._nest is None:
            limits = self._limits or Limits()
            self._nest = Nest(self._concealer, limits, Spool(quota=limits.spool))
        return self._nest.offer(head, Top(name, len(self._tokens), token))

    def take_lacks(self) -> Sequence[Lack]:
        """Give what was not read of the blobs since this was asked last; paths begin with the blob's name."""
        if self._nest is None:
            return ()
        told, self._told = self._told, len(self._nest.lacks)
        return self._nest.lacks[told:]

    def finish(self) -> list[Poured]:
        """End the search and give what was found, blob by blob."""
        self._search.finish()
        found: dict[object, list[Hit]] = {}
        for each in self._search.found:
            found.setdefault(each.file.token, []).append(each.hit)
        if self._nest is not None:
            for token, hit in self._nest.settle(found):
                found.setdefault(token, []).append(hit)
        return [Poured(token, found[token]) for token in self._tokens if found.get(token)]
