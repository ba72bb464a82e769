"""The lines of docs/reference/api.md do what it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage.tables import collector_runs
from keys import KEY
from queueing import turn_on

REFERENCE = Path(__file__).parents[2] / "docs/reference/api.md"


class Line(Struct, frozen=True):
    """A request as a curl line spells it."""

    method: str
    path: str
    headers: dict[str, str]
    body: str | None


def read(text: str) -> Line:
    words = iter(shlex.split(text)[1:])
    method, path, body = None, "", None
    headers: dict[str, str] = {}
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name.lower()] = value
        elif word == "--json":
            body = next(words)
            headers["content-type"] = "application/json"
        elif word != "-N":
            path = word.removeprefix("$JOBTRACKER_URL")
    assert headers.pop("authorization") == "Bearer $JOBTRACKER_TOKEN"
    return Line(method or ("GET" if body is None else "POST"), path, headers, body)


def lines() -> list[Line]:
    text = REFERENCE.read_text(encoding="utf-8")
    found = [line for line in text.splitlines() if line.startswith("curl ")]
    return [read(line) for line in found if "$JOBTRACKER_URL" in line]


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=db_url,
        plugins=("hiringcafe",),
        secret_key=(KEY,),
    )
    with JobTracker(settings) as tracker:
        turn_on(tracker.database, "hiringcafe")
        yield tracker


def test_every_line_is_answered_in_the_order_of_the_page(client, tracker) -> None:
    noted = len(tracker.audit.list(limit=500).items)
    for line in lines():
        if line.path.endswith("/believe"):
            _doubt(tracker)
        answer = client.request(line.method, line.path, headers=line.headers, content=line.body)
        assert answer.status_code < 300, f"{line}: {answer.text}"
        before, noted = noted, len(tracker.audit.list(limit=500).items)
        # What changes something leaves one line in the audit log, and nothing else does.
        taken = "/export" in line.path
        changes = taken or (line.method != "GET" and "dry_run" not in line.path)
        assert noted - before == changes, f"{line}: {noted - before} lines"


def _doubt(tracker: JobTracker) -> None:
    """Only a run that ended suspect can be believed, and no line makes one."""
    with tracker.database.write() as conn:
        over = collector_runs.c.finished_at.is_not(None)
        conn.execute(sa.update(collector_runs).where(over).values(state="suspect"))


def test_every_operation_has_its_line(client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    shown = {(line.method, line.path.partition("?")[0]) for line in lines()}
    for path, item in document["paths"].items():
        pattern = re.compile(re.sub(r"{[^}]+}", "[^/]+", path))
        for method in item:
            if path.startswith(("/healthz", "/readyz")):
                continue  # for probes, which send no token
            assert any(
                verb == method.upper() and pattern.fullmatch(where) for verb, where in shown
            ), f"{method} {path}"
