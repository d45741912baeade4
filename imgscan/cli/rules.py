"""The rules as people and reports see them: what the detector knows, combined with the remedies."""

from __future__ import annotations

from functools import cache
from textwrap import fill

import click

from imgscan.detect.stripe import STRIPE
from imgscan.model import RuleInfo
from imgscan.remedy import remedy

_WIDTH = 100


@cache
def rule_infos() -> tuple[RuleInfo, ...]:
    """Return what reports say about each rule, in the rules' own order."""
    infos = []
    for rule in STRIPE.rules:
        advice = remedy(rule.id)
        infos.append(
            RuleInfo(
                id=rule.id,
                name=rule.name,
                title=rule.title,
                level=rule.level,
                score=rule.score,
                precision=advice.precision,
                summary=advice.summary,
                description=advice.description,
                rotate=advice.rotate,
                rebuild=advice.rebuild,
                help_uri=advice.help_uri,
            )
        )
    return tuple(infos)


def list_rules() -> str:
    """Return a table of all rules."""
    infos = rule_infos()
    width = max(len(info.id) for info in infos)
    lines = [f"{info.id:<{width}}  {info.level:<7}  {info.score:>4}  {info.title}" for info in infos]
    return "\n".join(lines)


def describe(rule_id: str) -> str:
    """Explain one rule; click.UsageError if there is no such rule."""
    info = next((info for info in rule_infos() if info.id == rule_id), None)
    if info is None:
        raise click.UsageError(f"there is no rule {rule_id}; imgscan rules lists all rules")
    parts = [f"{info.title} ({info.id}, {info.level}, severity {info.score})", fill(info.description, _WIDTH)]
    for heading, steps in (("Rotate", info.rotate), ("Rebuild", info.rebuild)):
        numbered = [
            fill(step, _WIDTH, initial_indent=f"  {number}. ", subsequent_indent="     ")
            for number, step in enumerate(steps, 1)
        ]
        parts.append("\n".join([heading, *numbered]))
    parts.append(f"More: {info.help_uri}")
    return "\n\n".join(parts)
