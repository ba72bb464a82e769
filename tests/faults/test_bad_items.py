"""A page of a real run that has an item which cannot be read."""

from __future__ import annotations

import pytest

from crews import Crew
from jobtracker_core import RunState
from jobtracker_core.storage import events, runs

MANY, BAD = 500, 317
"""As the crew's board has them."""


@pytest.mark.fault(
    "F24",
    done="One of the 500 postings on a page that a worker's run delivered had no title.",
    holds="499 were stored, the one was counted and told with its place and the reason, and the run succeeded.",
)
def test_one_bad_item_of_five_hundred_costs_only_itself(crew: Crew) -> None:
    run_id = crew.put("one of many is bad")
    worker = crew.start()
    worker.wait("run ended", run=run_id)
    run = runs.get(crew.db, run_id)
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)
    assert (run.counts.seen, run.counts.new, run.counts.rejected) == (MANY - 1, MANY - 1, 1)
    assert crew.stored() == sorted(f"many-{number}" for number in range(MANY) if number != BAD)
    assert crew.counted() == (MANY - 1, MANY - 1)
    (told,) = [
        event.data
        for event in events.list_events(crew.db, run_id)
        if event.kind == "item_unreadable"
    ]
    assert told["path"] == f"postings[{BAD}].title"
    assert told["reason"] == "is empty"
