"""Runs for the tests of the queue, with unimportant facts filled in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from jobtracker_core import JobTracker
from jobtracker_core.storage import collectors, jobs, queue, searches
from jobtracker_core.storage.claims import Claim
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.tables import job_changes
from jobtracker_core.tracker.job_forms import JobDraft

PLUGIN = queue.Installed(distribution="jobtracker-site", version="1.0")
SERVING = {"site": PLUGIN}
ME, OTHER = "h:b:1:1:me", "h:b:1:2:other"


def turn_on(db: Database, *names: str) -> None:
    collectors.ensure(db, names or ["site"])
    for name in names or ["site"]:
        collectors.set_enabled(db, name, True)


def wanted(**facts: Any) -> queue.Wanted:
    return queue.Wanted(
        **{
            "collector": "site",
            "trigger": "manual",
            "query": {"text": "python"},
            "query_hash": "q1",
            "site": "example.org",
            **facts,
        }
    )


def put(db: Database, **facts: Any) -> int:
    """Put a run into the queue, which must be possible; returns its number."""
    made = queue.enqueue(db, wanted(**facts))
    assert made.outcome == "made"
    return made.run_id


def take(db: Database, worker: str = ME, **facts: Any) -> Claim:
    """Claim a run, of which there must be one."""
    claim = queue.claim(db, worker, **{"serving": SERVING, **facts})
    assert claim is not None
    return claim


def changed(tracker: JobTracker, *, run_id: int, count: int) -> tuple[jobs.Change, ...]:
    """Let a run have changed two jobs again and again; returns all of it, as the run's list does."""
    db = tracker.database
    made = [tracker.jobs.create(JobDraft(title="x", url=f"https://x.example/{n}")) for n in "ab"]
    with db.write() as conn:
        facts = {"run_id": run_id, "at": db.now(conn), "kind": "list"}
        rows = [
            {**facts, "job_id": made[n % 2].job.id, "changes": {"title": [f"{n}", f"{n + 1}"]}}
            for n in range(count)
        ]
        conn.execute(sa.insert(job_changes), rows)
    return jobs.changes_of_run(db, run_id)


def draft(**facts: Any) -> searches.SearchDraft:
    return searches.SearchDraft(
        **{
            "name": "python in Berlin",
            "collector": "site",
            "site": "example.org",
            "query": {"text": "python"},
            "query_hash": "q1",
            **facts,
        }
    )
