"""Jobs that a query in words finds, on either database the same ones."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct, field, structs
from sqlalchemy import Connection

from jobtracker_core.storage.find_marks import narrowed
from jobtracker_core.storage.find_plan import Branch, Plan
from jobtracker_core.storage.find_rows import Asked, Hit, checked, follows, in_order
from jobtracker_core.storage.job_filters import ORDERS, Walk
from jobtracker_core.storage.jobs import ALL_JOBS, JOBS, Job
from jobtracker_core.storage.keyset import Order
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import jobs

_IDS: Final = sa.select(jobs.c.id)


CHECKED: Final = 300
"""So many right ones are enough where each text has to be looked at."""

LOOKED_AT: Final = 2_000
"""Texts that are looked at for one list. Of a phrase of words that nearly all texts have, and
nearly none side by side, all of them would be."""


class Part(Struct, frozen=True):
    """Numbers of jobs in the order of a list.

    Attributes:
        mark: Where the list goes on, if fewer than were asked for were found so far.
    """

    ids: list[int]
    mark: str | None


class Sample(Struct, frozen=True):
    """Numbers of jobs, the latest first.

    Attributes:
        reached: The job up to which these are all there are; None if they are all.
        is_short: Whether it ends there though fewer were found than are enough.
    """

    ids: list[int]
    reached: int | None
    is_short: bool = False


class _Stretch(Struct, frozen=True, kw_only=True):
    """What is to be found of one part of an order, from a place on.

    Attributes:
        walk: All jobs of the part from there on, in the order.
        number: Which part of the order it is.
        after: The mark that it begins after.
        before: The mark that it ends before; then from the last job to the first.
        below: The number of the job there, where the order is that of numbers.
        most: So many jobs at most.
        enough: So many of several times as many will do; None if all are needed.
        kept: See `Asked`.
    """

    order: Order[Job]
    walk: sa.Select[Any]
    number: int = 0
    after: str | None = None
    before: str | None = None
    below: int | None = None
    most: int
    enough: int | None = None
    kept: dict[str, str] = field(default_factory=dict)


class _Found(Struct, frozen=True):
    """The first hits in their order; `reached` is where they end if more may follow."""

    hits: list[Hit]
    reached: Hit | None = None
    is_short: bool = False


def has_words(plan: Plan) -> bool:
    """Tell whether the index of words is asked, or there is more than one branch."""
    return len(plan.branches) > 1 or plan.branches[0].tokens is not None


def of_one(conn: Connection, plan: Plan, wanted: int) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a plan that has no words, so many of whose jobs are wanted."""
    (branch,) = plan.branches
    return narrowed(conn, branch.where, branch.few, branch.marks, wanted)


