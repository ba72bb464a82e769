"""HiringCafe on real answers of the real site, served by a local server."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from jobtracker_core import RunState
from jobtracker_core.storage.tables import metadata

FOLDER = os.environ.get("JOBTRACKER_RECORDINGS")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="JOBTRACKER_RECORDINGS is not set")

SEARCH = "ASSEMBLED_next-data_index_5real-hits.json"
RENDERED = "ASSEMBLED_search-page_5real-hits.html"
DETAILS = "SSR_api_job-description_alameda_2026-08-24.json"
NOT_FOUND = "SSR_api_job-description_404.json"
CLOSED = "OLD_search-jobs_401.json"


def recording(name: str) -> bytes:
    return (Path(FOLDER or "") / "hiringcafe" / name).read_bytes()


def challenge() -> bytes:
    folder = Path(FOLDER or "") / "indeed"
    return (folder / "BLOCKED_us_403_just-a-moment_2026-02.html").read_bytes()


class Recorded(ThreadingHTTPServer):
    """Answers as the files say: one page of five hits, and the details of hit 0."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.overrides: dict[str, tuple[int, str, bytes]] = {}

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, str, bytes]:
        for prefix, answer in self.overrides.items():
            if path.startswith(prefix):
                return answer
        return self.reply(path, query)

    def reply(self, path: str, query: dict[str, list[str]]) -> tuple[int, str, bytes]:
        if path == "/" and "searchState" not in query:
            return 200, "text/html", b'<html><script>{"buildId":"build-1"}</script></html>'
        if path == "/":
            return 200, "text/html", recording(RENDERED)
        if path == "/_next/data/build-1/index.json":
            return self.page(int(query["page"][0]))
        if path == "/api/job-description":
            if query["id"] == [self.first_id()]:
                return 200, "application/json", recording(DETAILS)
            return 404, "application/json", recording(NOT_FOUND)
        return 404, "text/html", b"<html>not found</html>"

    def page(self, number: int) -> tuple[int, str, bytes]:
        body = json.loads(recording(SEARCH))
        props = body["pageProps"]
        # The recording holds five of 1,632 postings; here these five are all there are.
        props["ssrTotalCount"] = 5
        props["ssrIsLastPage"] = True
        if number:
            props["ssrHits"] = []
        return 200, "application/json", json.dumps(body).encode()

    @staticmethod
    def first_id() -> str:
        return str(hits()[0]["objectID"])


class Handler(BaseHTTPRequestHandler):
    server: Recorded

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        status, media, body = self.server.answer(parts.path, parse_qs(parts.query))
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with Recorded() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def tracker(recorded, open_tracker):
    return open_tracker(recorded.base_url)


def hits() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(recording(SEARCH))["pageProps"]["ssrHits"]
    return found


INTERVALS = {"Hourly": "hour", "Yearly": "year"}
SENIORITY = {"Entry Level": "entry", "Mid Level": "mid"}
EMPLOYMENT = {"Full Time": "full_time", "Part Time": "part_time", "Temporary": "temporary"}
A_YEAR = {"hour": 2080, "year": 1}


def expected(hit: dict[str, Any]) -> dict[str, Any]:
    """What is to be stored of a hit, read from it in the plainest way."""
    v5 = hit["v5_processed_job_data"]
    frequency = v5["listed_compensation_frequency"]
    return {
        "title": hit["job_information"]["title"],
        "company": hit["enriched_company_data"]["name"],
        "city": v5["workplace_cities"][0].split(",")[0],
        "country": v5["workplace_countries"][0],
        "remote": v5["workplace_type"].lower(),
        "employment": tuple(EMPLOYMENT[name] for name in v5["commitment"]),
        "seniority": SENIORITY[v5["seniority_level"]],
        "apply_url": hit["apply_url"],
        "url": f"https://hiringcafe.com/job/{hit['requisition_id']}",
        "day": v5["estimated_publish_date"][:10],
        "min": v5[f"{frequency.lower()}_min_compensation"],
        "max": v5[f"{frequency.lower()}_max_compensation"],
        "interval": INTERVALS[frequency],
        "currency": v5["listed_compensation_currency"],
    }


