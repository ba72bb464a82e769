"""Answers that are kept: nobody gets one that is old, that is not his, or that failed."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from msgspec import structs

from access import cookie_for
from jobtracker_core.api.kept import Answer, Answers, _Request
from jobtracker_core.contract.access import Scope
from jobtracker_core.server.application import Application
from jobtracker_core.storage import facets, search
from jobtracker_core.storage.tables import jobs
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.job_forms import JobDraft
from promptly import seen_within

LIST = "/api/v1/jobs"
DEADLINE_S = 20.0
# Keyed by the parameter: a value that is allowed.
VALUES = {
    "source": "site",
    "company_id": "1",
    "remote": "hybrid",
    "employment": "contract",
    "seniority": "senior",
    "pay_from": "1000",
    "pay_currency": "EUR",
    "status": "applied",
    "dismissed": "all",
    "sort": "posted",
    "limit": "7",
    "per_page": "7",
    "page": "2",
    "after": "5",
    "before": "5",
    "changed_by_run": "1",
}


def add(tracker: JobTracker, title: str) -> int:
    draft = JobDraft(title=title, url=f"https://a.example/{title}")
    return tracker.jobs.create(draft).job.id


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What lists were asked of the database."""
    asked: list[dict[str, Any]] = []
    read, read_first = search.list_jobs, search.first_page
    within: list[bool] = []

    def note(db: Any, **words: Any) -> Any:
        if not within:
            asked.append(words)
        return read(db, **words)

    def note_first(db: Any, **words: Any) -> Any:
        asked.append(words)
        within.append(True)
        try:
            return read_first(db, **words)
        finally:
            within.clear()

    monkeypatch.setattr(search, "list_jobs", note)
    monkeypatch.setattr(search, "first_page", note_first)
    return asked


@pytest.fixture
def other(tracker: JobTracker) -> Iterator[JobTracker]:
    """The same installation as another process has it: nothing in common with ours."""
    with JobTracker(tracker.settings) as opened:
        yield opened


def titles(client: TestClient[Application]) -> list[str]:
    answer = client.get(LIST)
    assert answer.status_code == 200, answer.text
    return [job["title"] for job in answer.json()["items"]]


