"""What imgscan says should be done."""

from __future__ import annotations

import pytest

from imgscan.detect.stripe import STRIPE
from imgscan.remedy import REMEDIES, remedy

RULE_IDS = {rule.id for rule in STRIPE.rules}


def test_each_rule_has_a_remedy() -> None:
    """There is a remedy for every rule, and for nothing else."""
    assert set(REMEDIES) == RULE_IDS


def test_an_unknown_rule_has_none() -> None:
    """Asking for the remedy of an unknown rule is an error."""
    with pytest.raises(KeyError):
        remedy("stripe-identifier")


def test_a_remedy_fits_where_it_is_shown() -> None:
    """A remedy is plain sentences: no markup, no brackets, within code scanning's 1,024 characters."""
    for rule_id in sorted(RULE_IDS):
        what = remedy(rule_id)
        paragraphs = [what.summary, what.description, *what.rotate, *what.rebuild]
        assert all(paragraph.isprintable() and paragraph.endswith(".") for paragraph in paragraphs), rule_id
        assert not set("[]{}\\`*#") & set("".join(paragraphs)), rule_id
        assert max(len(paragraph) for paragraph in paragraphs) <= 1024, rule_id
        assert what.rotate, rule_id
        assert what.rebuild, rule_id


def test_a_remedy_links_to_official_documentation() -> None:
    """The page that a remedy names is the issuer's own."""
    for rule_id in sorted(RULE_IDS):
        assert remedy(rule_id).help_uri.startswith("https://docs.stripe.com/"), rule_id
