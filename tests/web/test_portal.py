"""The pages over HTTP, at the root and below a prefix."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from litestar.testing import TestClient
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser, LexborNode

from access import let_in
from jobtracker_core import Settings
from jobtracker_core.contract.host import PayRecord, Record
from jobtracker_core.contract.posting import (
    Employment,
    PayInterval,
    PayKind,
    Place,
    Precision,
    Remote,
    Seniority,
)
from jobtracker_core.server.compose import create_app
from jobtracker_core.storage import find, find_rows, upsert
from jobtracker_core.storage.merge import Kind
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import assets

Fill = Callable[..., None]


class Browser(Protocol):
    client: TestClient[Any]
    prefix: str

    def get(self, path: str, *, status: int = 200, **headers: str) -> LexborHTMLParser: ...


FULL = Record(
    source_id="a-1",
    content_hash=b"1" * 16,
    url="https://site.example/a-1",
    title="Engineer <b>& more",
    company="Łódź Robotics",
    company_key="lodz robotics",
    places=(Place(text="Berlin"), Place(text="Bonn")),
    remote=Remote.HYBRID,
    employment=(Employment.FULL_TIME, Employment.CONTRACT),
    seniority=Seniority.LEAD,
    skills=("SQL",),
    language="de",
    pay=PayRecord(min=60000, max=80000, currency="EUR", interval=PayInterval.YEAR, kind=PayKind.ESTIMATED),
    posted_at=datetime(2026, 11, 20, tzinfo=UTC),
    posted_precision=Precision.DAY,
    apply_url="https://apply.example/a-1",
    description="<p>We <strong>care</strong>.</p>",
    raw='{"key":"<script>alert(1)</script>"}',
)  # fmt: skip


@pytest.fixture
def store(tracker: JobTracker) -> Callable[..., None]:
    """Store records as one page."""

    def store(*records: Record, kind: Kind = "list", run_id: int = 4) -> None:
        database = tracker.database
        with database.write() as conn:
            upsert.write_page(
                conn,
                source="site",
                kind=kind,
                records=records,
                run_id=run_id,
                now=database.now(conn),
            )

    return store


def texts(page: LexborHTMLParser | LexborNode, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in page.css(selector)]


def one(page: LexborHTMLParser, selector: str) -> LexborNode:
    (node,) = page.css(selector)
    return node


def test_a_list_of_fifty_and_its_pages(browser: Browser, fill: Fill) -> None:
    fill(120)
    first = browser.get("/jobs")
    assert texts(first, "a[data-row]") == [f"Engineer {n}" for n in range(120, 70, -1)]
    assert texts(first, "nav[aria-label=Pages] .num") == ["1–50 of 120"]
    assert texts(first, "#count") == ["120 jobs"]
    assert first.css("a[rel=prev]") == []
    second = browser.get(_below(browser, one(first, "a[rel=next]")))
    assert texts(second, "nav[aria-label=Pages] .num") == ["51–100 of 120"]
    third = browser.get(_below(browser, one(second, "a[rel=next]")))
    assert texts(third, "a[data-row]") == [f"Engineer {n}" for n in range(20, 0, -1)]
    assert texts(third, "nav[aria-label=Pages] .num") == ["101–120 of 120"]
    assert third.css("a[rel=next]") == []
    back = browser.get(_below(browser, one(third, "a[rel=prev]")))
    assert texts(back, "a[data-row]") == texts(second, "a[data-row]")


def test_going_back_to_the_top_shows_what_has_come_since(browser: Browser, fill: Fill) -> None:
    fill(60)
    second = browser.get(_below(browser, one(browser.get("/jobs"), "a[rel=next]")))
    fill(3, source="other")
    before = browser.get(_below(browser, one(second, "a[rel=prev]")))
    assert texts(before, "nav[aria-label=Pages] .num") == ["4–53 of 63"]
    top = browser.get(_below(browser, one(before, "a[rel=prev]")))
    assert len(texts(top, "a[data-row]")) == 50
    assert texts(top, "nav[aria-label=Pages] .num") == ["1–50 of 63"]
    assert top.css("a[rel=prev]") == []


def _below(browser: Browser, link: LexborNode) -> str:
    href = link.attributes["href"] or ""
    assert href.startswith(f"{browser.prefix}/jobs?")
    return href.removeprefix(browser.prefix)


def test_filters_stand_in_the_address(browser: Browser, fill: Fill) -> None:
    fill(60, title="Nurse", remote=Remote.REMOTE)
    fill(2, title="Nurse", source="other")
    page = browser.get("/jobs?q=NURSE&remote=remote&source=site&employment=&closed=false")
    assert texts(page, "#count") == ["60 jobs"]
    assert one(page, "#q").attributes["value"] == "NURSE"
    chosen = {
        select.attributes["name"]: [o.attributes["value"] for o in select.css("option[selected]")]
        for select in page.css("select")
    }
    assert chosen == {
        "source": ["site"],
        "remote": ["remote"],
        "status": [],
        "sort": [],
        "employment": [],
        "seniority": [],
        "closed": ["false"],
    }
    assert [o.attributes["value"] for o in page.css("select[name=source] option")] == [
        *("", "other", "site")
    ]
    following = one(page, "a[rel=next]").attributes["href"] or ""
    assert "q=NURSE&source=site&remote=remote&closed=false&after=" in following
    copies = [node.attributes["data-copy"] or "" for node in page.css("#copies [data-copy]")]
    assert copies[0].endswith(
        f"{browser.prefix}/api/v1/jobs?search=NURSE&source=site&remote=remote&closed=false'"
    )
    assert copies[1] == ("jobtracker jobs list --search=NURSE --source=site --remote=remote --open")


def test_the_curl_command_asks_the_api_for_the_same_jobs(browser: Browser, fill: Fill) -> None:
    fill(3, remote=Remote.REMOTE)
    fill(2, source="other")
    page = browser.get("/jobs?q=engineer&remote=remote")
    command = one(page, "#copies [data-key=c]").attributes["data-copy"] or ""
    _, option, header, url = shlex.split(command)
    assert (option, header) == ("-H", "Authorization: Bearer $JOBTRACKER_TOKEN")
    assert '"Authorization' in command, "the shell puts the token in"
    assert url.startswith("http://127.0.0.1")
    listed = browser.client.get(url.removeprefix("http://127.0.0.1")).json()
    assert [job["title"] for job in listed["items"]] == texts(page, "a[data-row]")


def test_a_changed_filter_gets_the_list_alone(browser: Browser, fill: Fill) -> None:
    fill(2)
    answer = browser.client.get(
        f"{browser.prefix}/jobs?q=2&source=&remote=",
        headers={"HX-Request": "true", "HX-Request-Type": "partial", "Accept": "text/html"},
    )
    assert answer.headers["hx-push-url"] == f"{browser.prefix}/jobs?q=2"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "hx-request-type" in answer.headers["vary"].lower()
    part = LexborHTMLParser(answer.text)
    assert "<html" not in answer.text
    assert texts(part, "a[data-row]") == ["Engineer 2"]
    partials = [node.attributes["hx-target"] for node in part.css("hx-partial")]
    assert partials == ["#count", "#copies", "#chips", "#facets", "#beyond"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("remote=moon", "remote=moon is not known. Allowed: onsite, hybrid, remote, unknown."),
        ("after=1&before=2", "not both"),
    ],
)
def test_wrong_filters_are_explained(browser: Browser, query: str, said: str) -> None:
    page = browser.get(f"/jobs?{query}", status=400)
    assert said in one(page, "main").text()
    assert one(page, "main a").attributes["href"] == f"{browser.prefix}/jobs"
    part = browser.get(f"/jobs?{query}", status=400, HX_Request="true", HX_Request_Type="partial")
    assert said in one(part, "[role=alert]").text()


@pytest.mark.parametrize("path", ["/jobs?after=x", "/jobs/999", "/jobs/99999999999999999999"])
def test_what_is_not_there(browser: Browser, path: str) -> None:
    page = browser.get(path, status=404)
    assert one(page, "html").attributes["data-theme"] == "dark"
    assert len(page.css("h1")) == 1


def test_without_jobs_the_list_says_how_to_get_some(browser: Browser) -> None:
    page = browser.get("/jobs")
    assert texts(page, "#list h2") == ["No jobs yet"]
    commands = [node.attributes["data-copy"] for node in page.css("#list [data-copy]")]
    assert commands == ["jobtracker plugins list", "jobtracker demo"]


@pytest.mark.parametrize("on", [False, True])
def test_without_jobs_the_list_names_the_collectors(tmp_path: Path, on: bool) -> None:
    settings = Settings(data_dir=tmp_path, plugins=("hiringcafe",))
    with JobTracker(settings) as tracker:
        if on:
            tracker.collectors.set_enabled("hiringcafe", enabled=True)
        with TestClient(create_app(tracker), base_url="http://127.0.0.1") as client:
            let_in(client, tracker)
            page = LexborHTMLParser(client.get("/jobs").text)
    commands = [node.attributes["data-copy"] for node in page.css("#list [data-copy]")]
    turn_on = ["jobtracker collectors enable hiringcafe"] if not on else []
    assert commands == [
        *turn_on,
        'jobtracker collect hiringcafe --text "data engineer" --limit 100',
        "jobtracker demo",
    ]


def test_without_matches_the_list_offers_to_clear_the_filters(browser: Browser, fill: Fill) -> None:
    fill(1)
    page = browser.get("/jobs?q=zzz")
    assert texts(page, "#list h2") == ["No jobs match these filters"]
    # What was found while the last word was typed is not lost when it is sent.
    ways = {link.text(): link.attributes["href"] for link in page.css("#list a")}
    assert ways == {
        "Search for zzz*": f"{browser.prefix}/jobs?q=zzz%2A",
        "Clear filters": f"{browser.prefix}/jobs",
    }
    assert texts(browser.get("/jobs?q=zzz*"), "#list a") == ["Clear filters"]


def test_a_list_that_found_none_so_far_leads_on(
    browser: Browser, fill: Fill, tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(2, title="In the office with the team")
    monkeypatch.setattr(find, "LOOKED_AT", 1)
    monkeypatch.setattr(find_rows, "_CHECKED_AT_ONCE", 1)
    page = browser.get("/jobs?q=%22in+the+team%22")
    if tracker.database.dialect == "postgresql":
        assert texts(page, "#list h2") == ["No jobs match so far"]
        page = browser.get(_below(browser, one(page, "#list a[rel=next]")))
    assert texts(page, "#list h2") == ["No jobs match these filters"]


def test_a_job_page_says_all_that_is_known(browser: Browser, store: Callable[..., None]) -> None:
    store(FULL)
    page = browser.get("/jobs/1")
    assert texts(page, "h1") == ["Engineer <b>& more"]
    assert texts(page, "h1 + p") == ["Łódź Robotics · Berlin · hybrid"]
    facts = dict(zip(texts(page, "dl.facts dt"), texts(page, "dl.facts dd"), strict=True))
    assert facts["Pay"] == "€60,000–80,000 a yearEstimated by the site"
    assert facts["Employment"] == "Full-time, contract"
    assert (facts["Level"], facts["Work"], facts["Skills"]) == ("Lead", "Hybrid", "SQL")
    assert facts["Place"].startswith("Berlin")
    assert facts["Posted"].endswith("2026-11-20")
    assert facts["Last seen"].endswith("1 time on a list")
    assert (
        one(page, ".prose").html
        == '<div class="prose" hx-ignore=""><p>We <strong>care</strong>.</p></div>'
    )
    assert "&lt;script&gt;" in (one(page, "details pre").html or "")
    assert [node.attributes["src"] for node in page.css("script")] == [
        f"{browser.prefix}{assets.address(name)}" for name in ("htmx.js", "app.js")
    ]
    outside = {node.text().strip(): node.attributes for node in page.css("a[target=_blank]")}
    assert outside["Apply"]["href"] == "https://apply.example/a-1"
    assert outside["Open at site"]["href"] == "https://site.example/a-1"
    assert {node["rel"] for node in outside.values()} == {"noopener noreferrer nofollow"}


def test_a_job_page_shows_what_changed(browser: Browser, store: Callable[..., None]) -> None:
    store(FULL)
    store(replace(FULL, remote=Remote.REMOTE, closed=True, content_hash=b"2" * 16), run_id=5)
    page = browser.get("/jobs/1")
    history = one(page, "section[aria-labelledby=history]")
    assert texts(history, "dt") == ["State", "Remote"]
    assert texts(history, "dd") == ["open → became closed", "hybrid → became remote"]
    assert "on the list (run 5)" in history.text()
    assert texts(page, "h1 ~ p .status") == ["New", "Closed"]
    assert "Closed" in one(browser.get("/jobs"), "tbody tr").text()


def test_a_job_of_which_little_is_known(browser: Browser, fill: Fill) -> None:
    fill(1, company=None)
    page = browser.get("/jobs/1")
    assert "Not read yet" in one(page, "section[aria-labelledby=description]").text()
    assert texts(page, "dl.facts dt") == ["Posted", "First seen", "Last seen", "Source"]
    assert page.css("details:not(.menu)") == []


def test_the_theme_is_kept_in_a_cookie(browser: Browser, fill: Fill) -> None:
    fill(1)
    form = one(browser.get("/jobs?q=x"), f"form[action='{browser.prefix}/theme']")
    values = {str(node.attributes["name"]): node.attributes["value"] for node in form.css("input")}
    assert values.pop("csrf")
    assert values == {"theme": "light", "back": f"{browser.prefix}/jobs?q=x"}
    answer = browser.client.post(f"{browser.prefix}/theme", data=values, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, values["back"])
    cookie = answer.headers["set-cookie"].lower()
    assert f"path={browser.prefix or '/'};" in cookie + ";"
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    for path in ("/jobs", "/jobs/1"):
        assert one(browser.get(path), "html").attributes["data-theme"] == "light"
    assert one(browser.get("/jobs/99", status=404), "html").attributes["data-theme"] == "light"


@pytest.mark.parametrize(
    "back",
    [
        "",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "jobs",
        "/a\tb",
        "/a\r\nX: y",
    ],
)
def test_the_theme_switch_leads_nowhere_else(browser: Browser, back: str) -> None:
    answer = browser.client.post(
        f"{browser.prefix}/theme",
        data={"theme": "light", "back": back},
        follow_redirects=False,
    )
    assert answer.headers["location"] == f"{browser.prefix}/jobs"


def test_a_theme_that_there_is_not(browser: Browser) -> None:
    answer = browser.client.post(f"{browser.prefix}/theme", data={"theme": "pink"})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    browser.client.cookies.set("jt-theme", "pink")
    assert one(browser.get("/jobs"), "html").attributes["data-theme"] == "dark"


def test_built_files_may_be_kept_for_ever_by_their_version(browser: Browser) -> None:
    page = browser.get("/jobs")
    addresses = [
        *(node.attributes["href"] or "" for node in page.css("link")),
        *(node.attributes["src"] or "" for node in page.css("script")),
        (page.css("use")[0].attributes["href"] or "").partition("#")[0],
    ]
    assert len(addresses) == 6
    for address in addresses:
        assert address.startswith(f"{browser.prefix}/static/")
        answer = browser.client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = browser.client.get(f"{browser.prefix}/static/app.css?v=0123456789")
    assert plain.headers["cache-control"] == "no-cache"
    assert plain.headers["content-type"] == "text/css; charset=utf-8"
    assert plain.content == assets.content("app.css")


@pytest.mark.parametrize(
    "name", ["none.css", "SHA256SUMS", "../portal.py", "%2e%2e/portal.py", "fonts", ""]
)
def test_nothing_else_is_given_from_the_folder(browser: Browser, name: str) -> None:
    assert browser.client.get(f"{browser.prefix}/static/{name}").status_code == 404


def test_a_mistake_in_a_search_is_marked_and_the_text_kept(browser: Browser, fill: Fill) -> None:
    fill(2)
    page = browser.get("/jobs?q=engineer+titel:x")
    assert one(page, "#q").attributes["value"] == "engineer titel:x"
    assert texts(page, "[role=alert] h2") == ["There is no field titel:"]
    assert texts(page, "[role=alert] mark") == ["titel:"]
    assert page.css("a[data-row]") == []
    assert texts(page, "#count") == [""], "nobody has counted"
    assert page.css("[data-dialog=save-view]") == [], "nobody keeps it"
    assert browser.get("/palette?q=titel:x").css("mark") == []


def test_while_it_is_typed_the_last_word_may_go_on(browser: Browser, fill: Fill) -> None:
    fill(2, title="Nurse")
    assert browser.get("/jobs?q=nur", HX_Request_Type="partial").css("a[data-row]") == []
    assert browser.get("/jobs?q=nur", X_Typing="1").css("a[data-row]") == []
    answer = browser.client.get(
        f"{browser.prefix}/jobs?q=nur", headers={"HX-Request-Type": "partial", "X-Typing": "1"}
    )
    assert len(LexborHTMLParser(answer.text).css("a[data-row]")) == 2
    assert answer.headers["HX-Push-Url"] == f"{browser.prefix}/jobs?q=nur%2A"


def test_the_filters_come_with_counts_when_they_are_unfolded(browser: Browser, fill: Fill) -> None:
    fill(3, title="Nurse", remote=Remote.REMOTE)
    fill(2, title="Nurse", source="other")
    list_page = browser.get("/jobs?q=nurse&remote=")
    asked = one(list_page, "#facets [hx-get]").attributes
    assert (asked["hx-get"], asked["hx-trigger"]) == (
        f"{browser.prefix}/jobs/facets?q=nurse",
        "intersect once",
    )
    page = browser.get("/jobs/facets?q=nurse&remote=")
    chips = {" ".join(chip.text().split()): chip.attributes["href"] for chip in page.css(".chip")}
    assert chips["site 3"] == f"{browser.prefix}/jobs?q=nurse&source=site#facets"
    assert chips["other 2"] == f"{browser.prefix}/jobs?q=nurse&source=other#facets"
    # Where they are unfolded again.
    assert chips["remote 3"] == f"{browser.prefix}/jobs?q=nurse&remote=remote#facets"
    assert browser.get("/jobs/facets?q=(").css(".chip") == []
