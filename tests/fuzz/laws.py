"""The laws that hypothesis holds, as fuzz targets: an input is what hypothesis draws its choices from."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tests.detect.test_shared import test_sharing_changes_nothing
from tests.fuzz.law import Target
from tests.scan.test_stored import test_a_key_in_a_tar_is_found_at_every_door, test_no_read_size_hides_a_stored_key
from tests.scan.test_wiring import test_every_blob_and_document_is_searched

if TYPE_CHECKING:
    from collections.abc import Callable

_CHOICES: Final = 1 << 14
"""Bytes that are enough for whatever one of the laws draws."""


def _seeds() -> list[bytes]:
    return [random.Random(number).randbytes(64) for number in range(8)]


def _run(law: Any, data: bytes) -> None:
    """Draw from the input, and then from what it seeds, so that no input is too short."""
    law.hypothesis.fuzz_one_input(data + random.Random(data).randbytes(_CHOICES))


_LAWS: Final[dict[str, Callable[..., None]]] = {
    "images of any wiring": test_every_blob_and_document_is_searched,
    "stored bytes of a tar": test_a_key_in_a_tar_is_found_at_every_door,
    "stored bytes at any read size": test_no_read_size_hides_a_stored_key,
    "what candidates share": test_sharing_changes_nothing,
}

TARGETS: Final = [Target(name, partial(_run, law), _seeds, tries=10) for name, law in _LAWS.items()]