@pytest.mark.parametrize("shell", [False, True], ids=["json", "rendered page"])
def test_the_five_postings_are_stored_as_the_site_gave_them(recorded, tracker, shell) -> None:
    if shell:
        recorded.overrides["/_next/"] = (200, "text/html", b"<!doctype html><div id=__next></div>")
    # The rendered page is served as it was recorded, so it announces 1,632 postings.
    run = tracker.collect("hiringcafe", {"limit": 5}).run
    assert run.state is RunState.SUCCEEDED, run.error_message
    assert (run.counts.new, run.counts.rejected) == (5, 0)
    stored = {job.source_id: job for job in tracker.jobs.search().items}
    assert stored.keys() == {hit["objectID"] for hit in hits()}
    for hit in hits():
        job = stored[hit["objectID"]]
        assert job.posted_at is not None
        wanted = expected(hit)
        got = {name: getattr(job, name) for name in wanted if hasattr(job, name)}
        for name in ("min", "max", "interval", "currency"):
            got[name] = getattr(job, f"pay_{name}")
        got["day"] = f"{job.posted_at:%Y-%m-%d}"
        for name in ("min", "max"):  # stored to the cent
            assert got.pop(name) == pytest.approx(wanted.pop(name), abs=0.005)
        assert got == wanted
        assert (job.pay_kind, job.posted_precision) == ("stated", "estimated")
        assert job.pay_year_min == pytest.approx(job.pay_min * A_YEAR[job.pay_interval])


def test_hit_0_has_its_description_and_a_lost_one_is_closed(recorded, tracker) -> None:
    tracker.collect("hiringcafe", {})
    details = {d.job.source_id: d for d in all_details(tracker)}
    first = details.pop(recorded.first_id())
    sent = json.loads(recording(DETAILS))["job"]["job_information"]["description"]
    words = set(re.findall(r"[A-Za-z]{7,}", re.sub(r"<[^>]*>|&[a-z]+;", " ", sent)))
    assert len(words) > 100
    assert words <= set(re.findall(r"[A-Za-z]{7,}", first.description or ""))
    assert "style=" not in (first.description or "")
    assert first.job.closed_at is None
    assert all(d.job.closed_at is not None for d in details.values())


def all_details(tracker):
    return [tracker.jobs.get(job.id) for job in tracker.jobs.search().items]


def test_no_id_of_another_user_is_anywhere(recorded, tracker, tmp_path) -> None:
    kinds = ("viewedByUsers", "appliedFromUsers", "savedFromUsers", "hiddenFromUsers")
    users = {
        user for hit in hits() for kind in kinds for user in hit["job_information"].get(kind, ())
    }
    assert len(users) > 10
    tracker.collect("hiringcafe", {}, record=tmp_path / "capture")
    held = "".join(path.read_text() for path in (tmp_path / "capture").iterdir())
    with tracker.database.read() as conn:
        for table in metadata.sorted_tables:
            held += str([tuple(row) for row in conn.execute(table.select())])
    assert hits()[0]["job_information"]["title"] in held
    assert not any(user in held for user in users)


@pytest.mark.parametrize(
    ("path", "answer", "state", "error_class", "stored"),
    [
        ("/_next/", (401, "application/json", CLOSED), "failed", "auth", 0),
        ("/_next/", (403, "text/html", None), "partial", "blocked", 0),
        ("/_next/", (200, "text/html", None), "partial", "blocked", 0),
        ("/_next/", (404, "text/html", b"<html>404</html>"), "failed", "parse", 0),
        (
            "/_next/",
            (200, "application/json", b'{"pageProps": {"ssrHits": ['),
            "failed",
            "decode",
            0,
        ),
        (
            "/_next/",
            (
                200,
                "application/json",
                b'{"pageProps": {"ssrHits": [], "ssrTotalCount": 0, "ssrError": "Failed to load."}}',
            ),
            "failed",
            "http_5xx",
            0,
        ),
        ("/api/job-description", (403, "text/html", None), "partial", "blocked", 5),
        ("/api/job-description", (401, "application/json", CLOSED), "partial", "auth", 5),
    ],
)
def test_each_refusal_ends_in_its_class_and_the_list_is_kept(
    recorded, open_tracker, quick_clock, path, answer, state, error_class, stored
) -> None:
    status, media, body = answer
    if body is None:
        body = challenge()
    elif isinstance(body, str):
        body = recording(body)
    recorded.overrides[path] = (status, media, body)
    tracker = open_tracker(recorded.base_url, clock=quick_clock)
    run = tracker.collect("hiringcafe", {}).run
    assert (run.state.value, run.error_class) == (state, error_class), run.error_message
    assert tracker.jobs.count() == stored


def test_an_empty_last_page_after_a_full_one_is_weighed(recorded, tracker) -> None:
    original = recorded.page

    def page(number: int) -> tuple[int, str, bytes]:
        status, media, body = original(number)
        props = msgspec.json.decode(body)
        props["pageProps"]["ssrTotalCount"] = 1632
        props["pageProps"]["ssrIsLastPage"] = number > 0
        return status, media, msgspec.json.encode(props)

    recorded.page = page
    run = tracker.collect("hiringcafe", {}).run
    assert run.counts.new == 5
    assert (run.state, run.error_class) == (RunState.PARTIAL, "empty")
    assert not run.end_confirmed
