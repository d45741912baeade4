"""How property tests draw, and in which order files of tests run.

Properties draw at random on a desk, and the same every time in CI, where a run must mean the change at hand. None has a
deadline: how long an example takes is the machine's affair, not the program's.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

from tests.effort import examples

if TYPE_CHECKING:
    import pytest

settings.register_profile(
    "desk", deadline=None, max_examples=examples(30), suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

LONGEST = (
    "tests/test_collection.py",
    "tests/scan/test_mutation.py",
    "tests/scan/test_bombs.py",
    "tests/cli/test_action.py",
    "tests/cli/test_process.py",
)
"""The files that take longest for the tests that they have: a file stays on one worker, which others wait for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files come first, and leave the others in their order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
