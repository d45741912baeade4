"""The rules, as code scanning shows them: the same text in each file, nothing of any finding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from imgscan.report.base import shorten
from imgscan.report.sarif.markup import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgscan.model import RuleInfo

INFORMATION_URI = "https://docs.stripe.com/keys-best-practices"
"""What the rules are about: the page that every remedy comes back to."""

# https://semver.org/#spec-item-9; Python's own forms (0.2.0.dev1) need not be semantic versions
_SEMANTIC_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_TAGS = ["security", "secret", "external/cwe/cwe-798"]  # CWE-798: use of hard-coded credentials; 10 tags at most
_LONGEST_DESCRIPTION = 1024  # GitHub's limit for each of the descriptions


def driver(version: str, rules: Sequence[RuleInfo]) -> dict[str, Any]:
    """Describe the program and its rules."""
    return {
        "name": "imgscan",
        "fullName": f"imgscan {version}",
        "version": version,
        **({"semanticVersion": version} if _SEMANTIC_VERSION.fullmatch(version) else {}),
        "informationUri": INFORMATION_URI,
        "rules": [rule_descriptor(rule) for rule in rules],
    }


def rule_descriptor(rule: RuleInfo) -> dict[str, Any]:
    """Describe one rule; its help is the remedy."""
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": shorten(escape(rule.summary), _LONGEST_DESCRIPTION)},
        "fullDescription": {"text": shorten(escape(rule.description), _LONGEST_DESCRIPTION)},
        "helpUri": rule.help_uri,
        "help": {"text": _help(rule, heading="{}:"), "markdown": _help(rule, heading="## {}\n")},
        "defaultConfiguration": {"level": rule.level},
        "properties": {
            "precision": rule.precision,
            # A number would fail the upload: GitHub reads a string.
            "security-severity": f"{rule.score:.1f}",
            "tags": _TAGS,
        },
    }


def _help(rule: RuleInfo, heading: str) -> str:
    lines = [escape(rule.description)]
    for title, steps in (("Rotate", rule.rotate), ("Rebuild", rule.rebuild)):
        if steps:
            lines += ["", heading.format(title)]
            lines += [f"{number}. {escape(step)}" for number, step in enumerate(steps, 1)]
    return "\n".join(lines)
