"""Stripe's credentials: the ruleset that `imgscan` looks for, with the exact validators of each kind."""

from __future__ import annotations

from imgscan.detect.stripe.rules import STRIPE

__all__ = ["STRIPE"]
