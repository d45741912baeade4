"""Finding credentials in bytes: a `Ruleset` says which, an `Engine` finds them, a `Match` is one of them.

Nothing here knows about images, files or reports, and only `imgscan.detect.stripe` knows about Stripe.
"""

from __future__ import annotations

from imgscan.detect.automaton import Candidate
from imgscan.detect.engine import Engine
from imgscan.detect.match import Match
from imgscan.detect.rule import Issuer, Prefix, Rule
from imgscan.detect.ruleset import Ruleset
from imgscan.detect.view import View

__all__ = ["Candidate", "Engine", "Issuer", "Match", "Prefix", "Rule", "Ruleset", "View"]
