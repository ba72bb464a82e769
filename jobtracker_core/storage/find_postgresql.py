"""Searches on PostgreSQL: over the newest jobs for words that many have, else by the index first.

The server cannot tell which of the two is quicker, and takes minutes where it is wrong. So each
statement here leaves it no choice, and how common a hit is, is seen from a first small part.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import TSQUERY

from jobtracker_core.storage.find_few import few
from jobtracker_core.storage.find_rows import FEWEST, Asked, Hit, Hits, follows, shown
from jobtracker_core.storage.find_tokens import Lexemes, Tokens, lexemes
from jobtracker_core.storage.fixed import Fixed
from jobtracker_core.storage.index_tables import job_index
from jobtracker_core.storage.index_tokens import EVERY
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import jobs

FIRST: Final = 200
"""Jobs of the first look: a word that every second job has fills a page."""

WALKED: Final = 1_000
"""Jobs of the further ones, at least."""

_MOST_BY_INDEX: Final = 30_000
_LONGEST_WALK: Final = 20_000
_NEWEST: Final = 1_000
_AT_ONCE: Final = 500
_FAR: Final = 3
_OFF: Final = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit")
_number: Final = job_index.c.job_id + 0
"""A sum, so that the server does not walk along the numbers."""
_ENDS: Final = [sa.select(end(jobs.c.id)).scalar_subquery() for end in (sa.func.min, sa.func.max)]


class _Sample(Struct):
    """What was seen on the way: of `walked` jobs, how many the index gave.

    Attributes:
        begin: Before which number it began.
        seen: Of those, the ones that the walk was along; all of them where it was along all.
        reached: The last one.
    """

    begin: int
    walked: int = 0
    seen: int = 0
    by_index: int = 0
    by_driver: int = 0
    reached: int = 0
    at_end: bool = False


def find(conn: Connection, asked: Asked) -> Hits:
    """Return the first jobs that are asked for, or all of them, in any order; some not sure."""
    query = lexemes(asked.tokens)
    with _planned(conn) as (lowest, highest):
        span = highest - lowest + 1
        sample = _Sample(begin=highest if asked.below is None else asked.below)
        found: list[Hit] = []
        for size in _looks(asked):
            found += _walk(conn, asked, query, sample, size)
            if len(found) >= asked.most or sample.at_end:
                return found, None
            if _is_thick(asked, query, sample, len(found), span):
                if not _are_more(conn, asked, sample, len(found)):
                    break
                return found, Hit(sample.reached)
            if span * sample.by_index <= _MOST_BY_INDEX * sample.walked and not (
                asked.same and _is_near(asked, query, sample, len(found), span)
            ):
                break
        return _beyond(conn, asked, query, sample, found, span)


def having(conn: Connection, tokens: Tokens, most: int) -> list[int]:
    """Return the numbers of jobs that the index has under these, the latest first."""
    with _planned(conn):
        hits = sa.select(_number).where(_has(_driving(lexemes(tokens).widest)))
        return [*conn.execute(hits.order_by(_number.desc()).limit(most)).scalars()]


def _beyond(
    conn: Connection, asked: Asked, query: Lexemes, sample: _Sample, found: list[Hit], span: int
) -> Hits:
    """Find what is no further on by a walk, by the way that the walk so far makes look best."""
    numbers = few(conn, asked.few)
    if numbers is not None:
        return _of_few(conn, asked, query, numbers), None
    is_rare = span * sample.by_index <= _MOST_BY_INDEX * sample.walked
    if is_rare or not _are_more(conn, asked, sample, len(found)):
        return _by_index(conn, asked, query, query.widest)
    if query.driver and span * sample.by_driver <= _MOST_BY_INDEX * sample.walked:
        return _by_index(conn, asked, query, query.driver)
    if asked.enough is not None and len(found) >= FEWEST:
        return found, Hit(sample.reached)
    return found + _further(conn, asked, query, sample, len(found)), None


def _looks(asked: Asked) -> tuple[int, int, int]:
    """Return how far to walk before another way is chosen: further where columns leave few."""
    if _along(asked) is not None:
        return (FIRST // 4, FIRST, WALKED)
    return (
        (FIRST, WALKED, 4 * WALKED) if asked.same else (FIRST, WALKED // 3 + 1, WALKED * 2 // 3 + 1)
    )


def _along(asked: Asked) -> sa.Select[Any] | None:
    """Return the walk along some of the jobs; None where there is none in the order asked for."""
    if asked.along is None or asked.value is not None:
        return None
    return asked.walk.where(asked.along)


def _is_near(asked: Asked, query: Lexemes, sample: _Sample, found: int, span: int) -> bool:
    """Tell whether the walk is likely to end before all of its looks with what suffices."""
    wanted = asked.most if asked.enough is None else min(asked.most, asked.enough)
    # One more than was seen: in a short look, few are few by chance.
    near = (sample.by_index + 1) * sum(_looks(asked)) > wanted * sample.seen
    if asked.enough is not None:
        near = near and query.surest == query.widest
        near = near and sample.by_index * span > _FAR * asked.most * sample.walked
    return near and found < wanted


def _is_thick(asked: Asked, query: Lexemes, sample: _Sample, found: int, span: int) -> bool:
    """Tell whether enough were found, all of them right, and there are likely far more."""
    if asked.enough is None or found < asked.enough or query.surest != query.widest:
        return False
    return found * span > _FAR * asked.most * sample.walked


def _are_more(conn: Connection, asked: Asked, sample: _Sample, found: int) -> bool:
    """Tell whether there are far more to walk along, however close those seen so far stand."""
    along = _along(asked)
    if along is None:
        return True
    needed = _FAR * asked.most * sample.seen // max(found, 1)
    return conn.execute(along.offset(needed).limit(1)).first() is not None


def _further(
    conn: Connection, asked: Asked, query: Lexemes, sample: _Sample, before: int
) -> list[Hit]:
    """Go on with the walk while it finds enough; else begin with what the tables are asked."""
    found: list[Hit] = []
    while (size := _needed(asked, sample, before + len(found))) is not None:
        found += _walk(conn, asked, query, sample, min(size, 2 * WALKED))
        if before + len(found) >= asked.most or sample.at_end:
            return found
    wanted: list[Hit] = []
    along = _along(asked)
    walk = (asked.walk if along is None else along).where(*asked.where)
    walk = walk if asked.value is None else walk.add_columns(asked.value)
    part, size = walk, WALKED
    while len(wanted) < asked.most:
        chunk = [Hit(*row) for row in conn.execute(part.limit(size))]
        numbers = [hit.id for hit in chunk]
        wanted += _held_all(conn, asked, query, numbers, asked.most - len(wanted))
        if len(chunk) < size:
            break
        part = walk.where(follows(asked, chunk[-1]))
        size = min(2 * size, _LONGEST_WALK)
    return found + wanted


def _of_few(conn: Connection, asked: Asked, query: Lexemes, numbers: list[int]) -> list[Hit]:
    """Hold jobs that are few to the index, in their order, until there are enough."""
    walk = asked.walk.where(one_of(conn, jobs.c.id, numbers), *asked.where)
    ordered = list(conn.execute(walk).scalars())
    return _held_all(conn, asked, query, ordered, asked.most)


def _held_all(
    conn: Connection, asked: Asked, query: Lexemes, numbers: list[int], most: int
) -> list[Hit]:
    """Hold jobs to the index, in their order, until there are enough."""
    found: list[Hit] = []
    for at in range(0, len(numbers), _AT_ONCE):
        found += _held(conn, asked, query, numbers[at : at + _AT_ONCE])
        if len(found) >= most:
            break
    return found


def _needed(asked: Asked, sample: _Sample, found: int) -> int | None:
    """Return how many jobs more are likely to fill the page; None where they are too many."""
    if not found:
        return None
    size = (asked.most - found) * sample.seen // found * 5 // 4 + FIRST
    return size if size + sample.seen <= _LONGEST_WALK else None


@contextmanager
def _planned(conn: Connection) -> Iterator[tuple[int, int]]:
    """Keep the server from plans for any value, from reading all rows and from compiling.

    Where it is given some thousand numbers of jobs, it would rather join the whole index. Gives
    the lowest and the highest number of a job.
    """
    ((lowest, highest, *_),) = _BEGIN.rows(conn)
    yield lowest or 0, highest or 0
    _END.rows(conn)


def _settings(values: dict[str, str], *also: sa.ColumnElement[Any]) -> Fixed:
    made = (sa.func.set_config(name, value, True) for name, value in values.items())
    return Fixed(sa.select(*also, *made), stable=True)


_BEGIN: Final = _settings(
    {"plan_cache_mode": "force_custom_plan", **dict.fromkeys(_OFF, "off")}, *_ENDS
)
_END: Final = _settings({"plan_cache_mode": "auto", **dict.fromkeys(_OFF, "on")})


def _text(query: str) -> sa.ColumnElement[Any]:
    return sa.cast(sa.literal(query, sa.Text), TSQUERY)


def _has(query: str | None) -> sa.ColumnElement[bool]:
    if query is None:
        return sa.false()
    return job_index.c.words.bool_op("@@")(_text(query))


def _holds(query: str | None) -> sa.ColumnElement[bool]:
    """Say the same so that the server looks at the rows it has, and not in the index."""
    return _has(query).is_(sa.true())


def _walk(conn: Connection, asked: Asked, query: Lexemes, sample: _Sample, size: int) -> list[Hit]:
    """Hold the next jobs of the walk to the index, and then to the conditions."""
    along = _along(asked)
    walk = asked.walk if along is None else along
    walked = [*conn.execute(walk.limit(size).offset(sample.seen)).scalars().all()]
    sample.seen += len(walked)
    sample.reached = walked[-1] if walked else 0
    sample.at_end = len(walked) < size
    # Of a walk along some, the others lie between.
    apart = abs(sample.begin - sample.reached) + 1
    sample.walked = sample.seen if along is None else apart
    fits = sa.and_(*asked.where) if asked.where else sa.true()
    by_driver = query.driver or query.widest
    widest = sa.true() if by_driver == query.widest else _holds(query.widest)
    holds = _holds(by_driver)
    rows = _read(conn, asked, query, walked, *asked.same, holds, also=(widest, fits))
    sample.by_driver += len(rows)
    rows = [row for row in rows if row[3]]
    sample.by_index += len(rows)
    return [Hit(*row[:3]) for row in rows if row[4]]


def _read(
    conn: Connection,
    asked: Asked,
    query: Lexemes,
    numbers: list[int],
    *where: sa.ColumnElement[bool],
    also: tuple[sa.ColumnElement[bool], ...] = (),
) -> list[tuple[Any, ...]]:
    """Read what a `Hit` is made of, and more, of those of these jobs that the index has."""
    value = sa.null() if asked.value is None else asked.value
    sure = sa.true() if query.surest == query.widest else _holds(query.surest)
    statement = (
        sa.select(jobs.c.id, value, sure, *also)
        .select_from(jobs.join(job_index, job_index.c.job_id == jobs.c.id))
        .where(one_of(conn, jobs.c.id, numbers), *where)
    )
    return [tuple(row) for row in conn.execute(statement).all()] if numbers else []


def _held(conn: Connection, asked: Asked, query: Lexemes, numbers: list[int]) -> list[Hit]:
    where = (*asked.same, *asked.where)
    rows = _read(conn, asked, query, numbers, _holds(query.widest), *where)
    return [Hit(*row) for row in rows]


def _by_index(conn: Connection, asked: Asked, query: Lexemes, driver: str) -> Hits:
    """Ask the index first, and the tables then."""
    ways = query.ways if driver == query.widest else (driver,)
    hits = sa.select(_number).where(sa.or_(*(_has(_driving(way)) for way in ways)))
    if asked.below is not None:
        hits = hits.where(_number > asked.below if asked.up else _number < asked.below)
    newest = max(_NEWEST, asked.most)
    if asked.value is None:
        hits = hits.order_by(_number.asc() if asked.up else _number.desc())
        numbers = [*conn.execute(hits.limit(newest)).scalars().all()]
        found = _held_few(conn, asked, query, driver, numbers)
        if len(numbers) < newest or len(found) >= asked.most:
            return found, None
        if asked.enough is not None and len(found) >= asked.enough:
            return found, Hit(numbers[-1])
        seen = set(numbers)
        numbers = [one for one in conn.execute(hits).scalars() if one not in seen]
        further = structs.replace(asked, most=asked.most - len(found))
        return found + _held_few(conn, further, query, driver, numbers), None
    unordered = list(conn.execute(hits).scalars())
    wanted = asked.walk.where(one_of(conn, jobs.c.id, unordered), *asked.where)
    numbers = list(conn.execute(wanted).scalars())
    return _held_few(conn, asked, query, driver, numbers), None


def _driving(query: str) -> str:
    """Return the same with a word to find: without, the server would read all of the index."""
    return f"'{EVERY}' & {query}" if query.startswith(("!", "(!")) else query


def _held_few(
    conn: Connection, asked: Asked, query: Lexemes, driver: str, numbers: list[int]
) -> list[Hit]:
    """Hold jobs to all the rest, in their order, until there are enough."""
    if asked.value is None and numbers and driver == query.widest:
        all_shown = shown(conn, asked, numbers)
        if all_shown is not None:
            is_sure = query.surest == query.widest
            return [Hit(number, is_sure=is_sure) for number in all_shown]
    found: list[Hit] = []
    rest = [_holds(query.widest)] if driver != query.widest else []
    at, size = 0, max(2 * asked.most, _AT_ONCE // 4)
    while at < len(numbers) and len(found) < asked.most:
        some = numbers[at : at + min(size, _NEWEST)]
        at += len(some)
        size *= 4
        found += [Hit(*r) for r in _read(conn, asked, query, some, *rest, *asked.where)]
    return found
