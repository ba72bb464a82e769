"""What a run's process may not say, in frames of the right form."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from jobtracker_core import Counts, RunState
from jobtracker_core.contract.host import Batch
from jobtracker_core.contract.info import CollectorSettings
from jobtracker_core.runner.bounds import Bounds
from jobtracker_core.runner.channel import Ended, Garbled, GaveUp
from jobtracker_core.runner.execute import Result
from jobtracker_core.runner.outcome import Outcome
from jobtracker_core.runner.session import Task

GOOD = Result(
    outcome=Outcome(state=RunState.SUCCEEDED), counts=Counts(seen=3), tail=Counts(), filters=()
)


@pytest.fixture
def bounds(kit) -> Bounds:
    settings = CollectorSettings(base_url="http://127.0.0.1:8000", per_minute=7)
    collector = kit.scripted(kit.fail)
    return Bounds(Task(collector=collector, settings=settings, query=kit.canary))


def test_the_run_has_its_own_keys_and_pace(bounds: Bounds) -> None:
    assert bounds.key("site:board.example") == "site:board.example"
    assert bounds.key("site:127.0.0.1:8000") == "site:127.0.0.1:8000"
    assert (bounds.per_minute, bounds.burst) == (7, 1)
    for other in ("site:apis.indeed.com", "login:me", "site:127.0.0.1:8001", ""):
        with pytest.raises(Garbled, match="not the rate limit of this run"):
            bounds.key(other)


def test_a_run_ends_in_a_final_state(bounds: Bounds) -> None:
    assert bounds.final(Ended(result=GOOD)).result is GOOD  # type: ignore[union-attr]
    for state in (RunState.PENDING, RunState.RUNNING, RunState.MISSED):
        with pytest.raises(Garbled, match=f"does not end as {state}"):
            bounds.final(Ended(result=replace(GOOD, outcome=Outcome(state=state))))
        with pytest.raises(Garbled, match=f"does not end as {state}"):
            bounds.final(GaveUp(outcome=Outcome(state=state)))


@pytest.mark.parametrize("counts", [Counts(new=-5), Counts(seen=1 << 62)])
def test_numbers_that_cannot_be(bounds: Bounds, counts: Counts) -> None:
    with pytest.raises(Garbled, match="cannot be"):
        bounds.final(Ended(result=replace(GOOD, counts=counts)))
    with pytest.raises(Garbled, match="cannot be"):
        bounds.final(Ended(result=replace(GOOD, tail=counts)))
    with pytest.raises(Garbled, match="cannot be"):
        bounds.batch(Batch(kind="list", records=(), counts=counts))
    fine = Batch(kind="list", records=(), counts=Counts(seen=3))
    assert bounds.batch(fine) is fine
