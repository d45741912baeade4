"""What to do about a leaked credential: what it opens, how to rotate it, how to rebuild without it.

Plain data, a `Remedy` for each rule. The texts are shown in terminals and as a code scanning rule's help, so they
contain no markup, and no brackets or braces, which SARIF messages would have to escape.
"""

from __future__ import annotations

from imgscan.remedy.common import Remedy
from imgscan.remedy.texts import REMEDIES

__all__ = ["REMEDIES", "Remedy", "remedy"]


def remedy(rule_id: str) -> Remedy:
    """Find the remedy of a rule; KeyError if there is no such rule."""
    return REMEDIES[rule_id]
