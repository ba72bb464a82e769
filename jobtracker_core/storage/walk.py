"""All jobs of a list, one after the other, without holding them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Unpack

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.job_filters import Filters, Sort, Walk
from jobtracker_core.storage.jobs import Job
from jobtracker_core.storage.relevance import RANKED, has_order
from jobtracker_core.storage.search import list_jobs
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import job_texts

_AT_ONCE = 500


class WalkedJob(Job, frozen=True, kw_only=True):
    """A job of a walk; `description` is sanitised HTML, and UNSET unless it was asked for."""

    description: str | UnsetType | None = UNSET


def walk_jobs(
    db: Database,
    *,
    with_text: bool = False,
    sort: Sort = "arrival",
    **filters: Unpack[Filters],
) -> Iterator[WalkedJob]:
    """Yield the jobs that `list_jobs` lists, in the same order.

    Reads some hundred at a time, each lot in a transaction of its own, so that a slow reader keeps
    nobody waiting. Jobs that arrive meanwhile are not among them. By relevance, the latest come in
    the order of that list, and behind them all others in the order of their arrival.
    """
    for items in _pages(db, sort, filters):
        texts = _descriptions(db, [job.id for job in items]) if with_text else {}
        for job in items:
            yield WalkedJob(
                **msgspec.structs.asdict(job),
                description=texts.get(job.id) if with_text else UNSET,
            )


def _pages(db: Database, sort: Sort, filters: Filters) -> Iterator[tuple[Job, ...]]:
    after: str | None = None
    if sort == "relevance" and has_order(filters):
        # At once: with what arrives between two pages, the order would be another.
        best = list_jobs(db, limit=RANKED, sort=sort, **filters).items
        for at in range(0, len(best), _AT_ONCE):
            yield best[at : at + _AT_ONCE]
        if not best:
            return
        # They are the latest of all that are found.
        after = str(min(job.id for job in best))
    order: Walk = "arrival" if sort == "relevance" else sort
    while True:
        page = list_jobs(db, limit=_AT_ONCE, after=after, sort=order, **filters)
        yield page.items
        after = page.after
        if after is None:
            return


def _descriptions(db: Database, ids: Sequence[int]) -> dict[int, str | None]:
    with db.read() as conn:
        found = conn.execute(
            sa.select(job_texts.c.job_id, job_texts.c.description).where(
                one_of(conn, job_texts.c.job_id, ids)
            )
        )
        return {row.job_id: row.description for row in found}
