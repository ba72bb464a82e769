"""Runs whose pages are sent by whoever read them, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import attempts, queue, upsert
from jobtracker_core.storage.claims import Claim, checkpoint
from jobtracker_core.storage.collectors import ensure_one
from jobtracker_core.storage.engine import now
from jobtracker_core.storage.merge import Kind
from jobtracker_core.storage.queue_tables import ingest_batches
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.tables import job_changes, jobs

LEASE_S: Final = 900.0
"""Seconds after which a run whose sender is silent counts as abandoned."""

MOST_REQUESTS: Final = 2**31 - 1
"""So many can a run count."""


class Sender(Struct, frozen=True, kw_only=True):
    """Who sends pages, and of what.

    Attributes:
        name: As runs show who asked for them.
        key: The sender's own name of the run.
    """

    name: str
    collector: str
    key: str
    query: Mapping[str, Any]

    @property
    def run_key(self) -> str:
        """What tells the run from all others."""
        return f"ingest:{self.name}:{self.collector}:{self.key}"


class Opened(Struct, frozen=True, kw_only=True):
    """A run as a batch finds it, locked to the end of the transaction.

    Attributes:
        http_requests: Those that its batches so far have told of.
    """

    claim: Claim
    state: RunState
    is_new: bool
    http_requests: int


def open_run(conn: Connection, sender: Sender) -> Opened:
    """Return the sender's run of that key, making it if there is none."""
    moment = now(conn)
    worker = f"ingest:{sender.name}"
    values = {
        "collector_id": ensure_one(conn, sender.collector, moment),
        "state": "running",
        "trigger": "api",
        "requested_by": sender.name,
        "dedup_key": sender.run_key,
        # Nothing is asked of the site from here: it takes none of its slots.
        "concurrency_key": sender.run_key,
        "slot": 1,
        "attempt": 1,
        "max_attempts": 1,
        "fence": 1,
        "worker_id": worker,
        "query": dict(sender.query),
        "lease_expires_at": moment + timedelta(seconds=LEASE_S),
        **dict.fromkeys(
            ("created_at", "scheduled_for", "started_at", "claimed_at", "heartbeat_at"), moment
        ),
    }
    # An insert that finds the run uses a number up, and there is one for each batch.
    there = conn.scalar(sa.select(runs.c.id).where(runs.c.dedup_key == sender.run_key))
    made = None
    if there is None:
        made = conn.scalar(queue.insert_unless_there(conn.dialect.name).values(values))
    if made is not None:
        attempts.begin(conn, run_id=made, fence=1, attempt=1, worker_id=worker, at=moment)
    row = conn.execute(
        sa.select(runs.c.id, runs.c.state, runs.c.worker_id, runs.c.fence, runs.c.http_requests)
        .where(runs.c.dedup_key == sender.run_key)
        .with_for_update()
    ).one()
    claim = Claim(run_id=row.id, fence=row.fence, worker_id=row.worker_id)
    return Opened(
        claim=claim,
        state=RunState(row.state),
        is_new=made is not None,
        http_requests=row.http_requests,
    )


class Answer(Struct, frozen=True, kw_only=True):
    """What was answered to a batch, as JSON, and the digest of what had been sent."""

    text: str
    digest: bytes


def answer_to(conn: Connection, run_id: int, number: int) -> Answer | None:
    """Return what was answered to a batch of a run; None if it never came."""
    row = conn.execute(
        sa.select(ingest_batches.c.answer, ingest_batches.c.digest).where(
            ingest_batches.c.run_id == run_id, ingest_batches.c.number == number
        )
    ).first()
    return None if row is None else Answer(text=row.answer, digest=row.digest)


def keep_answer(conn: Connection, run_id: int, number: int, answer: Answer) -> None:
    """Keep what is answered to a batch, in the batch's own transaction."""
    conn.execute(
        sa.insert(ingest_batches),
        {
            "run_id": run_id,
            "number": number,
            "digest": answer.digest,
            "answer": answer.text,
            "created_at": now(conn),
        },
    )


def store(
    conn: Connection,
    claim: Claim,
    *,
    source: str,
    kind: Kind,
    records: Sequence[Record],
    counts: Counts,
) -> Counts:
    """Write a page under a run that `open_run` has locked, and renew its lease.

    `counts` are the sender's own; returned are those of this page, each job counted as new or
    changed only once in the run. Raises LeaseLost if the run has ended.
    """
    moment = now(conn)
    # Late, and nobody has ended the run: it is still the sender's.
    conn.execute(
        sa.update(runs)
        .where(runs.c.id == claim.run_id, runs.c.lease_expires_at <= moment)
        .values(lease_expires_at=moment + timedelta(seconds=LEASE_S))
    )
    before = _changed_before(conn, claim.run_id, source, [record.source_id for record in records])
    written = upsert.write_page(
        conn, source=source, kind=kind, records=records, run_id=claim.run_id, now=moment
    )
    made = Counts(
        new=len(written.new),
        changed=len(set(written.changed) - before),
        unchanged=written.unchanged if kind == "list" else 0,
    )
    checkpoint(conn, claim, counts=counts + made, lease_s=LEASE_S)
    return counts + made


def _changed_before(
    conn: Connection, run_id: int, source: str, source_ids: Sequence[str]
) -> set[int]:
    """Return those of these jobs that the run has brought or found changed already."""
    changed = sa.exists().where(job_changes.c.run_id == run_id, job_changes.c.job_id == jobs.c.id)
    return set(
        conn.execute(
            sa.select(jobs.c.id).where(
                jobs.c.source == source,
                one_of(conn, jobs.c.source_id, source_ids),
                sa.or_(jobs.c.first_run_id == run_id, changed),
            )
        ).scalars()
    )
