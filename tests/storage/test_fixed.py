"""Statements that are made once: they give what SQLAlchemy's own execution gives, and its errors."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
import sqlalchemy as sa

from jobtracker_core.storage import search, tallies
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import StorageError, Unreachable
from jobtracker_core.storage.fixed import Fixed
from jobtracker_core.storage.fixed import _compile as compile_for
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.whole import whole

MOMENT = datetime(2026, 11, 1, 12, tzinfo=UTC)
SEEN = sa.select(jobs.c.id, jobs.c.title).where(
    jobs.c.first_seen_at < sa.bindparam("until", type_=jobs.c.first_seen_at.type),
    jobs.c.source == "site",
)


def test_it_takes_values_of_all_kinds_again_and_again(db: Database, write, make_record) -> None:
    write(make_record("1", title="50% für %(title)s"), source="site")
    write(make_record("2"), source="other")
    fixed = Fixed(SEEN.order_by(jobs.c.id), stable=False)
    with db.look() as conn:
        for until, found in (
            (datetime(2100, 1, 1, tzinfo=UTC), 1),
            (datetime(1990, 1, 1, tzinfo=UTC), 0),
        ):
            for _ in range(8):  # often enough for PostgreSQL to keep the plan
                rows = fixed.rows(conn, {"until": until})
                assert rows == [tuple(row) for row in conn.execute(SEEN, {"until": until})]
                assert len(rows) == found


def test_lists_of_values_are_refused(db: Database) -> None:
    with db.look() as conn, pytest.raises(TypeError, match="no lists"):
        compile_for(sa.select(jobs.c.id).where(jobs.c.id.in_([1, 2])), conn.dialect)


def test_an_error_of_the_database_is_one_of_storage(db: Database) -> None:
    broken = Fixed(sa.select(sa.literal_column("missing")).select_from(jobs), stable=True)
    with pytest.raises(StorageError), db.look() as conn:
        broken.rows(conn)
    assert search.list_jobs(db).items == ()


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_connection_that_is_lost_is_not_used_again(
    db: Database, postgres_admin: psycopg.Connection
) -> None:
    fixed = Fixed(sa.select(sa.func.pg_backend_pid()), stable=True)
    lost = None

    def lose() -> None:
        nonlocal lost
        with db.look() as conn:
            ((lost,),) = fixed.rows(conn)
            postgres_admin.execute("SELECT pg_terminate_backend(%s)", [lost])
            for _ in range(1000):
                fixed.rows(conn)

    with pytest.raises(Unreachable):
        lose()
    with db.look() as conn:
        ((other,),) = fixed.rows(conn)
        assert other != lost


def test_the_tally_of_all_counts_as_that_of_some_does(
    db: Database, write, make_record, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(*(make_record(str(n)) for n in range(12)))
    with db.write() as conn:
        conn.execute(sa.update(jobs).where(jobs.c.id.in_([3, 9])).values(dismissed_at=MOMENT))
    shown = 10
    for limit in (shown - 1, shown, shown + 1, 1):
        monkeypatch.setattr(tallies, "TALLY_LIMIT", limit)
        source = sa.text("jobs INDEXED BY ix_jobs_shown") if db.dialect == "sqlite" else jobs
        name = "_WHOLE_SQLITE" if db.dialect == "sqlite" else "_WHOLE"
        monkeypatch.setattr(tallies, name, whole(source, limit))
        tallies._tally.cache_clear()
        for first in (None, 1, 2, 3, 8, 10, 12, 10**20):
            counted = tallies.tally(db, first=first)
            with monkeypatch.context() as patched:
                patched.setattr(tallies, "is_whole", lambda _: False)
                assert tallies.tally(db, first=first) == counted, (limit, first)
    tallies._tally.cache_clear()
