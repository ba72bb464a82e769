"""Runs in the portal: the list, one run and its stream, workers, overview and performance."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from selectolax.lexbor import LexborHTMLParser

from access import let_in
from jobtracker_core import JobTracker, Settings
from jobtracker_core.api import live
from jobtracker_core.contract.host import Record
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import claims, endings, events, jobs, upsert, workers
from jobtracker_core.storage.queue import Installed
from jobtracker_core.storage.queue_tables import run_events
from jobtracker_core.web.admin import run_live
from queueing import take, turn_on
from standing import app_of

SERVING = {"hiringcafe": Installed(distribution="jobtracker-hiringcafe", version="1")}


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    """An installation with HiringCafe, turned on."""
    settings = Settings(data_dir=tmp_path / "data", database_url=db_url, plugins=("hiringcafe",))
    with JobTracker(settings) as tracker:
        turn_on(tracker.database, "hiringcafe")
        yield tracker


@pytest.fixture
def prefix() -> str:
    return "/at/work"


def enqueue(tracker: JobTracker, text: str = "python") -> int:
    return tracker.runs.enqueue("hiringcafe", {"text": text}).run_id


def claimed(tracker: JobTracker) -> claims.Claim:
    return take(tracker.database, serving=SERVING)


def ended(tracker: JobTracker, state: RunState = RunState.SUCCEEDED, **facts: Any) -> int:
    run_id = enqueue(tracker)
    endings.finish(
        tracker.database,
        claimed(tracker),
        state=state,
        **{"counts": Counts(seen=40, new=7), **facts},
    )
    return run_id


def post(browser: Any, path: str, **fields: object) -> tuple[int, str]:
    answer = browser.client.post(browser.prefix + path, data=fields, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", "")


def text_of(page: LexborHTMLParser, selector: str = "main") -> str:
    found = page.css_first(selector)
    assert found is not None, selector
    return re.sub(r"\s+", " ", found.text()).strip()


def rows(page: LexborHTMLParser) -> list[str]:
    return [link.attributes["href"] or "" for link in page.css("a[data-row]")]


def test_without_runs_the_page_says_what_a_run_is(browser: Any) -> None:
    assert "Nothing has run yet" in text_of(browser.get("/admin/runs"))


def test_the_list_and_its_filters(browser: Any, tracker: JobTracker) -> None:
    good = ended(tracker)
    bad = ended(tracker, RunState.FAILED, error_class="parse", error_message="429 <b>slow</b>")
    waiting = enqueue(tracker)
    page = browser.get("/admin/runs")
    assert rows(page) == [f"/at/work/admin/runs/{one}" for one in (waiting, bad, good)]
    assert "429 <b>slow</b>" in text_of(page)
    assert page.css_first("main b b") is None
    # Nobody is there to take it, and the page asks again until it has ended.
    assert "jobtracker worker" in text_of(page)
    assert page.css_first("main [hx-trigger='every 2s']") is not None
    failed = browser.get("/admin/runs?state=failed,missed")
    assert rows(failed) == [f"/at/work/admin/runs/{bad}"]
    assert failed.css_first("main [hx-trigger]") is None
    assert failed.css_first(".chip[aria-current]").text() == "Failed"
    assert "?state=failed%2Cmissed" in failed.css_first("[data-key=c]").attributes["data-copy"]
    assert "No run is like that" in text_of(browser.get("/admin/runs?collector=other"))
    part = browser.get("/admin/runs", HX_Request="true", HX_Request_Type="partial")
    assert part.css_first("h1") is None
    assert len(rows(part)) == 3


@pytest.mark.parametrize("wrong", ["stat=failed", "state=lost", "before=x", "search=-x"])
def test_filters_that_make_no_sense(browser: Any, wrong: str) -> None:
    page = browser.get(f"/admin/runs?{wrong}", status=400)
    assert wrong.partition("=")[0] in text_of(page)


def test_pages_of_the_list(browser: Any, tracker: JobTracker) -> None:
    numbers = [enqueue(tracker, f"query {number}") for number in range(52)]
    first = browser.get("/admin/runs?state=pending")
    assert len(rows(first)) == 50
    older = first.css_first("a[rel=next]").attributes["href"] or ""
    assert older.startswith("/at/work/admin/runs?state=pending&before=")
    second = browser.get(older.removeprefix("/at/work"))
    assert rows(second) == [f"/at/work/admin/runs/{one}" for one in reversed(numbers[:2])]
    assert second.css_first("a[rel=prev]").attributes["href"] == (
        "/at/work/admin/runs?state=pending"
    )


def test_a_run_from_the_queue_to_its_end(browser: Any, tracker: JobTracker) -> None:
    run_id = enqueue(tracker)
    page = browser.get(f"/admin/runs/{run_id}")
    assert "No worker is running. It waits for one" in text_of(page, "#run-head")
    assert page.css_first("#run-stream").attributes["hx-sse:connect"] == (
        f"/at/work/admin/runs/{run_id}/live?after=0"
    )
    claim = claimed(tracker)
    events.append(tracker.database, claim, "started", {"attempt": 1, "goes_on": False})
    events.append(tracker.database, claim, "expects", {"phase": "list", "total": 240})
    with tracker.database.write() as conn:
        counts = Counts(pages=2, seen=80, new=18, unchanged=62)
        claims.checkpoint(conn, claim, counts=counts)
    page = browser.get(f"/admin/runs/{run_id}")
    head = text_of(page, "#run-head")
    assert "Reading the list 80 / 240 postings" in head
    assert page.css_first("progress").attributes == {
        "class": "bar",
        "max": "240",
        "value": "80",
        "aria-label": "Reading the list",
    }
    assert "240 postings to read" in text_of(page, "#events")
    assert "Stop run" in text_of(page, "#run-actions")
    endings.finish(
        tracker.database,
        claim,
        state=RunState.PARTIAL,
        error_class="http_429",
        error_message="LinkedIn answered 429",
        counts=Counts(),
    )
    page = browser.get(f"/admin/runs/{run_id}")
    assert "Not yet" not in text_of(page, "#run-facts")
    assert "LinkedIn answered 429The site asks for fewer requests" in text_of(page, "#run-head")
    assert page.css_first("#run-stream").attributes.get("hx-sse:connect") is None
    assert "Run again" in text_of(page, "#run-actions")


def test_stopping_and_running_again(browser: Any, tracker: JobTracker) -> None:
    run_id = enqueue(tracker)
    place = f"/at/work/admin/runs/{run_id}"
    assert post(browser, f"/admin/runs/{run_id}/retry") == (303, place)
    assert "it has not ended" in text_of(browser.get(f"/admin/runs/{run_id}"), "#toasts").lower()
    assert post(browser, f"/admin/runs/{run_id}/cancel") == (303, place)
    assert tracker.runs.get(run_id).state is RunState.CANCELLED
    status, again = post(browser, f"/admin/runs/{run_id}/retry")
    assert (status, again) == (303, f"/at/work/admin/runs/{run_id + 1}")
    assert tracker.runs.get(run_id + 1).query == tracker.runs.get(run_id).query
    tracker.collectors.set_enabled("hiringcafe", False)
    assert post(browser, f"/admin/runs/{run_id}/retry") == (
        303,
        "/at/work/admin/collectors/hiringcafe",
    )


def test_a_suspect_run_is_believed(browser: Any, tracker: JobTracker) -> None:
    run_id = ended(tracker, RunState.SUSPECT, error_message="found 7, not 300")
    page = browser.get(f"/admin/runs/{run_id}")
    assert "It is right" in text_of(page, "#run-actions")
    assert "say so, and later runs are compared with this one" in text_of(page, "#run-head")
    assert post(browser, f"/admin/runs/{run_id}/believe")[0] == 303
    assert tracker.runs.get(run_id).state is RunState.SUCCEEDED
    page = browser.get(f"/admin/runs/{run_id}")
    assert "The run counts" in text_of(page, "#toasts")
    assert "It is right" not in text_of(page, "#run-actions")
    assert post(browser, f"/admin/runs/{run_id}/believe")[0] == 303
    told = text_of(browser.get("/admin/runs"), "#toasts")
    assert f"Run {run_id} is succeeded, not suspect" in told


def test_several_at_once(browser: Any, tracker: JobTracker) -> None:
    one, two, over = enqueue(tracker, "a"), enqueue(tracker, "b"), ended(tracker)
    ids = f"{one},{two},{over},999"
    assert post(browser, "/admin/runs/bulk", action="cancel", ids=ids)[0] == 303
    states = {tracker.runs.get(run_id).state for run_id in (one, two)}
    assert states <= {RunState.CANCELLED, RunState.SUCCEEDED}
    told = text_of(browser.get("/admin/runs"), "#toasts")
    assert "asked to stop" in told
    assert "no run 999" in told.lower()
    for fields in ({"action": "cancel", "ids": ""}, {"action": "eat", "ids": "1"}):
        assert post(browser, "/admin/runs/bulk", **fields)[0] == 400
    assert post(browser, "/admin/runs/bulk", action="cancel", ids="x")[0] in {400, 422}


def test_the_log_as_a_file(browser: Any, tracker: JobTracker) -> None:
    run_id = enqueue(tracker)
    claim = claimed(tracker)
    events.append(tracker.database, claim, "odd_item", {"why": "no title"}, level="warning")
    answer = browser.client.get(f"/at/work/admin/runs/{run_id}/log.txt")
    assert answer.headers["content-disposition"] == f'attachment; filename="run-{run_id}.txt"'
    assert "content-length" not in answer.headers
    assert answer.text.endswith("warning odd_item why='no title'\n")
    assert answer.text.count("\n") == 1
    endings.finish(tracker.database, claim, state=RunState.FAILED, error_detail="a\nb")
    *lines, empty, a, b = browser.client.get(
        f"/at/work/admin/runs/{run_id}/log.txt"
    ).text.splitlines()
    assert (len(lines), empty, a, b) == (2, "", "a", "b")


def test_the_log_is_read_in_pieces_and_ends_where_it_began(
    tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = enqueue(tracker)
    claimed(tracker)
    fill(tracker, run_id, 2_500)
    read: list[int] = []
    list_events = events.list_events

    def counting(*given: Any, **words: Any) -> Any:
        found = list_events(*given, **words)
        read.append(len(found))
        fill(tracker, run_id, 10)
        return found

    monkeypatch.setattr(events, "list_events", counting)
    told = [event.data["message"] for event in tracker.runs.story(run_id)]
    assert told == [f"line {number}" for number in range(2_500)]
    assert read == [1_000, 1_000, 520]
    assert list(tracker.runs.story(999)) == []


def test_of_a_giant_run_the_newest_lines_are_read_and_no_others(
    browser: Any, tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = enqueue(tracker)
    claim = claimed(tracker)
    told = {"phase": "list", "total": 4_321}
    events.append(tracker.database, claim, "expects", told)
    fill(tracker, run_id, 3_000)
    read: list[int] = []
    list_events = events.list_events

    def counting(*given: Any, **words: Any) -> Any:
        found = list_events(*given, **words)
        read.append(len(found))
        return found

    monkeypatch.setattr(events, "list_events", counting)
    changed: list[Any] = []
    changes_of_run = jobs.changes_of_run

    def bounded(*given: Any, **words: Any) -> Any:
        changed.append(given[2])
        return changes_of_run(*given, **words)

    monkeypatch.setattr(jobs, "changes_of_run", bounded)
    page = browser.get(f"/admin/runs/{run_id}")
    assert changed == [1_000]
    assert "the newest 1,000" in text_of(page)
    # Said before all of them, and known all the same.
    assert "4,321" in text_of(page, "#run-head")
    lines = page.css("#events > li")
    assert len(lines) == 1_000
    assert "line 2999" in lines[-1].text()
    assert sum(read) == 1_001
    read.clear()
    endings.finish(tracker.database, claim, state=RunState.SUCCEEDED)
    (connect,) = re.findall(r"live\?after=(\d+)", page.html)
    stream = browser.client.get(f"/at/work/admin/runs/{run_id}/live?after={connect}").text
    assert stream.rstrip().endswith("event: over\ndata: succeeded")
    assert "line 2999" not in stream
    assert sum(read) < 1_100


def fill(tracker: JobTracker, run_id: int, lines: int) -> None:
    """Give a run so many lines at once."""
    with tracker.database.write() as conn:
        facts = {"run_id": run_id, "at": tracker.database.now(conn), "kind": "noted"}
        rows = [
            {**facts, "level": "info", "data": {"message": f"line {number}"}}
            for number in range(lines)
        ]
        conn.execute(sa.insert(run_events), rows)


def test_what_is_not_there(browser: Any) -> None:
    for path in ("/admin/runs/999", "/admin/runs/999/log.txt", "/admin/runs/999/live"):
        browser.get(path, status=404)


def test_the_stream_sends_parts_of_the_page_until_the_end(
    browser: Any, tracker: JobTracker
) -> None:
    run_id = ended(tracker, RunState.FAILED, error_class="parse", error_message="<i>odd</i>")
    answer = browser.client.get(f"/at/work/admin/runs/{run_id}/live?after=0")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "\r" not in answer.text
    sent = answer.text
    assert 'hx-target="#run-head"' in sent
    # What was asked and how comes too: filters and times are known only at the end.
    assert 'hx-target="#run-facts"' in sent
    assert "&lt;i&gt;odd&lt;/i&gt;" in sent
    assert sent.rstrip().endswith("event: over\ndata: failed")
    # Who has seen everything gets the head alone.
    last = tracker.runs.events(run_id)[-1].id if tracker.runs.events(run_id) else 0
    again = browser.client.get(
        f"/at/work/admin/runs/{run_id}/live", headers={"Last-Event-ID": str(last)}
    )
    assert 'hx-target="#events"' not in again.text


def test_one_reader_cannot_hold_all_streams(
    browser: Any, tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_live, "MOST_OF_A_READER", 0)
    run_id = ended(tracker)
    answer = browser.client.get(f"/at/work/admin/runs/{run_id}/live")
    assert answer.status_code == 429


def test_strangers_see_nothing(tracker: JobTracker) -> None:
    run_id = ended(tracker)
    with TestClient(app_of(tracker, ""), base_url="http://127.0.0.1") as client:
        for path in ("", f"/{run_id}", f"/{run_id}/live", f"/{run_id}/log.txt"):
            answer = client.get(f"/admin/runs{path}", follow_redirects=False)
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login")
        let_in(client, tracker)
        assert client.get("/admin/runs").status_code == 200


def test_workers(browser: Any, tracker: JobTracker) -> None:
    assert "No worker is running" in text_of(browser.get("/admin/workers"))
    workers.register(
        tracker.database,
        "h:b:1:1:me",
        host="ship",
        pid=71,
        version="1",
        slots=2,
        collectors=None,
    )
    run_id = enqueue(tracker)
    claimed(tracker)
    page = browser.get("/admin/workers")
    assert "ship 71" in text_of(page)
    assert f"/at/work/admin/runs/{run_id}" in page.html
    part = browser.get("/admin/workers", HX_Request="true", HX_Request_Type="partial")
    assert part.css_first("h1") is None


def test_the_overview_names_what_is_wrong(browser: Any, tracker: JobTracker) -> None:
    ended(tracker, RunState.FAILED, error_class="blocked", error_message="a page for robots")
    page = browser.get("/admin")
    told = text_of(page)
    assert "No worker is running: nothing is collected." in told
    assert "a page for robots" in told
    assert "lower the rate, and wait before the next run" in told
    assert re.search(r"The database takes [\d.]+ [kM]B\.", told)


def test_performance_as_lines_and_as_a_table(browser: Any, tracker: JobTracker) -> None:
    assert "Nothing ran in these days" in text_of(browser.get("/admin/performance"))
    ended(tracker)
    ended(tracker, RunState.FAILED, error_class="parse", error_message="odd")
    page = browser.get("/admin/performance?days=7")
    assert len(page.css("[data-chart]")) == 3
    newest = page.css_first("details tbody tr")
    assert [cell.text() for cell in newest.css("td")] == ["80", "14"]
    assert "1 day with runs, 1 day with failures" in page.html
    for wrong in ("days=0", "days=x", "source=<b>", "day=7"):
        browser.get(f"/admin/performance?{wrong}", status=400)


def test_the_stream_ends_soon_after_its_session(
    browser: Any, tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_live, "LOOKED_AT_S", 0.0)
    monkeypatch.setattr(run_live, "LONGEST_S", 20.0)
    monkeypatch.setattr(live, "QUIET_S", 0.1)
    run_id, message = enqueue(tracker), run_live._message

    def ending(**fields: Any) -> Any:
        # The page has its first part: now somebody ends the session elsewhere.
        for session in tracker.sessions.list():
            tracker.sessions.revoke(session.id)
        return message(**fields)

    monkeypatch.setattr(run_live, "_message", ending)
    began = time.monotonic()
    answer = browser.client.get(f"/at/work/admin/runs/{run_id}/live")
    assert answer.status_code == 200
    assert time.monotonic() - began < run_live.LONGEST_S


def test_a_stream_that_is_about_to_begin_counts(
    browser: Any, tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_live, "MOST_OF_A_READER", 1)
    run_id = ended(tracker)
    statuses: list[int] = []
    path, expectations = f"/at/work/admin/runs/{run_id}/live", run_live._expectations

    def meanwhile(*given: Any) -> Any:
        if not statuses:
            statuses.append(0)
            statuses.append(browser.client.get(path).status_code)
        return expectations(*given)

    monkeypatch.setattr(run_live, "_expectations", meanwhile)
    assert browser.client.get(path).status_code == 200
    assert statuses == [0, 429]
    assert browser.client.get(path).status_code == 200


def test_a_run_names_the_jobs_that_it_changed(browser: Any, tracker: JobTracker) -> None:
    run_id = ended(tracker)
    for title, by in (("Cook <b>", None), ("Head cook <b>", run_id)):
        record = Record(
            source_id="1",
            url="https://example.org/1",
            title=title,
            company="Ash",
            content_hash=title.encode().ljust(16),
        )
        db = tracker.database
        with db.write() as conn:
            upsert.write_page(
                conn, source="site", kind="list", records=[record], run_id=by, now=db.now(conn)
            )
    page = browser.get(f"/admin/runs/{run_id}")
    told = [one.text().strip() for one in page.css("#changed-title + ul li")]
    assert told == ["Head cook <b>Ash · title"]
    assert page.css("#changed-title + ul a")[0].attributes["href"] == "/at/work/jobs/1"
    listed = page.css("section p a[href*=changed_by_run]")[0].attributes["href"] or ""
    assert rows(browser.get(listed.removeprefix("/at/work"))) == ["/at/work/jobs/1"]
