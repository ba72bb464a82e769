"""The latest jobs that a search finds, the best ones first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from jobtracker_core.search.analyzer import alternatives, analyse, places
from jobtracker_core.search.nodes import Node, Term, sought
from jobtracker_core.storage import find
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.find_plan import Plan, read_text
from jobtracker_core.storage.job_filters import Filters
from jobtracker_core.storage.jobs import Job
from jobtracker_core.storage.keyset import Page
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import jobs

RANKED: Final = 1_000
"""So many of the latest jobs are put in order at most; no more are shown."""

_COLUMNS: Final = (
    *(jobs.c.id, jobs.c.title, jobs.c.company, jobs.c.place, jobs.c.skills, jobs.c.language),
)
_MARK: Final = "best~"


def has_order(filters: Filters) -> bool:
    """Tell whether a list has words to be ordered by; raises SearchError."""
    node = read_text(filters)
    return node is not None and bool(sought(node))


def page(
    conn: Connection,
    plan: Plan,
    node: Node,
    *,
    limit: int,
    after: str | None,
    before: str | None,
    offset: int,
) -> Page[Job]:
    """Return a page of the best jobs.

    Raises:
        NotFound: `after` or `before` is nothing that a page of this order gave.
        ValueError: Both were given.
    """
    if after is not None and before is not None:
        raise ValueError("a list goes on `after` one row or ends `before` one, not both")
    if before is not None:
        end = max(_place(before) - offset, 0)
        start = max(end - limit, 0)
    else:
        start = offset + (0 if after is None else _place(after))
        end = start + limit
    order = ranked(conn, plan, node)
    items = tuple(find.read(conn, order[start:end]))
    return Page(
        items=items,
        after=f"{_MARK}{end}" if items and end < len(order) else None,
        before=f"{_MARK}{start}" if items and start > 0 else None,
    )


def ranked(conn: Connection, plan: Plan, node: Node) -> list[int]:
    """Return the latest jobs that a search finds, at most RANKED, the best first.

    More of the words in the title is better, and more of the title in the words; then more of them
    in company, place or skills; then the latest.
    """
    numbers = _latest(conn, plan)
    terms = [(term.field, _sequences(term)) for term in sought(node)]
    rows = conn.execute(sa.select(*_COLUMNS).where(one_of(conn, jobs.c.id, numbers)))
    worth = {row.id: _worth(row, terms) for row in rows}
    return sorted(worth, key=lambda number: (*worth[number], number), reverse=True)


def _latest(conn: Connection, plan: Plan) -> list[int]:
    """Return the latest jobs that a search finds, as far as they are quickly found."""
    some = find.sample(conn, plan, RANKED, enough=RANKED)
    missing = min(find.CHECKED, RANKED) - len(some.ids)
    if some.reached is None or some.is_short or missing <= 0:
        return some.ids
    # A few tell how many there are, which is all that others ask of a sample.
    return [*some.ids, *find.ids(conn, plan, missing, after=str(some.reached)).ids]


def _place(mark: str) -> int:
    number = mark.removeprefix(_MARK)
    if mark == number or not (number.isascii() and number.isdecimal()) or int(number) > RANKED:
        raise NotFound(f"{mark[:40]!r} is no position in a list", "Use the mark that a list gave.")
    return int(number)


def _sequences(term: Term) -> tuple[tuple[str, ...], ...]:
    return alternatives(term.text, prefix=term.is_prefix)


def _worth(row: Any, terms: Sequence[Any]) -> tuple[int, float, int]:
    title = analyse(row.title, row.language)
    others: dict[str, list[tuple[str, ...]]] = {
        "company": [analyse(row.company or "", row.language)],
        "place": [analyse(row.place or "", row.language)],
        "skill": [analyse(skill, row.language) for skill in row.skills or ()],
    }
    in_title = elsewhere = 0
    covered: set[int] = set()
    for field, sequences in terms:
        found = set(_covered(title, sequences)) if field in {None, "title"} else set()
        in_title += bool(found)
        covered |= found
        elsewhere += any(
            next(_covered(text, sequences), None) is not None
            for name, texts in others.items()
            if field in {None, name}
            for text in texts
        )
    return in_title, len(covered) / max(len(title), 1), elsewhere


def _covered(stems: tuple[str, ...], sequences: Sequence[Sequence[str]]) -> Iterator[int]:
    """Yield which stems of a text belong to a sequence in it."""
    for sequence in sequences:
        for at in places(stems, sequence):
            yield from range(at, at + len(sequence))