def warm(client: TestClient[Application], reads: list[Any], path: str = LIST) -> Any:
    """Ask until the answer comes from what is kept."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        before = len(reads)
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        if len(reads) == before:
            return answer
        assert time.monotonic() < deadline, "it is never kept"
        time.sleep(0.01)


def test_what_is_kept_ends_with_a_write_here_at_once_and_elsewhere_within_a_second(
    client: TestClient[Application], tracker: JobTracker, other: JobTracker, reads: list[Any]
) -> None:
    add(tracker, "one")
    assert warm(client, reads).json() == client.get(LIST).json()
    for number in range(5):
        add(tracker, f"here {number}")
        assert titles(client)[0] == f"here {number}"

    warm(client, reads)
    add(other, "elsewhere")
    seen_within(1.0, lambda: titles(client)[0] == "elsewhere")
    warm(client, reads)
    tracker.jobs.dismiss_all([tracker.jobs.search().items[0].id])
    assert "elsewhere" not in titles(client)


def test_what_is_kept_is_for_those_alone_who_may_read_it(
    client: TestClient[Application],
    tracker: JobTracker,
    other: JobTracker,
    reads: list[Any],
    holding: Callable[..., dict[str, str]],
) -> None:
    add(tracker, "secret")
    warm(client, reads)
    for header, status in (
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer jt_none_such"}, 401),
        (holding(Scope.INGEST), 403),
    ):
        for _ in range(2):
            answer = client.get(LIST, headers=header)
            assert answer.status_code == status
            assert "secret" not in answer.text

    for who in (tracker, other):
        mine = holding(Scope.JOBS_READ)
        token = next(iter(tracker.tokens.list()))
        assert client.get(LIST, headers=mine).status_code == 200
        assert client.get(LIST, headers=mine).status_code == 200
        who.tokens.revoke(token.id)
        seen_within(1.0 if who is other else 0.0, partial(refused, client, mine))


def test_an_error_is_not_kept(
    client: TestClient[Application], monkeypatch: pytest.MonkeyPatch, reads: list[Any]
) -> None:
    warm(client, reads)
    counted = search.list_jobs
    path = f"{LIST}?limit=9"
    with monkeypatch.context() as patched:
        patched.setattr(search, "list_jobs", lambda *_, **__: 1 / 0)
        assert [client.get(path).status_code for _ in range(2)] == [500, 500]
    assert search.list_jobs is counted
    assert client.get(path).status_code == 200
    assert client.get(f"{LIST}?limit=no").status_code == 400
    assert client.get(f"{LIST}?limit=no").status_code == 400


def test_each_parameter_has_answers_of_its_own(
    client: TestClient[Application], reads: list[Any]
) -> None:
    warm(client, reads)
    document = client.get("/api/v1/openapi.json").json()
    parameters = [
        one for one in document["paths"][LIST]["get"]["parameters"] if one["in"] == "query"
    ]
    assert len(parameters) > 20
    for parameter in parameters:
        name = parameter["name"]
        kinds = json.dumps(parameter["schema"])
        guessed = "2026-01-01T00:00:00Z" if "date-time" in kinds else "x"
        value = VALUES.get(name, "true" if "boolean" in kinds else guessed)
        before = len(reads)
        answer = client.get(LIST, params={name: value})
        assert answer.status_code == 200, (name, answer.text)
        assert len(reads) == before + 1, f"{name} does not count"


def test_a_known_answer_is_304_and_a_compressed_one_the_same(
    client: TestClient[Application], tracker: JobTracker, reads: list[Any]
) -> None:
    add(tracker, "one")
    answer = warm(client, reads)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    for refused in ("gzip;q=0, *", "gzip; q=0.000", "deflate, notgzip"):
        other = client.get(LIST, headers={"Accept-Encoding": refused})
        assert "content-encoding" not in other.headers, refused
    assert "content-encoding" in client.get(LIST, headers={"Accept-Encoding": "GZip;q=0.1"}).headers
    plain = client.get(LIST, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == answer.json()
    assert plain.headers["etag"] == answer.headers["etag"]
    assert client.head(LIST).headers["content-length"] == plain.headers["content-length"]

    tag = {"If-None-Match": f'"other", W/{answer.headers["etag"]}'}
    for _ in range(2):
        known = client.get(LIST, headers=tag)
        assert (known.status_code, known.content) == (304, b"")
        assert known.headers["etag"] == answer.headers["etag"]
    add(tracker, "two")
    changed = client.get(LIST, headers=tag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != answer.headers["etag"]


def test_readers_at_once_see_what_was_written_before_they_asked(
    client: TestClient[Application], tracker: JobTracker
) -> None:
    tracker._opened.settings = structs.replace(tracker.settings, api_requests_per_minute=0)
    written = [0]
    ended = threading.Event()
    wrong: list[tuple[int, int]] = []

    def read() -> None:
        while not ended.is_set():
            least = written[0]
            total = client.get(LIST).json()["total"]
            if total < least:
                wrong.append((total, least))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(20):
        add(tracker, f"job {number}")
        written[0] = number + 1
    ended.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def _answer(size: int) -> Answer:
    return Answer(headers=((b"content-type", b"x"),), tag=b'"t"', body=bytes(size))


def test_no_more_is_kept_than_there_is_room_for() -> None:
    answers = Answers(100_000)
    for number in range(200):
        key = (f"/{number}", b"")
        held = answers.put(key, _answer(5_000 + number), version=1, until=float("inf"))
        assert gzip.decompress(answers.pack(key, held)) == held.answer.body
        assert 0 < answers.size <= 100_000
    assert answers.get(("/199", b""), 1) is not None
    assert answers.get(("/0", b""), 1) is None

    before = answers.size
    answers.put(("/large", b""), _answer(60_000), version=1, until=float("inf"))
    answers.put(("/long", b"q" * 60_000), _answer(1), version=1, until=float("inf"))
    assert answers.size == before
    for number in range(200):
        assert answers.get((f"/{number}", b""), 2) is None
    assert answers.size == 0
    nothing = Answers(0)
    nothing.put(("/", b""), _answer(1), version=1, until=float("inf"))
    assert nothing.get(("/", b""), 1) is None


def test_what_changes_with_the_time_is_kept_for_a_second() -> None:
    moment = [100.0]
    answers = Answers(100_000, lambda: moment[0])
    answers.put(("/", b""), _answer(1), version=1, until=101.0)
    assert answers.get(("/", b""), 1) is not None
    moment[0] = 101.0
    assert answers.get(("/", b""), 1) is None

    def asked(query: bytes, *, briefly: bool = False) -> bool:
        scope: Any = {"path": LIST, "query_string": query, "headers": []}
        return _Request(scope, Scope.JOBS_READ, briefly=briefly).is_moving

    assert asked(b"", briefly=True)
    assert asked(b"limit=5&search=posted%3A%3C7d")
    assert asked(b"search=seen:<24h")
    assert not asked(b"search=nurse&limit=5")


def refused(client: TestClient[Application], headers: dict[str, str]) -> bool:
    return client.get(LIST, headers=headers).status_code == 401


def newest(client: TestClient[Application]) -> str | None:
    return next(iter(titles(client)), None)


def within_a_second(client: TestClient[Application], title: str) -> None:
    seen_within(1.0, lambda: newest(client) == title)


def test_a_change_that_takes_long_shows_once_it_is_committed(
    client: TestClient[Application], tracker: JobTracker, other: JobTracker, reads: list[Any]
) -> None:
    # Counting requests writes, which has to wait on SQLite.
    tracker._opened.settings = structs.replace(tracker.settings, api_requests_per_minute=0)
    add(tracker, "before")
    warm(client, reads)
    with other.change("job.create") as change:
        shown = tracker.jobs.search().items[0]
        with change.db.write() as conn:
            conn.execute(sa.update(jobs).where(jobs.c.id == shown.id).values(title="after"))
        # Whatever is read and kept meanwhile is from before.
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            assert newest(client) == "before"
        warm(client, reads)
    within_a_second(client, "after")


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_whoever_was_cut_off_from_the_news_keeps_nothing_old(
    client: TestClient[Application], tracker: JobTracker, other: JobTracker, reads: list[Any]
) -> None:
    for number in range(5):
        add(tracker, f"kept {number}")
        warm(client, reads)
        with other.database.write(shown=False) as conn:
            conn.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE query LIKE 'SELECT pg_current_snapshot%' AND pid <> pg_backend_pid()"
                )
            )
        add(other, f"missed {number}")
        within_a_second(client, f"missed {number}")


def test_who_asks_and_how_changes_nothing_in_what_is_kept(
    client: TestClient[Application], tracker: JobTracker, reads: list[Any]
) -> None:
    add(tracker, "one")
    add(tracker, "two")
    plain = warm(client, reads)
    for headers in (
        {"Accept": "text/html"},
        {"Accept-Language": "de", "Cookie": "jt=none"},
        {"X-Forwarded-For": "192.0.2.1", "Origin": "https://elsewhere.example"},
    ):
        answer = client.get(LIST, headers=headers)
        assert answer.content == plain.content
        assert answer.headers["content-type"] == plain.headers["content-type"]
        assert "set-cookie" not in answer.headers
    # A session is no token, whatever was kept for one.
    client.cookies.set("jt", cookie_for(tracker))
    assert client.get(LIST, headers={"Authorization": ""}).status_code == 401
    client.cookies.clear()
    for query in ("limit=1&sort=arrival", "sort=arrival&limit=1"):
        assert [len(client.get(f"{LIST}?{query}").json()["items"]) for _ in range(2)] == [1, 1]
    assert len(client.get(f"{LIST}?limit=2").json()["items"]) == 2


def test_counts_by_age_are_kept_for_a_second_and_no_longer(
    client: TestClient[Application], tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Any] = []

    def note(*args: Any, **filters: Any) -> Any:
        reads.append(filters)
        return counted(*args, **filters)

    counted = facets.facets
    monkeypatch.setattr(facets, "facets", note)
    add(tracker, "one")
    path = f"{LIST}/facets"
    first = warm(client, reads, path)
    assert msgspec.json.decode(first.content, type=tuple[facets.Facet, ...]) == counted(
        tracker.database
    )
    # Nothing is written, and yet it is counted again.
    begun, before = time.monotonic(), len(reads)
    while len(reads) == before:
        assert client.get(path).status_code == 200
        assert time.monotonic() - begun < 1 + DEADLINE_S
    add(tracker, "two")
    assert client.get(path).json()[0]["values"][0]["count"] == 2
