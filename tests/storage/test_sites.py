"""How many runs a site bears at once: what an operator says goes before what plugins say."""

from __future__ import annotations

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import queue, runs, slots
from jobtracker_core.storage.engine import Database
from queueing import ME, OTHER, SERVING, put, take, turn_on


def limit(db: Database, site: str = "example.org") -> tuple[int, bool]:
    (found,) = [one for one in slots.list_sites(db) if one.key == site]
    return found.max_parallel, found.set_by_operator


def test_a_site_follows_its_plugins(db: Database) -> None:
    turn_on(db)
    put(db, max_parallel=2)
    assert limit(db) == (2, False)
    slots.follow(db, {"example.org": 5, "unknown.example": 3})
    assert limit(db) == (5, False)
    slots.follow(db, {"example.org": 1})
    assert limit(db) == (1, False)
    assert [site.key for site in slots.list_sites(db)] == ["example.org"]
    # A row of the queue says it only where nothing is known.
    put(db, max_parallel=9)
    assert limit(db) == (1, False)


def test_what_an_operator_set_stays(db: Database) -> None:
    turn_on(db)
    put(db, max_parallel=2)
    slots.set_limit(db, "example.org", 3)
    slots.follow(db, {"example.org": 7})
    assert limit(db) == (3, True)
    slots.leave_to_plugins(db, "example.org", 7)
    assert limit(db) == (7, False)
    slots.follow(db, {"example.org": 4})
    assert limit(db) == (4, False)


def test_a_limit_that_is_lowered_lets_runs_go_on_and_begins_none(db: Database) -> None:
    turn_on(db)
    slots.set_limit(db, "example.org", 2)
    for _ in range(3):
        put(db)
    first, _ = take(db), take(db, OTHER)
    slots.set_limit(db, "example.org", 1)
    (site,) = slots.list_sites(db)
    assert site.running == 2
    runs.finish(db, first, state=RunState.SUCCEEDED)
    assert queue.claim(db, ME, serving=SERVING) is None
