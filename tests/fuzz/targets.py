"""All fuzz targets: those with laws of their own, and one for each container format that none of these reads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from imgscan.containers.base import HEAD
from imgscan.containers.formats import FORMATS
from tests.containers.specimens import specimens
from tests.fuzz import formats, git, laws, sqlite
from tests.fuzz.law import Target, check
from tests.trickle import Trickle

if TYPE_CHECKING:
    from imgscan.containers.base import Format

_OWN: Final = [*formats.TARGETS, *git.TARGETS, *sqlite.TARGETS, *laws.TARGETS]
_READ: Final = {known for target in _OWN for known in target.formats}


def fuzz_format(known: Format, data: bytes) -> None:
    """Read a file of a format, if it still is one."""
    if known.recognise(data[:HEAD]):
        check(known.members(Trickle(data, formats.READ) if known.streamed else data), len(data))


TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in [
        *_OWN,
        *(
            Target(known.name, partial(fuzz_format, known), partial(specimens, known), (known,))
            for known in FORMATS
            if known not in _READ and not known.foreign
        ),
    ]
}
"""Every format that is read has one."""
