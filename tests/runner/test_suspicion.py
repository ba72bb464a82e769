"""Runs that are too poor to be believed."""

from __future__ import annotations

import pytest

from jobtracker_core.runner.suspicion import suspicion
from jobtracker_core.storage.baselines import Baseline


def usual(found: float = 50, runs: int = 10, **fill: float) -> Baseline:
    return Baseline(runs=runs, found=found, fill=fill)


@pytest.mark.parametrize(
    ("baseline", "found", "reason"),
    [
        (None, 0, None),
        (usual(runs=2), 0, None),
        (usual(19.5), 0, None),
        (usual(20), 0, "found nothing where the last 10 good runs found 20 (median)"),
        (usual(20), 4, None),
        (usual(20), 3, "found only 3 where the last 10 good runs found 20 (median)"),
        (usual(200.5, runs=3), 40, "found only 40 where the last 3 good runs found 200.5 (median)"),
        (usual(200), 40, None),
        (usual(200), 4000, None),
    ],
)
def test_how_many(baseline: Baseline | None, found: int, reason: str | None) -> None:
    assert suspicion(baseline, found=found, fill={}) == reason


@pytest.mark.parametrize(
    ("usually", "now", "reason"),
    [
        (0.8, 0, "company (80% before, 0% now)"),
        (1.0, 7, "company (100% before, 18% now)"),
        (0.79, 0, None),
        (1.0, 8, None),
        (1.0, 40, None),
    ],
)
def test_how_full(usually: float, now: int, reason: str | None) -> None:
    said = suspicion(usual(company=usually, city=0.5), found=40, fill={"company": now})
    assert said == (reason and f"fields that were usually filled are empty: {reason}")


def test_several_fields_are_all_named() -> None:
    said = suspicion(usual(pay=0.9, company=1, url=1), found=40, fill={"url": 40})
    assert said == (
        "fields that were usually filled are empty: company (100% before, 0% now), "
        "pay (90% before, 0% now)"
    )


def test_few_postings_prove_nothing_about_fields() -> None:
    assert suspicion(usual(15, company=1), found=9, fill={}) is None
    assert suspicion(usual(15, company=1), found=10, fill={}) is not None
