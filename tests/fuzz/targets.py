"""All fuzz targets. The parsers of a module are added by one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.fuzz import formats, git, sqlite

if TYPE_CHECKING:
    from tests.fuzz.law import Target

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in [
        *formats.TARGETS,
        *git.TARGETS,
        *sqlite.TARGETS,
    ]
}
