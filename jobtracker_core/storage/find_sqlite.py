"""Searches on SQLite: FTS5 walks the hits in the order of arrival, from any place on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy import Connection

from jobtracker_core.search.folding import LONGEST_WORD
from jobtracker_core.storage.find_few import few
from jobtracker_core.storage.find_rows import (
    FEWEST,
    Asked,
    Hit,
    Hits,
    checked,
    follows,
    in_order,
    shown,
)
from jobtracker_core.storage.find_tokens import (
    Either,
    Tokens,
    Words,
    is_dear,
    loosened,
    match,
    short,
)
from jobtracker_core.storage.index_tables import job_index_fts
from jobtracker_core.storage.statements import one_of, one_of_named
from jobtracker_core.storage.tables import jobs

WALKED: Final = 1_000
"""So many hits are held to the conditions before another way is thought of."""

COUNTED_AMONG: Final = 100_000
"""Of so many jobs, phrases and beginnings are counted exactly."""

_MOST_SORTED: Final = 20_000
_SMALLEST: Final = 100
_LARGEST: Final = 5_000
_PATIENCE: Final = 50
_FAR: Final = 3
_LOOKED_AT: Final = 300
_MOST_LOOKED_AT: Final = 1_500
_LAST_LOOK: Final = 4_000
_FIRST_LOOK: Final = 40
_COMMON: Final = 1 / 3
SHORTEST: Final = 3
"""Letters that a beginning needs to be looked up, if few jobs have it."""

_QUERY: Final = sa.text("job_index MATCH :query")
_fts: Final = job_index_fts


def find(conn: Connection, asked: Asked) -> Hits:
    """Return the first jobs that are asked for, or all of them, in any order."""
    query = match(asked.tokens)
    for letters, steps, share in (
        (SHORTEST, (_LOOKED_AT, _MOST_LOOKED_AT), 0.0),
        (LONGEST_WORD + 1, (_FIRST_LOOK, _LOOKED_AT), _COMMON),
    ):
        loose = loosened(asked.tokens, letters)
        if match(loose) != query:
            hits = _by_looking(conn, asked, loose, steps, share)
            if hits is not None:
                return hits
            break
    return _find(conn, asked, query)


def _by_looking(
    conn: Connection, asked: Asked, loose: Tokens, steps: tuple[int, ...], share: float
) -> Hits | None:
    """Look at the texts of the next few jobs, for a beginning that most of them have.

    FTS5 puts together all that begins so before it looks for anything: with one or two letters,
    that is half the index. None where they are not enough, or less than a share of them is right;
    a part of the list where asking FTS5 instead would take too long.
    """
    query = match(loose)
    enough = asked.most if asked.enough is None else min(asked.enough, asked.most)
    if share and enough > steps[-1]:
        return None
    some = sa.select(_fts.c.rowid).where(_QUERY).limit(_MOST_LOOKED_AT).subquery()
    candidates = conn.execute(sa.select(sa.func.count()).select_from(some), {"query": query})
    if candidates.scalar_one() < _MOST_LOOKED_AT:
        # No more jobs have the rest of what is asked for: few enough for either way.
        if share:
            return None
        steps, enough = (_MOST_LOOKED_AT,), asked.most
    known: dict[int, bool] = {}
    for most in steps:
        right, left = _look(conn, asked, loose, most, enough, known)
        if left is None or len(right) >= enough:
            return right, None if len(right) == asked.most else left
        if len(right) <= share * most:
            break
    if share or not _are_dear(conn, asked.tokens, list(known)):
        return None
    if asked.value is None:
        right, left = _look(conn, asked, loose, _LAST_LOOK, enough, known)
    return right, None if len(right) == asked.most else left


def _look(
    conn: Connection, asked: Asked, loose: Tokens, most: int, enough: int, known: dict[int, bool]
) -> tuple[list[Hit], Hit | None]:
    """Return what is right of the next so many, and the last one if others follow."""
    few_of_them = structs.replace(asked, tokens=loose, most=most, enough=None)
    hits, _ = _find(conn, few_of_them, match(loose))
    unsure = [structs.replace(hit, is_sure=False) for hit in hits]
    some = in_order(unsure, up=asked.up)[:most]
    found, looked_at = checked(conn, asked.tokens, some, asked.most, enough=enough, known=known)
    is_whole = len(some) < most and looked_at == len(some)
    return [Hit(hit.id, hit.value) for hit in found], None if is_whole else some[looked_at - 1]


def _are_dear(conn: Connection, tokens: Tokens, numbers: list[int]) -> bool:
    """Tell whether many of these jobs have a short beginning: FTS5 would read on for seconds."""
    begun = [Words(words.stems[-1:], is_prefix=True) for words in short(tokens, SHORTEST)]
    some = [Hit(number, is_sure=False) for number in numbers[:_FIRST_LOOK]]
    found, _ = checked(conn, Either(tuple(begun)), some, len(some))
    return len(found) > _COMMON * len(some)


def _find(conn: Connection, asked: Asked, query: str) -> Hits:
    if asked.value is None:
        return _by_arrival(conn, asked, query)
    rare = few(conn, asked.few)
    if rare is not None:
        return _of_few(conn, asked, query, rare), None
    hits = asked.kept.get(query)
    if hits is None:
        some = sa.select(_fts.c.rowid).where(_QUERY).limit(_MOST_SORTED + 1).subquery()
        listed = sa.select(sa.func.json_group_array(some.c.rowid))
        hits = asked.kept[query] = conn.execute(listed, {"query": query}).scalar_one()
    if hits.count(",") >= _MOST_SORTED:
        return _by_walk(conn, asked, query), None
    among = one_of_named("sqlite", jobs.c.id, "hits")
    wanted = asked.walk.add_columns(asked.value).where(among, *asked.where)
    rows = conn.execute(wanted.limit(asked.most), {"hits": hits})
    return [Hit(number, value) for number, value in rows], None


class _Look(Struct):
    """Where a search in the order of arrival has come to.

    Attributes:
        below: What follows has smaller numbers, or larger ones where the order is turned round.
        end: The job up to which hits are counted, whatever follows; None for as long as there are.
    """

    below: int | None
    walked: int = 0
    first: int | None = None
    end: int | None = None

    def rowids(
        self, conn: Connection, query: str, size: int, *, up: bool, past: int = 0
    ) -> list[int]:
        """Return the next hits of the index, but for so many of them."""
        hits, number = sa.select(_fts.c.rowid).where(_QUERY), _fts.c.rowid
        if self.below is not None:
            hits = hits.where(number > self.below if up else number < self.below)
        if self.end is not None:
            hits = hits.where(number >= self.end)
        hits = hits.order_by(number.asc() if up else number.desc()).limit(size).offset(past)
        return [*conn.execute(hits, {"query": query}).scalars().all()]

    def go_on(self, asked: Asked, numbers: list[int], size: int) -> None:
        """Look further, behind these."""
        self.below = numbers[-1] if len(numbers) == size else self.end
        self.walked += size
        if self.first is None and self.below is not None:
            self.first = numbers[0]
            end = self.first - COUNTED_AMONG
            # Of words side by side, and of beginnings, FTS5 reads far more than it finds.
            if asked.enough is not None and end > 0 and is_dear(asked.tokens):
                self.end = end

    def is_far_enough(self, found: int) -> bool:
        """Tell whether it has come to its end with some; without, it has none any more."""
        if self.end is None or self.below is None or self.below > self.end:
            return False
        if found < _SMALLEST:
            self.end = None
        return found >= _SMALLEST

    def is_thick(self, asked: Asked, found: int) -> bool:
        """Tell whether there are likely far more than are wanted, by how thick they lie so far."""
        if asked.enough is None or self.first is None or self.below is None:
            return False
        likely = found * self.first / (self.first - self.below + 1)
        far = found >= min(asked.enough, asked.most) and likely > _FAR * asked.most
        return far or (found >= FEWEST and likely > _LARGEST * _FAR)


def _suffices(conn: Connection, asked: Asked, query: str, look: _Look, found: int) -> bool:
    if look.is_far_enough(found):
        return True
    if not look.is_thick(asked, found):
        return False
    # All of them may have come of late.
    return bool(look.rowids(conn, query, 1, up=asked.up, past=asked.most - found))


def _by_arrival(conn: Connection, asked: Asked, query: str) -> Hits:
    found: list[Hit] = []
    look = _Look(below=asked.below)
    size = min(max(2 * asked.most, _SMALLEST), WALKED)
    if asked.enough is not None:
        size = min(size, max(asked.enough, _SMALLEST))
    while True:
        numbers = look.rowids(conn, query, size, up=asked.up)
        found += [Hit(number) for number in _fitting(conn, asked, numbers)]
        if len(found) >= asked.most or (len(numbers) < size and look.end is None):
            return found, None
        look.go_on(asked, numbers, size)
        if _suffices(conn, asked, query, look, len(found)):
            return found, None if look.below is None else Hit(look.below)
        if look.walked == size and asked.few:
            rare = few(conn, asked.few)
            if rare is not None:
                return _of_few(conn, asked, query, rare), None
        if look.walked >= WALKED and len(found) * _PATIENCE < asked.most:
            # The conditions are rare among the hits: begin with them.
            return found + _by_walk(conn, asked, query, look.below), None
        size = min(4 * size, _LARGEST)


def _fitting(conn: Connection, asked: Asked, numbers: list[int]) -> Sequence[int]:
    """Hold hits to the conditions."""
    if not numbers:
        return ()
    fitting = shown(conn, asked, numbers)
    if fitting is not None:
        return fitting
    right = sa.select(jobs.c.id).where(one_of(conn, jobs.c.id, numbers), *asked.where)
    return conn.execute(right).scalars().all()


def _of_few(conn: Connection, asked: Asked, query: str, numbers: list[int]) -> list[Hit]:
    """Ask the tables for jobs that are few, and the index then."""
    walk = asked.walk if asked.value is None else asked.walk.add_columns(asked.value)
    rows = conn.execute(walk.where(one_of(conn, jobs.c.id, numbers), *asked.where))
    return _held(conn, asked, query, [Hit(*row) for row in rows], asked.most)


def _held(conn: Connection, asked: Asked, query: str, rows: Sequence[Hit], most: int) -> list[Hit]:
    """Hold jobs to the index, in their order, and those with a beginning to their texts.

    FTS5 answers for each job anew, and would put a beginning together as often as there are jobs.
    """
    loose = match(loosened(asked.tokens, LONGEST_WORD + 1))
    is_sure = loose == query
    is_hit = sa.select(_fts.c.rowid).where(_QUERY, one_of(conn, _fts.c.rowid, [r.id for r in rows]))
    hits = set(conn.execute(is_hit, {"query": loose}).scalars())
    found = [row for row in rows if row.id in hits]
    if is_sure:
        return found
    unsure = [structs.replace(hit, is_sure=False) for hit in found]
    right, _ = checked(conn, asked.tokens, unsure, most)
    return [Hit(hit.id, hit.value) for hit in right]


def _by_walk(conn: Connection, asked: Asked, query: str, below: int | None = None) -> list[Hit]:
    """Walk over what fulfils the conditions, and ask the index for each."""
    walk = asked.walk if asked.value is None else asked.walk.add_columns(asked.value)
    walk = walk.where(*asked.where)
    if below is not None:
        walk = walk.where(jobs.c.id > below if asked.up else jobs.c.id < below)
    found: list[Hit] = []
    part, size = walk, min(4 * asked.most, WALKED)
    while len(found) < asked.most:
        hits = [Hit(*row) for row in conn.execute(part.limit(size))]
        found += _held(conn, asked, query, hits, asked.most - len(found))
        if len(hits) < size:
            break
        part, size = walk.where(follows(asked, hits[-1])), WALKED
    return found
