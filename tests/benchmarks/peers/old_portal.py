"""The statements of the portal that this program replaces, on a table of its shape.

It kept all of a job in one row, read whole rows by OFFSET, looked for words with ILIKE, and stored
jobs one by one, each in two statements that commit by themselves. Figures of its server are not
measured here: only what it asked of the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from jobtracker_core.contract.host import Record
from tests.benchmarks.databases import Driver

TABLE: Final = "old_jobs"
_COLUMNS: Final = (
    *("source", "source_id", "url", "title", "company_id", "location", "remote", "description"),
    *("salary_min", "salary_max", "currency", "posted_at", "first_seen_at", "last_seen_at"),
)


class OldPortal:
    """Its tables in a database, beside ours, and what it did with them."""

    def __init__(self, driver: Driver, *, dialect: str) -> None:
        self._driver = driver
        self._is_sqlite = dialect == "sqlite"
        self._mark = "?" if self._is_sqlite else "%s"

    def create(self) -> None:
        """Make the tables, and their indexes."""
        key = "INTEGER PRIMARY KEY" if self._is_sqlite else "BIGSERIAL PRIMARY KEY"
        moment = "TEXT" if self._is_sqlite else "TIMESTAMPTZ"
        self._run(f"CREATE TABLE old_companies (id {key}, name TEXT NOT NULL UNIQUE)")
        self._run(
            f"CREATE TABLE {TABLE} (id {key}, source TEXT NOT NULL, source_id TEXT NOT NULL,"
            " url TEXT NOT NULL, title TEXT NOT NULL, company_id BIGINT, location TEXT,"
            " remote TEXT, description TEXT, salary_min FLOAT, salary_max FLOAT, currency TEXT,"
            f" posted_at {moment}, first_seen_at {moment}, last_seen_at {moment},"
            " UNIQUE (source, source_id))"
        )
        self._run(f"CREATE INDEX ix_old_jobs_first_seen_at ON {TABLE} (first_seen_at DESC)")
        self._driver.commit()

    def drop(self) -> None:
        """Take the tables away."""
        for table in (TABLE, "old_companies"):
            self._run(f"DROP TABLE IF EXISTS {table}")
        self._driver.commit()

    def copy_jobs(self) -> None:
        """Fill them with the jobs that our own tables hold."""
        given = "j.source, j.source_id, j.url, j.title, j.company_id, j.place, j.remote"
        self._run(
            f"INSERT INTO {TABLE} ({', '.join(_COLUMNS)}) SELECT {given}, t.description,"
            " j.pay_min, j.pay_max, j.pay_currency, j.posted_at, j.first_seen_at, j.first_seen_at"
            " FROM jobs j JOIN job_texts t ON t.job_id = j.id ORDER BY j.id"
        )
        self._driver.commit()
        self._run("ANALYZE")
        self._driver.commit()

    def store(self, source: str, records: Sequence[Record]) -> None:
        """Store jobs one by one: find or make the company, then upsert; each commits."""
        names = ", ".join(_COLUMNS)
        marks = ", ".join([self._mark] * len(_COLUMNS))
        fresh = ", ".join(
            f"{name} = excluded.{name}"
            for name in _COLUMNS
            if name not in {"source", "source_id", "first_seen_at"}
        )
        upsert = (
            f"INSERT INTO {TABLE} ({names}) VALUES ({marks})"
            f" ON CONFLICT (source, source_id) DO UPDATE SET {fresh} RETURNING id"
        )
        company = (
            f"INSERT INTO old_companies (name) VALUES ({self._mark})"
            " ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id"
        )
        for record in records:
            company_id = self._run(company, record.company)[0][0]
            self._driver.commit()
            self._run(upsert, *self._row(source, record, company_id))
            self._driver.commit()

    def page(
        self, number: int, *, source: str | None = None, text: str | None = None, size: int = 50
    ) -> list[tuple[Any, ...]]:
        """Read a page of the list, the first is 1."""
        like = "LIKE" if self._is_sqlite else "ILIKE"
        mark = self._mark
        # A type has to be given where nothing but NULL says it.
        given = mark if self._is_sqlite else f"{mark}::text"
        found = self._run(
            f"SELECT * FROM {TABLE} WHERE ({given} IS NULL OR source = {mark})"
            f" AND ({given} IS NULL OR title {like} '%' || {given} || '%')"
            f" ORDER BY first_seen_at DESC LIMIT {mark} OFFSET {mark}".replace(
                "'%'", "'%'" if self._is_sqlite else "'%%'"
            ),
            *(source, source, text, text, size, (number - 1) * size),
        )
        self._driver.commit()
        return found

    def _row(self, source: str, record: Record, company_id: int) -> tuple[Any, ...]:
        place = (record.places or (None,))[0]
        pay = record.pay
        now = self._time(datetime.now(UTC))
        return (
            source,
            record.source_id,
            record.url,
            record.title,
            company_id,
            place.text if place else None,
            record.remote.value if record.remote else None,
            record.description,
            pay.min if pay else None,
            pay.max if pay else None,
            pay.currency if pay else None,
            self._time(record.posted_at) if record.posted_at else None,
            now,
            now,
        )

    def _time(self, moment: datetime) -> Any:
        return moment.isoformat() if self._is_sqlite else moment

    def _run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = self._driver.cursor()
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
