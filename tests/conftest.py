"""How property tests draw: at random on a desk, the same every time in CI, where a run must mean the change at hand.

No property has a deadline: how long an example takes is the machine's affair, not the program's.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.effort import examples

settings.register_profile("desk", max_examples=examples(30), suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
