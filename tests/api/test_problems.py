"""Every error under /api is a problem; what is inside stays inside."""

from __future__ import annotations

import logging
import sqlite3

import psycopg
import pytest
from litestar.exceptions import HTTPException
from sqlalchemy import text

from jobtracker_core.api import problems
from jobtracker_core.storage.errors import Busy, NotFound, Unreachable

SECRET = "hunter2-secret"


def test_an_address_that_is_none(problem) -> None:
    for path in ("/api/v1/nothing", "/api", "/api/v2/jobs"):
        said = problem("GET", path, headers={"accept": "text/html"})
        assert said["status"] == 404
        assert said["type"] == "urn:jobtracker:problem:not-found"


@pytest.mark.parametrize("path", ["/api/v1/stats", "/api/v1/jobs/export", "/healthz", "/readyz"])
def test_a_method_that_is_not_allowed(client, problem, path) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        said = problem(method, path)
        assert said["status"] == 405
        assert said["detail"] == "Allowed here: GET, HEAD, OPTIONS."
        assert client.request(method, path).headers["allow"] == "GET, HEAD, OPTIONS"


def test_a_job_that_is_missing_comes_with_the_next_step(problem) -> None:
    said = problem("GET", "/api/v1/jobs/404")
    assert said["detail"] == "there is no job 404"
    assert said["next"].endswith(".")


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (
            Unreachable(f"postgresql://me@db.example/{SECRET}: gone"),
            "The database cannot be used now.",
        ),
        (Busy(f"sqlite:////home/{SECRET}.db: locked"), "The database is busy."),
    ],
)
def test_the_database_fails(client, problem, tracker, monkeypatch, caplog, error, detail) -> None:
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("jobtracker_core.tracker.jobs.Jobs.first_page", fail)
    said = problem("GET", "/api/v1/jobs")
    assert said["status"] == 503
    assert said["detail"] == detail
    assert SECRET not in str(said)
    assert said["instance"] in caplog.text
    assert SECRET in caplog.text
    assert client.get("/api/v1/jobs").headers["retry-after"] == "5"


def test_a_crash_shows_an_id_and_nothing_else(problem, monkeypatch, caplog) -> None:
    def crash(*_):
        raise RuntimeError(f"SELECT {SECRET} FROM jobs")

    monkeypatch.setattr("jobtracker_core.tracker.jobs.Jobs.get", crash)
    with caplog.at_level(logging.ERROR):
        said = problem("GET", "/api/v1/jobs/1")
    assert said["status"] == 500
    assert "detail" not in said
    assert SECRET not in str(said)
    assert said["instance"].startswith("urn:uuid:")
    assert said["instance"] in caplog.text
    assert f"RuntimeError: SELECT {SECRET} FROM jobs" in caplog.text


def test_a_real_failure_of_the_database_leaks_nothing(problem, tracker, dialect) -> None:
    with tracker.database.write() as conn:
        conn.execute(text("ALTER TABLE job_changes RENAME TO gone"))
        conn.execute(text("ALTER TABLE jobs RENAME TO gone_too"))
    said = problem("GET", "/api/v1/jobs")
    assert said["status"] == 503
    for inner in ("SELECT", "jobs.", "sqlite", "postgres", ".db", "sock"):
        assert inner not in str(said)


def test_a_job_and_a_database_that_is_not_there_are_told_apart(
    client, problem, tracker, dialect
) -> None:
    if dialect == "sqlite":
        tracker.database.close()
        path = tracker.database.path
        assert path is not None
        path.unlink()
        with pytest.raises(sqlite3.OperationalError):
            sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    else:
        _drop(tracker)
    assert problem("GET", "/api/v1/jobs/1")["status"] == 503
    assert problem("GET", "/readyz")["status"] == 503
    assert client.get("/healthz").status_code == 200


def _drop(tracker) -> None:
    tracker.database.close()
    with tracker.database.read() as conn:
        name = conn.execute(text("SELECT current_database()")).scalar_one()
    tracker.database.close()
    base = tracker.settings.database.replace(f"/{name}?", "/postgres?")
    with psycopg.connect(base, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name}")  # the fixture drops it; it has no tables now


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (HTTPException(status_code=418, detail="short and stout"), 418, "i'm-a-teapot"),
        (HTTPException(status_code=499, detail="gone"), 499, "refused"),
        (HTTPException(status_code=502, detail=SECRET), 500, "internal"),
        (NotFound("there is no run 5", "List the runs."), 404, "not-found"),
    ],
)
def test_what_others_raise(error, status, kind) -> None:
    problem = problems.explain(error).problem
    assert problem.status == status
    assert problem.type == f"urn:jobtracker:problem:{kind}"
    assert SECRET not in str(problem)


def test_headers_of_an_error_stay() -> None:
    error = HTTPException(status_code=429, detail="slowly", headers={"retry-after": "7"})
    assert problems.explain(error).headers == {"Retry-After": "7"}
