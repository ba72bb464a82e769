"""Workers that stand still beyond their lease and come back: zombies, which write nothing."""

from __future__ import annotations

import signal

import pytest

from crews import SHORT_LEASE_S, Crew, served, strike, wait_until
from jobtracker_core import RunState

FROZEN_TRANSACTION_S = 2


def impatient(url: str, dialect: str) -> str:
    """Return the address with which PostgreSQL soon ends the transaction of who stands still."""
    if dialect == "sqlite":
        return url
    option = f"-c%20idle_in_transaction_session_timeout%3D{FROZEN_TRANSACTION_S}s"
    return f"{url}{'&' if '?' in url else '?'}options={option}"


@pytest.mark.fault(
    "F4",
    done="A worker was stopped (SIGSTOP) between two pages, and went on (SIGCONT) when another one had its run.",
    holds="The run was taken up after its lease, no fence went back, each posting was stored once, the first worker broke off and went on with other runs.",
)
def test_a_worker_that_was_frozen_between_pages_writes_nothing_more(
    crew: Crew, db_url: str, dialect: str
) -> None:
    run_id = crew.put("gated")
    # Its heartbeat may be what is stopped in the middle of a transaction.
    frozen = crew.start(url=impatient(db_url, dialect))
    wait_until(lambda: crew.has_event(run_id, "at_the_gate"))
    with crew.db.write():  # of a file there is one lock: it does not stand still with that
        frozen.freeze()
    crew.end_lease(run_id)
    other = crew.start()
    other.wait("run started", run=run_id)
    first, second = crew.attempts(run_id)
    assert (first.outcome, first.error_class) == ("lost", "lease_lost")
    assert second.worker_id != first.worker_id
    crew.open_gate()
    other.wait("run ended", run=run_id)
    frozen.signal(signal.SIGCONT)
    # It finds out by the fence, or by the end of its process: whoever took the run up has ended it.
    gone = ("run broken off", "run lost to another worker")
    wait_until(lambda: any(frozen.said(event, run=run_id) for event in gone))
    assert crew.state(run_id) is RunState.SUCCEEDED
    assert crew.stored() == sorted(served("berlin"))
    assert crew.counted() == (len(served("berlin")),) * 2
    assert crew.backwards() == 0

    other.kill()
    again = crew.put("plain", "munich")
    frozen.wait("run ended", run=again)
    assert crew.state(again) is RunState.SUCCEEDED


@pytest.mark.fault(
    "F4",
    done="A worker was stopped (SIGSTOP) inside the transaction of a page, beyond its lease.",
    holds="PostgreSQL ended its transaction and another worker took the run up; on SQLite all waited until it went on; it kept nothing of the page, and no fence went back.",
)
def test_a_worker_that_was_frozen_inside_a_transaction_keeps_nothing_of_it(
    crew: Crew, db_url: str, dialect: str, tmp_path
) -> None:
    mark = tmp_path / "frozen"
    url = impatient(db_url, dialect)
    run_id = crew.put("plain")
    frozen = crew.start(url=url, told=strike("page", signal.SIGSTOP, mark), lease_s=SHORT_LEASE_S)
    wait_until(mark.exists)
    assert crew.counted() == (0, 0)
    other = crew.launch()
    if dialect == "sqlite":
        # Nobody can write before it goes on; what it was about to write is too late by then.
        wait_until(lambda: crew.db.present() > crew.lease_end(run_id))
        frozen.signal(signal.SIGCONT)
        frozen.wait("run broken off", run=run_id)
    else:
        other.wait("run ended", run=run_id)
        frozen.signal(signal.SIGCONT)
        frozen.wait("run broken off", run=run_id)
    crew.wait_for_end(run_id)
    *lost, last = (one.outcome for one in crew.attempts(run_id))
    # Where it goes on it may take the run up again, and be too slow for so short a lease.
    assert (set(lost), last) == ({"lost"}, "succeeded")
    assert crew.stored() == sorted(served("berlin"))
    assert crew.counted() == (len(served("berlin")),) * 2
    assert crew.backwards() == 0
