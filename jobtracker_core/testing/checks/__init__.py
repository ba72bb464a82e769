"""The checks of the conformance kit, in the order in which they are best read."""

from __future__ import annotations

from jobtracker_core.testing.checks import card, faults, pages, process, proxied, stopping, wire
from jobtracker_core.testing.registry import Check

CHECKS: tuple[Check, ...] = (
    *card.CHECKS,
    *pages.CHECKS,
    *stopping.CHECKS,
    *wire.CHECKS,
    *faults.CHECKS,
    *process.CHECKS,
    *proxied.CHECKS,
)
