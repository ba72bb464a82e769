"""Inserting postings that nobody knew, at the speed of the driver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from jobtracker_core.contract.host import PayRecord, Record
from jobtracker_core.contract.run import JobRef
from jobtracker_core.storage import bulk, index_writes
from jobtracker_core.storage.index_tokens import Entry, entry
from jobtracker_core.storage.merge import bookkeeping, observed, place_text
from jobtracker_core.storage.page import Page, read_hashes
from jobtracker_core.storage.statements import one_of_named, packed, reserve_ids
from jobtracker_core.storage.tables import job_sightings, job_texts, jobs
from jobtracker_core.storage.tracking_tables import dismissals

_NO_PAY = (None,) * len(PayRecord.__struct_fields__)


class Inserted(Struct, frozen=True, kw_only=True):
    """What became of them.

    Attributes:
        hidden: How many were dismissed before.
        lost: Keys that another writer took.
    """

    shown: tuple[JobRef, ...]
    hidden: int
    lost: list[str]


def insert(
    conn: Connection, page: Page, keys: list[str], company_ids: Mapping[str, int]
) -> Inserted:
    """Insert those of a page's postings that `keys` names."""
    if not keys:
        return Inserted(shown=(), hidden=0, lost=[])
    ids = dict(zip(keys, reserve_ids(conn, jobs, len(keys)), strict=True))
    hidden = _dismissed(conn, page, keys)
    rows = _Rows(conn, page, ids, company_ids, hidden)
    lost = _insert_jobs(conn, page, rows, sorted(keys))
    won = [key for key in keys if key not in lost] if lost else keys
    _insert_parts(conn, page, rows, won)
    shown = [key for key in won if key not in hidden] if hidden else won
    return Inserted(
        shown=tuple(_ref(page, key, ids[key]) for key in shown),
        hidden=len(won) - len(shown),
        lost=sorted(lost),
    )


def _insert_jobs(conn: Connection, page: Page, rows: _Rows, ordered: list[str]) -> set[str]:
    """Insert rows in the order of their keys; return those that another writer took."""
    if conn.dialect.name == "sqlite":
        # Whoever writes is alone: what was unknown a moment ago still is.
        bulk.insert(conn, jobs, [rows.of_job(key) for key in ordered])
        return set()
    lost: set[str] = set()
    while ordered:
        try:
            with conn.begin_nested():
                bulk.insert(conn, jobs, map(rows.of_job, ordered))
        except IntegrityError:
            # The writer who holds one of these keys has committed: now it can be seen.
            taken = read_hashes(conn, page, ordered)
            if not taken:
                raise
            lost.update(taken)
            ordered = [key for key in ordered if key not in taken]
        else:
            break
    return lost


def _insert_parts(conn: Connection, page: Page, rows: _Rows, won: list[str]) -> None:
    if not won:
        return
    records, ids = page.records, rows.ids
    texts = [
        (ids[key], records[key].description, records[key].raw)
        for key in won
        if records[key].description is not None or records[key].raw is not None
    ]
    if texts:
        bulk.insert(conn, job_texts, texts)
    seen = (rows.read_at, page.run_id, 1)
    bulk.insert(conn, job_sightings, [(ids[key], *seen) for key in won])
    index_writes.add(
        conn,
        rows.entries(won),
        waiting=[ids[key] for key in won if records[key].description is not None],
        at=page.now,
    )


