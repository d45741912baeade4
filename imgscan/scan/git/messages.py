"""Credentials in the commit and tag objects of git: mostly in their messages, sometimes in a header.

The form is that of `git cat-file commit`: headers, whose further lines begin with a blank, an empty line, the message
(gitformat-signature(5) shows both kinds of object).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from imgscan.scan.manyhits import ManyHits
from imgscan.scan.regions import JoinedFile
from imgscan.scan.search import JoinedSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from imgscan.model import Location
    from imgscan.scan.hits import Concealer, Hit

COMMIT, TAG = b".git/commit", b".git/tag"
"""Where findings in these objects have their path; git lets no file of a repository be in a folder of that name.

The name of a reference has its path there as well (`.git/refs/heads/main`), as has a blob that a reference names.
"""

_DATE = re.compile(rb"^(?:author|tagger) [^\n]*> (-?[0-9]{1,12}) ([+-])([0-9]{2})([0-9]{2})$", re.MULTILINE)
_HEADER = re.compile(r"[a-z-]{1,20}")


def search_message(
    pieces: Iterable[bytes], path: bytes, concealer: Concealer, go_on: Callable[[], None] | None = None
) -> tuple[Sequence[Hit], str | None]:
    """Search an object as a whole; lines count from the message's first, and a header has a field and no line.

    Return also its date: when it was authored, or the tag made. A message can have megabytes: `go_on` is called every
    few milliseconds and raises to stop, which is raised, or in the last window leaves the hits so far.
    """
    search = JoinedSearch(concealer, go_on=go_on)
    search.begin(JoinedFile(path))
    start = b""
    for piece in pieces:
        search.feed(piece)
        start = start or piece
    search.finish()
    header = start.partition(b"\n\n")[0]
    kind = path.rpartition(b"/")[2].decode("ascii")
    hits = ManyHits(hit._replace(location=_in_object(hit.location, header, kind)) for hit in search.found.hits)
    return hits.kept(), date_of(header)


def _in_object(location: Location, header: bytes, kind: str) -> Location:
    """Say where in a commit or tag a credential is: in a header, or on a line of the message."""
    if (location.offset or 0) <= len(header):
        field = f"{kind}/{_header_at(header, location.offset or 0)}"
        return replace(location, field=field, line=None, column=None, end_line=None, end_column=None)
    field = f"{kind}/message"
    if location.line is None or location.end_line is None:
        return replace(location, field=field)
    before = header.count(b"\n") + 2
    return replace(location, field=field, line=location.line - before, end_line=location.end_line - before)


def date_of(data: bytes) -> str | None:
    """Read when a commit was authored or a tag made: ISO 8601, with the author's own offset from UTC.

    `data` is the object, or as much of it as holds the header.
    """
    found = _DATE.search(data.partition(b"\n\n")[0])
    if found is None:
        return None
    seconds, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == b"-" else 1)
    try:
        moment = datetime.fromtimestamp(int(seconds), UTC)
        return moment.astimezone(timezone(offset)).isoformat()
    except (ValueError, OverflowError, OSError):  # a date outside the calendar
        return None


def _header_at(header: bytes, offset: int) -> str:
    """Name the header that an offset is in."""
    start = header.rfind(b"\n", 0, offset) + 1
    while start and header[start : start + 1] == b" ":
        start = header.rfind(b"\n", 0, start - 1) + 1
    name = header[start : start + 32].split(b" ", 1)[0].decode("ascii", "replace")
    return name if _HEADER.fullmatch(name) else "header"
