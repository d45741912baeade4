"""Finding Stripe credentials in bytes: `Engine` finds, `RULES` says what, `Match` is one of them.

Nothing here knows of images, files or reports.
"""

from __future__ import annotations

from imgscan.detect.automaton import Candidate
from imgscan.detect.engine import Engine, View, prepare
from imgscan.detect.match import Match
from imgscan.detect.rules import RULES, Rule

__all__ = ["RULES", "Candidate", "Engine", "Match", "Rule", "View", "prepare"]