def ids(
    conn: Connection,
    plan: Plan,
    most: int,
    *,
    sort: Walk = "arrival",
    after: str | None = None,
    before: str | None = None,
) -> Part:
    """Return the first jobs of a list, or those next to a mark, from the one next to it on.

    Fewer, and the mark to go on from, where more than `LOOKED_AT` texts would have to be read.

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
    # This first: it refuses marks that are none.
    walks = order.parts(_IDS, after=after, before=before)
    below = None if mark is None or order.value is not None else int(mark)
    found: list[int] = []
    kept: dict[str, str] = {}
    for number, walk in enumerate(walks):
        stretch = _Stretch(
            order=order,
            walk=walk,
            number=number,
            after=after,
            before=before,
            below=below,
            most=most - len(found),
            kept=kept,
        )
        part = _of_all(conn, plan, stretch)
        found += [hit.id for hit in part.hits]
        if len(found) == most:
            break
        if part.reached is not None:
            return Part(found, order.place(part.reached.id, part.reached.value))
    return Part(found, None)


def sample(conn: Connection, plan: Plan, most: int, *, enough: int) -> Sample:
    """Return the latest jobs of a list, at most so many; all of them where there are no more.

    Of several times as many, `enough` will do. Never an empty part of a list that has jobs, unless
    it is short.
    """
    order = ORDERS["arrival"]
    (walk,) = order.parts(_IDS)
    stretch = _Stretch(order=order, walk=walk, most=most + 1, enough=enough)
    hits: list[Hit] = []
    reached = 0
    is_short = False
    for branch in plan.branches:
        found = _of_branch(conn, plan, branch, stretch)
        hits += found.hits
        end = found.hits[most] if len(found.hits) > most else found.reached
        is_short = is_short or found.is_short
        reached = max(reached, 0 if end is None else end.id)
    numbers = [hit.id for hit in in_order(hits, up=False) if hit.id >= reached]
    if len(numbers) > most:
        return Sample(numbers[:most], numbers[most - 1])
    return Sample(numbers, reached or None, is_short and len(numbers) < enough)


def _of_all(conn: Connection, plan: Plan, stretch: _Stretch) -> _Found:
    """Return the first hits of all branches, each job once, up to where all are known."""
    up = stretch.before is not None
    hits: list[Hit] = []
    ends: list[Hit] = []
    for branch in plan.branches:
        some = _of_branch(conn, plan, branch, stretch)
        hits += some.hits
        if some.reached is not None and len(some.hits) < stretch.most:
            ends.append(some.reached)
    # Behind the first place where a branch was left, not all are known.
    end = next(iter(in_order(ends, up=up)), None)
    ordered = in_order([*hits, *ends], up=up)
    known = ordered if end is None else ordered[: ordered.index(end) + 1]
    right = {hit.id for hit in hits}
    return _Found([hit for hit in known if hit.id in right][: stretch.most], end)


def _of_branch(conn: Connection, plan: Plan, branch: Branch, stretch: _Stretch) -> _Found:
    """Return the first hits of one branch, in their order."""
    order = stretch.order
    if branch.tokens is None:
        where = narrowed(conn, branch.where, branch.few, branch.marks, stretch.most)
        parts = order.parts(_IDS.where(*where), after=stretch.after, before=stretch.before)
        return _Found(_of_tables(conn, parts[stretch.number], order, stretch.most))
    asked = Asked(
        tokens=branch.tokens,
        where=branch.where,
        same=branch.same,
        few=branch.few,
        along=branch.along,
        walk=stretch.walk,
        value=order.value,
        up=stretch.before is not None,
        below=stretch.below,
        most=stretch.most,
        enough=stretch.enough,
        kept=stretch.kept,
    )
    return _by_words(conn, asked, max(LOOKED_AT // len(plan.branches), 1))


def _of_tables(
    conn: Connection, statement: sa.Select[Any], order: Order[Job], most: int
) -> list[Hit]:
    columns = [jobs.c.id] if order.value is None else [jobs.c.id, order.value]
    rows = conn.execute(statement.with_only_columns(*columns).limit(most))
    return [Hit(*row) for row in rows]


def _by_words(conn: Connection, asked: Asked, budget: int) -> _Found:
    """Return the first hits in their order, whose texts were looked at where that is needed."""
    most = asked.most
    enough = None if asked.enough is None else min(asked.enough, CHECKED)
    known: dict[int, bool] = {}
    right: list[Hit] = []
    while True:
        found, reached = _engine(conn)(conn, asked)
        hits = in_order(found, up=asked.up)
        some, looked_at = checked(
            conn,
            asked.tokens,
            hits,
            most - len(right),
            enough=None if enough is None else enough - len(right),
            known=known,
            budget=budget,
        )
        is_part = reached is not None and asked.enough is not None
        if is_part and looked_at == len(hits) and not (right or some):
            # All of the part that would do were wrong: what follows may not be.
            asked = structs.replace(asked, enough=None)
            continue
        right += some
        if looked_at < len(hits) and len(right) < most:
            is_short = enough is None or len(right) < enough
            return _Found(right, hits[looked_at - 1], is_short)
        if len(right) == most or reached is not None or len(hits) < asked.most:
            return _Found(right, reached, reached is not None and not is_part)
        # Some that the index gave were wrong: go on behind them.
        asked = _behind(asked, hits[-1])
        if enough is not None and len(right) >= enough:
            return _Found(right, hits[-1])


def _behind(asked: Asked, hit: Hit) -> Asked:
    """Return the same for what follows a hit, and for more at once."""
    return structs.replace(
        asked,
        walk=asked.walk.where(follows(asked, hit)),
        below=hit.id if asked.value is None else None,
        most=min(4 * asked.most, LOOKED_AT),
    )


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