class _Rows:
    """Makes the rows of a page's postings."""

    def __init__(
        self,
        conn: Connection,
        page: Page,
        ids: Mapping[str, int],
        company_ids: Mapping[str, int],
        hidden: Mapping[str, datetime],
    ) -> None:
        self.ids = ids
        self._time, self._json = bulk.storable(conn)
        self.read_at = self._time(page.read_at)
        self._now = self._time(page.now)
        self._page = page
        self._company_ids = company_ids
        self._hidden = hidden

    def of_job(self, key: str) -> bulk.Row:
        """Return the columns of `jobs` in their order."""
        record = self._page.records[key]
        json = self._json
        skills, employment = record.skills, record.employment
        posted_at, precision = record.posted_at, record.posted_precision
        hidden = self._hidden.get(key) if self._hidden else None
        return (
            self.ids[key],
            self._page.source,
            key,
            record.url,
            record.title,
            record.company,
            self._company_ids.get(record.company_key or "") if record.company else None,
            *self._places(record),
            None if record.remote is None else record.remote.value,
            None if employment is None else json([kind.value for kind in employment]),
            None if record.seniority is None else record.seniority.value,
            None if skills is None else json(skills),
            record.language,
            *_pay(record.pay),
            None if posted_at is None else self._time(posted_at),
            None if posted_at is None or precision is None else precision.value,
            record.apply_url,
            self.read_at if record.closed else None,
            *self._bookkeeping(record),
            self.read_at,
            self._page.run_id,
            self._now,
            1,
            None,
            None if hidden is None else self._time(hidden),
        )

    def _places(self, record: Record) -> bulk.Row:
        places = record.places
        if places is None:
            return (None,) * 7
        if not places:
            return (*(None,) * 6, self._json([]))
        first = places[0]
        return (
            place_text(first),
            first.city,
            first.region,
            first.country,
            first.latitude,
            first.longitude,
            self._json(msgspec.to_builtins(places)),
        )

    def _bookkeeping(self, record: Record) -> bulk.Row:
        """Return the columns from `list_hash` to `details_due`."""
        if self._page.kind == "list":
            return (record.content_hash, None, None, None, None, False)
        kept = bookkeeping("detail", record, observed(record, None), self._page.read_at)
        fields = self._json(kept["detail_fields"])
        return (None, record.content_hash, fields, self.read_at, None, False)

    def entries(self, keys: Iterable[str]) -> Iterator[tuple[int, Entry]]:
        """Make what the index gets at once."""
        source, arrived = self._page.source, self._page.read_at.astimezone(UTC)
        for key in keys:
            record = self._page.records[key]
            places, pay = record.places, record.pay
            first = places[0] if places else None
            row = {
                "title": record.title,
                "company": record.company,
                "place": None if first is None else place_text(first),
                "city": None if first is None else first.city,
                "region": None if first is None else first.region,
                "country": None if first is None else first.country,
                "places": msgspec.to_builtins(places) if places and len(places) > 1 else None,
                "skills": record.skills,
                "language": record.language,
                "source": source,
                "remote": record.remote,
                "employment": record.employment,
                "seniority": record.seniority,
                "pay_year_min": None if pay is None else pay.year_min,
                "pay_year_max": None if pay is None else pay.year_max,
                "pay_currency": None if pay is None else pay.currency,
                "first_seen_at": arrived,
            }
            yield self.ids[key], entry(row, None)


def _pay(pay: PayRecord | None) -> bulk.Row:
    if pay is None:
        return _NO_PAY
    return (
        pay.text,
        pay.min,
        pay.max,
        pay.currency,
        None if pay.interval is None else pay.interval.value,
        pay.kind.value,
        pay.year_min,
        pay.year_max,
        pay.year_factor,
    )


def _ref(page: Page, key: str, job_id: int) -> JobRef:
    record = page.records[key]
    return JobRef(
        id=job_id,
        source=page.source,
        source_id=key,
        title=record.title,
        company=record.company,
        url=record.url,
    )


def _dismissed(conn: Connection, page: Page, keys: list[str]) -> dict[str, datetime]:
    """Return which postings that are not stored were dismissed before their jobs were deleted."""
    dialect = conn.dialect.name
    found = conn.execute(
        _select_dismissed(dialect), {"source": page.source, "keys": packed(dialect, keys)}
    )
    return {row.source_id: row.dismissed_at for row in found}


@cache
def _select_dismissed(dialect: str) -> sa.Select[Any]:
    return sa.select(dismissals.c.source_id, dismissals.c.dismissed_at).where(
        dismissals.c.source == sa.bindparam("source"),
        one_of_named(dialect, dismissals.c.source_id, "keys"),
    )
