"""Pages of a list that follow each other by what their rows say, not by counting them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection

from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.fixed import Fixed
from jobtracker_core.storage.rows import Reader
from jobtracker_core.storage.types import BIG_ID, LARGEST_ID, UtcDateTime

T = TypeVar("T")
Towards = Literal["after", "before"] | None
"""Where a page lies from a row; None is the first page."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

LONGEST_MARK = 64
"""Characters of the longest mark that a list gives."""


class Page(Struct, Generic[T], frozen=True, kw_only=True):
    """Rows of a list, with the marks of the pages around them; None where there is none."""

    items: tuple[T, ...]
    after: str | None
    before: str | None


class Order(Generic[T]):
    """An order of rows: the largest value first, those without one last, then the latest number.

    Args:
        number: The column of the rows' numbers.
        value: What they are ordered by, a time, a day or a number; without it, by number alone.
        of: Returns number and value of a row that was read.
        rising: The smallest value first instead; of equal ones the earliest number.
    """

    def __init__(
        self,
        number: sa.Column[int],
        value: ColumnElement[Any] | None,
        of: Callable[[T], tuple[int, Any]],
        *,
        rising: bool = False,
    ) -> None:
        self._number = number
        self._value = value
        self._of = of
        self._rising = rising

    def read(
        self,
        conn: Connection,
        reader: Reader[T],
        statement: sa.Select[Any],
        *,
        limit: int,
        after: str | None = None,
        before: str | None = None,
        offset: int = 0,
    ) -> Page[T]:
        """Read a page; the statement has neither order nor limit.

        Raises:
            NotFound: `after` or `before` is nothing that a page of this order gave.
            ValueError: Both were given.
        """
        up = before is not None
        parts = self.parts(statement, after=after, before=before)
        found = _read(conn, reader, parts, limit + 1, offset)
        going_on = after is not None or offset > 0
        return self.page(found, limit, up=up, going_on=going_on)

    def walk(self, statement: sa.Select[Any], to: Towards) -> sa.Select[Any]:
        """Return how a page is read that begins at the top, or next to the row numbered `at`.

        By number alone. `at` and `wanted`, how many rows are wanted, are its parameters.
        """
        if self._value is not None:
            raise ValueError("only what is ordered by number alone is read in one part")
        up, number = to == "before", self._number
        if to is not None:
            at = sa.bindparam("at", type_=BIG_ID)
            statement = statement.where(number > at if up else number < at)
        wanted = sa.bindparam("wanted", type_=sa.Integer())
        return statement.order_by(number.asc() if up else number.desc()).limit(wanted)

    def read_walk(
        self,
        conn: Connection,
        reader: Reader[T],
        walk: Fixed,
        *,
        limit: int,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[T]:
        """Read a page by what `walk` returned; raises NotFound as `read` does."""
        mark = after if before is None else before
        at = {} if mark is None else {"at": _number(mark)}
        found = reader.read(conn, walk, {"wanted": limit + 1, **at})
        return self.page(found, limit, up=before is not None, going_on=after is not None)

    def page(
        self,
        found: Sequence[T],
        limit: int,
        *,
        up: bool,
        going_on: bool,
        left: str | None = None,
    ) -> Page[T]:
        """Make a page of what was read, in the order it was read, of `limit` rows and one more.

        Args:
            found: From the last to the first if `up`.
            limit: Rows of a page.
            up: Whether it ends before a row.
            going_on: Whether rows were left out before it.
            left: The mark where reading was left, if more than `found` may follow.
        """
        more = len(found) > limit
        items = found[:limit][::-1] if up else found[:limit]
        ahead = left
        if more:
            ahead = self.mark(items[0] if up else items[-1])
        behind = self.mark(items[-1] if up else items[0]) if items and (up or going_on) else None
        after, before = (behind, ahead) if up else (ahead, behind)
        return Page(items=tuple(items), after=after, before=before)

    def mark(self, item: T) -> str:
        """Return what leads to the rows around a row."""
        return self.place(*self._of(item))

    def place(self, number: int, value: Any) -> str:
        """Return what leads to the rows around a row of that number and value."""
        return str(number) if self._value is None else f"{_text(value)}~{number}"

    def before(self, item: T) -> ColumnElement[bool]:
        """Return the condition for the rows that come before a row."""
        number, value = self._of(item)
        if self._value is None:
            return self._number > number
        if value is None:
            return sa.or_(self._value.is_not(None), self._number > number)
        return self._beyond(value, number, up=True)

    @property
    def value(self) -> ColumnElement[Any] | None:
        """What the rows are ordered by; None for their number alone."""
        return self._value

    def key(self, item: T) -> tuple[int, Any]:
        """Return number and value of a row."""
        return self._of(item)

    def parts(
        self,
        statement: sa.Select[Any],
        *,
        after: str | None = None,
        before: str | None = None,
    ) -> list[sa.Select[Any]]:
        """Return what to read, one after the other: rows with a value and rows without.

        Apart, each is a walk along an index; together they would have to be sorted. They are in
        the order of the list, or in the opposite one if it ends `before` a row.

        Raises:
            NotFound: `after` or `before` is nothing that a page of this order gave.
            ValueError: Both were given.
        """
        if after is not None and before is not None:
            raise ValueError("a list goes on `after` one row or ends `before` one, not both")
        up = before is not None
        mark = before if up else after
        number = self._number
        by_number = number.asc() if up else number.desc()
        if self._value is None:
            if mark is not None:
                at = _number(mark)
                statement = statement.where(number > at if up else number < at)
            return [statement.order_by(by_number)]
        value = self._value
        rising = up != self._rising
        with_value = statement.where(value.is_not(None)).order_by(
            value.asc() if rising else value.desc(), number.asc() if rising else number.desc()
        )
        without = statement.where(value.is_(None)).order_by(by_number)
        if mark is None:
            return [with_value, without]
        at_value, at = self._position(mark)
        if at_value is None:
            without = without.where(number > at if up else number < at)
            return [without, with_value] if up else [without]
        with_value = with_value.where(self._beyond(at_value, at, up=up))
        return [with_value] if up else [with_value, without]

    def _beyond(self, at_value: Any, at: int, *, up: bool) -> ColumnElement[bool]:
        assert self._value is not None  # noqa: S101  (for the types: only called with one)
        row = sa.tuple_(self._value, self._number)
        reached = sa.literal(at_value, self._value.type)
        place = sa.tuple_(reached, sa.literal(at))
        above = up != self._rising
        beyond = row > place if above else row < place
        if isinstance(self._value, sa.Column):
            return beyond
        # SQLite takes no index over an expression for a comparison of rows.
        return sa.and_(self._value >= reached if above else self._value <= reached, beyond)

    def _position(self, mark: str) -> tuple[Any, int]:
        text, _, number = mark.partition("~")
        kind = None if self._value is None else self._value.type
        try:
            return (None if text == "-" else _value(text, kind)), _number(number)
        except (ValueError, OverflowError):
            raise _no_position(mark) from None


def _read(
    conn: Connection,
    reader: Reader[T],
    parts: Sequence[sa.Select[Any]],
    wanted: int,
    offset: int,
) -> list[T]:
    found: list[T] = []
    for part in parts:
        limited = part.limit(wanted - len(found))
        rows = reader.read(conn, limited.offset(offset) if offset else limited)
        found += rows
        if len(found) == wanted:
            break
        if offset and not rows:
            total = sa.select(sa.func.count()).select_from(part.order_by(None).subquery())
            offset -= conn.execute(total).scalar_one()
        else:
            offset = 0
    return found


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return str((value - _EPOCH) // _MICROSECOND)
    if isinstance(value, date):
        return str(value.toordinal())
    return str(value) if isinstance(value, int) else repr(float(value))


def _value(text: str, kind: sa.types.TypeEngine[Any] | None) -> Any:
    if not text.isascii() or len(text) > LONGEST_MARK:
        raise ValueError(text)
    if isinstance(kind, UtcDateTime):
        return _EPOCH + int(text) * _MICROSECOND
    if isinstance(kind, sa.Date):
        return date.fromordinal(int(text))
    if isinstance(kind, sa.Integer):
        return _number(text)
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text[:20]) > LARGEST_ID:
        raise _no_position(text)
    return int(text)


def _no_position(mark: str) -> NotFound:
    return NotFound(f"{mark[:40]!r} is no position in a list", "Use the mark that a list gave.")
