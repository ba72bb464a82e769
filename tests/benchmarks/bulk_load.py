"""Filling an empty database with a corpus at the speed of the driver, its index with it.

What is stored is what collecting would have stored, after the indexer has caught up; a test holds
the two together. The stems of a sentence are found once: a corpus uses each of them many times. On
PostgreSQL the index over the words is made at the end, in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Final

from msgspec import Struct, structs
from sqlalchemy import Connection

from jobtracker_core.search.analyzer import analyse
from jobtracker_core.storage import bulk
from jobtracker_core.storage.companies import find_or_create
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.index_tables import job_index
from jobtracker_core.storage.index_tokens import (
    PASSED_OVER,
    Entry,
    columns,
    pairs,
    tokens,
    vector,
)
from jobtracker_core.storage.new_jobs import _Rows
from jobtracker_core.storage.page import Page
from jobtracker_core.storage.tables import job_sightings, job_texts, jobs
from tests.benchmarks.corpus import Corpus, Made

PAGE: Final = 2_000
"""Jobs of one transaction."""

_FTS = "INSERT INTO job_index (rowid, title, company, skills, place, body, facets)"
_BETWEEN: Final = "</p>\n<p>"


class _Part(Struct, frozen=True):
    """What a sentence adds: its stems, its words and pairs, and the words at its two ends."""

    stems: str
    words: frozenset[str]
    first: str
    last: str


class Loader:
    """Stores the jobs of a corpus, each under its number in the corpus plus one."""

    def __init__(self, db: Database, corpus: Corpus) -> None:
        self._db = db
        self._corpus = corpus
        self._companies: dict[str, int] = {}
        self._parts: dict[tuple[str | None, str], _Part] = {}

    def load(self, start: int, tell: Callable[[int], object]) -> None:
        """Store what comes from `start` on, and tell after each page how many are there."""
        if start < self._corpus.size:
            with self._db.write() as conn:
                _hasten(conn)
        there = start
        for made in self._corpus.pages(PAGE, start=start):
            with self._db.write() as conn:
                self._store(conn, made, there + 1)
            there += len(made)
            tell(there)

    def finish(self) -> None:
        """Make what was left for the end, and let the planner know what is there."""
        with self._db.unbound() as execute:
            if self._db.dialect == "postgresql":
                execute("SET maintenance_work_mem = '1GB'")
                execute(
                    "CREATE INDEX IF NOT EXISTS ix_job_index_words ON job_index USING gin (words)"
                )
                execute("SELECT setval(pg_get_serial_sequence('jobs', 'id'), max(id)) FROM jobs")
                for table in ("jobs", "job_texts", "job_sightings", "job_index", "companies"):
                    execute(f"VACUUM (ANALYZE) {table}")
            else:
                for name, value in (("hashsize", 1048576), ("automerge", 0)):
                    execute(f"INSERT INTO job_index(job_index, rank) VALUES('{name}', {value})")
                execute("ANALYZE")
        self._db.empty_log()

    def _store(self, conn: Connection, made: list[Made], first: int) -> None:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SET LOCAL synchronous_commit = off")
        self._know_companies(conn, made)
        job_rows: list[bulk.Row] = []
        seen: list[bulk.Row] = []
        entries: list[tuple[int, Entry]] = []
        for number, one in enumerate(made, first):
            key = one.record.source_id
            page = _page(one)
            rows = _Rows(conn, page, {key: number}, self._companies, {})
            job_rows.append(rows.of_job(key))
            seen.append((number, rows.read_at, None, 1))
            entries += rows.entries([key])
        bulk.insert(conn, jobs, job_rows)
        texts = [(n, one.record.description, one.record.raw) for n, one in enumerate(made, first)]
        bulk.insert(conn, job_texts, texts)
        bulk.insert(conn, job_sightings, seen)
        self._index(conn, entries, made)

    def _know_companies(self, conn: Connection, made: Iterable[Made]) -> None:
        unknown = [m.record for m in made if (m.record.company_key or "") not in self._companies]
        if unknown:
            self._companies |= find_or_create(conn, unknown, self._corpus.job(0).arrived)

    def _index(self, conn: Connection, entries: list[tuple[int, Entry]], made: list[Made]) -> None:
        if conn.dialect.name == "postgresql":
            rows = (
                (number, vector(tokens(head) | self._words(one)), True)
                for (number, head), one in zip(entries, made, strict=True)
            )
            bulk.insert(conn, job_index, rows)
            return
        conn.exec_driver_sql(
            f"{_FTS} VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (number, *columns(structs.replace(head, body=(self._stems(one),))))
                for (number, head), one in zip(entries, made, strict=True)
            ],
        )

    def _words(self, made: Made) -> set[str]:
        """Return the lexemes of a description, with what parts them."""
        parts = list(self._parts_of(made))
        found: set[str] = set().union(*[part.words for part in parts])
        ends = [part for part in parts if part.first and part.last]
        found.update(*[pairs((one.last, other.first)) for one, other in pairwise(ends)])
        return found

    def _stems(self, made: Made) -> tuple[str, ...]:
        """Return the stems of a description, many of them in one string."""
        return tuple(part.stems for part in self._parts_of(made))

    def _parts_of(self, made: Made) -> Iterator[_Part]:
        language = made.record.language
        text = (made.record.description or "")[len("<p>") : -len("</p>")]
        *sentences, rest = text.replace(_BETWEEN, " ").split(". ")
        for sentence in sentences:
            known = self._parts.get((language, sentence))
            if known is None:
                known = self._parts[language, sentence] = _part(sentence, language)
            yield known
        yield _part(rest, language)


def _part(text: str, language: str | None) -> _Part:
    stems = analyse(text, language)
    kept = [stem for stem in stems if stem not in PASSED_OVER]
    return _Part(
        stems=" ".join(stems),
        words=frozenset([*stems, *pairs(stems)]),
        first=kept[0] if kept else "",
        last=kept[-1] if kept else "",
    )


def _page(made: Made) -> Page:
    return Page(
        source=made.source,
        kind="list",
        run_id=None,
        now=made.arrived,
        read_at=made.arrived,
        is_past=False,
        records={made.record.source_id: made.record},
    )


def _hasten(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("DROP INDEX IF EXISTS ix_job_index_words")
        return
    # A larger part of the index is put together in memory before it is written.
    # Its parts are put together meanwhile: no indexer comes after it.
    for name, value in (("hashsize", 67108864), ("automerge", 4)):
        conn.exec_driver_sql(f"INSERT INTO job_index(job_index, rank) VALUES('{name}', {value})")
