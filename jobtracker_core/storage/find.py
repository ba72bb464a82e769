"""Jobs that a query in words finds, on either database the same ones."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy import Connection

from jobtracker_core.storage.find_few import narrowed
from jobtracker_core.storage.find_plan import Plan
from jobtracker_core.storage.find_rows import Asked, Hit, Hits, checked, in_order
from jobtracker_core.storage.job_filters import ORDERS, Walk
from jobtracker_core.storage.jobs import ALL_JOBS, JOBS, Job
from jobtracker_core.storage.keyset import Order
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import jobs

_IDS: Final = sa.select(jobs.c.id)


CHECKED: Final = 300
"""So many right ones are enough where each text has to be looked at."""


class Sample(Struct, frozen=True):
    """Numbers of jobs, the latest first.

    Attributes:
        reached: The job up to which these are all there are; None if they are all.
    """

    ids: list[int]
    reached: int | None


def has_words(plan: Plan) -> bool:
    """Tell whether the index of words is asked, or there is more than one branch."""
    return len(plan.branches) > 1 or plan.branches[0].tokens is not None


def ids(
    conn: Connection,
    plan: Plan,
    most: int,
    *,
    sort: Walk = "arrival",
    after: str | None = None,
    before: str | None = None,
) -> list[int]:
    """Return the first jobs of a list, or those next to a mark, from the one next to it on.

    Args:
        conn: Of a transaction.
        plan: What is asked for.
        most: So many jobs at most.
        sort: The order of the list.
        after: The mark of a page that it goes on after.
        before: The mark of a page that it ends before; then from the last job to the first.

    Raises:
        NotFound: A mark is nothing that a page of this order gave.
        ValueError: Both marks were given.
    """
    order = ORDERS[sort]
    up = before is not None
    mark = before if up else after
    found: list[int] = []
    walks = order.parts(_IDS, after=after, before=before)
    below = None if mark is None or order.value is not None else int(mark)
    for number, walk in enumerate(walks):
        hits: list[Hit] = []
        for branch in plan.branches:
            if branch.tokens is None:
                where = narrowed(conn, branch.where, branch.few)
                statement = order.parts(_IDS.where(*where), after=after, before=before)
                hits += _of_tables(conn, statement[number], order, most - len(found))
                continue
            asked = Asked(
                tokens=branch.tokens,
                where=branch.where,
                same=branch.same,
                few=branch.few,
                walk=walk,
                value=order.value,
                up=up,
                below=below,
                most=most - len(found),
            )
            hits += _by_words(conn, asked)[0]
        found += [hit.id for hit in in_order(hits, up=up)][: most - len(found)]
        if len(found) == most:
            break
    return found


def sample(conn: Connection, plan: Plan, most: int, *, enough: int) -> Sample:
    """Return the latest jobs of a list, at most so many; all of them where there are no more.

    Of several times as many, `enough` will do. Never an empty part of a list that has jobs.
    """
    order = ORDERS["arrival"]
    (walk,) = order.parts(_IDS)
    hits: list[Hit] = []
    reached = 0
    for branch in plan.branches:
        if branch.tokens is None:
            (statement,) = order.parts(_IDS.where(*narrowed(conn, branch.where, branch.few)))
            some = _of_tables(conn, statement, order, most + 1)
            end = None
        else:
            asked = Asked(
                tokens=branch.tokens,
                where=branch.where,
                same=branch.same,
                few=branch.few,
                walk=walk,
                value=None,
                up=False,
                below=None,
                most=most + 1,
                enough=enough,
            )
            some, end = _by_words(conn, asked)
        hits += some
        if len(some) > most:
            end = some[most].id
        reached = max(reached, end or 0)
    numbers = [hit.id for hit in in_order(hits, up=False) if hit.id >= reached]
    if len(numbers) > most:
        return Sample(numbers[:most], numbers[most - 1])
    return Sample(numbers, reached or None)


def _of_tables(
    conn: Connection, statement: sa.Select[Any], order: Order[Job], most: int
) -> list[Hit]:
    columns = [jobs.c.id] if order.value is None else [jobs.c.id, order.value]
    rows = conn.execute(statement.with_only_columns(*columns).limit(most))
    return [Hit(*row) for row in rows]


def _by_words(conn: Connection, asked: Asked) -> Hits:
    """Return the first hits in their order, whose texts were looked at where that is needed."""
    most = asked.most
    enough = None if asked.enough is None else min(asked.enough, CHECKED)
    known: dict[int, bool] = {}
    while True:
        found, reached = _engine(conn)(conn, asked)
        hits = in_order(found, up=asked.up)
        right, looked_at = checked(conn, asked.tokens, hits, most, enough=enough, known=known)
        if looked_at < len(hits) and len(right) < most:
            return right, hits[looked_at - 1].id
        if reached is not None and not right:
            # All of the part that would do were wrong: what follows may not be.
            asked = structs.replace(asked, enough=None)
            continue
        if len(right) == most or reached is not None or len(hits) < asked.most:
            return right, reached
        # Some that the index gave were wrong.
        asked = structs.replace(asked, most=4 * asked.most)


def _engine(conn: Connection) -> Any:
    if conn.dialect.name == "postgresql":
        from jobtracker_core.storage import find_postgresql  # noqa: PLC0415  (loads the driver)

        return find_postgresql.find
    from jobtracker_core.storage import find_sqlite  # noqa: PLC0415

    return find_sqlite.find


def read(conn: Connection, numbers: list[int]) -> list[Job]:
    """Read jobs, in the order of their numbers given; those that are gone are left out."""
    if not numbers:
        return []
    found = {
        job.id: job for job in JOBS.read(conn, ALL_JOBS.where(one_of(conn, jobs.c.id, numbers)))
    }
    return [found[number] for number in numbers if number in found]
