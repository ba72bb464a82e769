from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobtracker_core.contract.errors import (
    Blocked,
    LayoutChanged,
    RateLimited,
    Transient,
)
from jobtracker_core.http.classify import HEAD, LONGEST_WAIT, classify, find_challenge, retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def read(status: int, *, content: bytes = b"", accept: Any = (200,), **headers: Any) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(status, named, content, accept, NOW, where="/jobs")


def page(title: str, body: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body>".encode()


@pytest.mark.parametrize(
    ("status", "kind", "error_class"),
    [
        (204, LayoutChanged, "parse"),
        (206, LayoutChanged, "parse"),
        (304, LayoutChanged, "parse"),
        (400, LayoutChanged, "http_4xx"),
        (401, LayoutChanged, "auth"),
        (403, Blocked, "blocked"),
        (404, LayoutChanged, "http_4xx"),
        (405, LayoutChanged, "http_4xx"),
        (407, Transient, "proxy"),
        (408, Transient, "http_4xx"),
        (410, LayoutChanged, "http_4xx"),
        (418, LayoutChanged, "http_4xx"),
        (422, LayoutChanged, "http_4xx"),
        (425, Transient, "http_4xx"),
        (429, RateLimited, "http_429"),
        (451, Blocked, "blocked"),
        (500, Transient, "http_5xx"),
        (502, Transient, "http_5xx"),
        (503, Transient, "http_5xx"),
        (504, Transient, "http_5xx"),
        (520, Transient, "http_5xx"),
        (524, Transient, "http_5xx"),
        (530, Transient, "http_5xx"),
        (999, Blocked, "blocked"),
    ],
)
def test_each_status_has_its_meaning(status, kind, error_class):
    error = read(status)
    assert type(error) is kind
    assert error.error_class == error_class
    assert f"HTTP {status}" in str(error)
    assert "/jobs" in str(error) or error_class == "proxy"


@pytest.mark.parametrize("status", [200, 401, 404, 429, 500, 999])
def test_an_accepted_status_is_an_answer(status):
    assert read(status, accept=(status,)) is None


def test_what_was_expected_and_what_came_are_told():
    error = read(404, content=b'{"error":"x"}' + b"y" * 9000, accept={204, 200})
    assert "200 or 204" in str(error)
    assert error.path == "/jobs"
    assert error.sample.startswith('{"error":"x"}')
    assert len(error.sample) == 2000


def test_a_closed_interface_says_that_it_is_closed():
    assert "closed to guests" in str(read(401, content=b'{"error":"Unauthorized."}'))


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [(429, "30", 30.0), (429, "soon", None), (503, "30", 30.0), (503, "0", 0.0)],
)
def test_a_site_that_asks_to_wait_is_obeyed(status, header, wait):
    error = read(status, retry_after=header)
    assert type(error) is RateLimited
    assert error.retry_after == wait


def test_an_overload_with_an_unreadable_wait_is_a_bad_day():
    assert type(read(503, retry_after="soon")) is Transient


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("1.5", 1.5),
        ("-5", None),
        ("1e9", None),
        ("inf", None),
        ("nan", None),
        ("١٢", None),
        ("5, 5", None),
        ("tomorrow", None),
        ("9" * 400, LONGEST_WAIT),
        ("90000", LONGEST_WAIT),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90.0),
        ("Sun, 01 Mar 2026 14:01:30 +0200", 90.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2026 12:01:30", 90.0),
        ("Sun, 01 Mar 2099 12:00:00 GMT", LONGEST_WAIT),
        ("Sun, 99 Mar 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after_in_all_its_forms(value, seconds):
    assert retry_after(value, now=NOW) == seconds


@given(st.text() | st.from_regex(r"\w{3}, \d+ (Jan|Dec) \d+ \d+:\d+:\d+ ([+-]\d+|GMT)"))
def test_retry_after_reads_any_text_without_falling_over(value):
    wait = retry_after(value, now=NOW)
    assert wait is None or 0 <= wait <= LONGEST_WAIT


CHALLENGES = {
    "cloudflare": page("Just a moment..."),
    "cloudflare, ellipsis": page("\n  Just a  moment… "),
    "cloudflare firewall": page("Attention Required! | Cloudflare"),
    "indeed": page("Additional Verification Required"),
    "vercel": page("Vercel Security Checkpoint"),
    "vercel, short": page("Security Checkpoint"),
    "glassdoor": page("Help Us Protect Glassdoor"),
    "glassdoor, new": page("Humans only"),
    "akamai": b"<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>Reference #18.c6</BODY>",
    "perimeterx": page("Access to this page has been denied"),
    "perimeterx box": page("shop", '<div id="px-captcha"></div>'),
    "datadome": page("shop", '<script src="https://ct.captcha-delivery.com/c.js"></script>'),
    "imperva": page("", '<iframe id="x" src="/_Incapsula_Resource?a=1&incident_id=9"></iframe>'),
    "cloudflare script": page("x", '<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/c">'),
    "cloudflare options": page("x", "<script>(function(){window._cf_chl_opt = {a:1}"),
    "byte order mark": b"\xef\xbb\xbf  " + page("Just a moment..."),
    "firewall json": b'{"status_code":403,"error_code":"forbidden cf-waf"}',
    "datadome json": b'{"url":"https://geo.captcha-delivery.com/captcha/?initialCid=A"}',
    "perimeterx json": b'{"appId":"PX1","blockScript":"/x/captcha/captcha.js?a=b"}',
}


@pytest.mark.parametrize("status", [200, 302, 403, 404, 429, 503])
@pytest.mark.parametrize("content", CHALLENGES.values(), ids=list(CHALLENGES))
def test_a_challenge_is_a_challenge_whatever_its_status(status, content):
    error = read(status, content=content, accept=(200, 404), retry_after="60")
    assert type(error) is Blocked
    assert f"HTTP {status}" in error.evidence


@pytest.mark.parametrize("header", ["cf_mitigated", "x_vercel_mitigated"])
def test_the_header_of_a_challenge_is_enough(header):
    assert type(read(200, content=b"{}", **{header: "challenge"})) is Blocked
    assert read(200, content=b"{}", **{header: "log"}) is None


TALK = (
    "We fight bots: Just a moment..., Access Denied, Security Checkpoint, PerimeterX, DataDome, "
    "Additional Verification Required, Attention Required! | Cloudflare, Humans only, cf-waf, "
    "window._cf_chl_opt = {}, px-captcha, captcha-delivery.com, /authwall?x "
)
ESCAPED = (
    "&lt;title&gt;Just a moment...&lt;/title&gt; &lt;div id=&quot;px-captcha&quot;&gt; "
    "&lt;script src=&quot;https://ct.captcha-delivery.com/c.js&quot;&gt;"
)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            page("Bot Mitigation Engineer - Akamai | Jobs", TALK + ESCAPED), id="job page"
        ),
        pytest.param(page("Access Denied Analyst at Just a moment... Ltd", TALK), id="title"),
        pytest.param(page("Jobs", f'<script type="a">{{"text": "{TALK}"}}</script>'), id="script"),
        pytest.param(
            page("Jobs", '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>'),
            id="cloudflare's harmless script",
        ),
        pytest.param(page("Jobs", '<script src="https://js.datadome.co/tags.js">'), id="datadome"),
        pytest.param(b'{"title": "Just a moment...", "text": "cf-waf px-captcha"}', id="json"),
        pytest.param(b'{"url": "https://jobs.example/1", "error_code": null}', id="json url"),
        pytest.param(b'{"url": 1, "error_code": {}}', id="json of other types"),
        pytest.param(b'{"error_code": "cf-waf"', id="half a json"),
        pytest.param(b"[" * 100_000, id="deep json"),
        pytest.param(b'{"a":' * 3000, id="deep json object"),
        pytest.param(TALK.encode(), id="plain text"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"<", id="one character"),
        pytest.param(b"<!DOCTYPE html>\n\n<!---->", id="linkedin's empty page"),
    ],
)
def test_a_page_that_speaks_of_challenges_is_none(content):
    assert find_challenge({"content-type": "text/html"}, content) is None
    assert read(200, content=content) is None


def test_only_the_beginning_of_a_body_is_looked_at():
    late = page("Jobs", " " * HEAD + '<div id="px-captcha"></div>')
    assert find_challenge({}, late) is None
    assert find_challenge({}, page("Jobs", " " * 9000 + '<div id="px-captcha"></div>')) is not None


PREFIXES = [
    *("<script src=/cdn-cgi/challenge-platform/", '<script src="/cdn-cgi/challenge-platform/'),
    *("<script src=", "<script ", "<title", "<title>", "<title>a", "<a ", "<a id=", "< ", "<"),
    *("<div id='px-captcha", "<iframe src='https://a.captcha-delivery.com", "src=", ' src="'),
    *("<iframe src='/_Incapsula_Resource?", "<iframe src='/_Incapsula_Resource?incident_id"),
    *('<meta name="pageKey" content="auth', "<meta ", "<html><head> <script>window.onload "),
    *("<script>(function(){ ", "<script>   ", "<script>window.INDEED_CLOUDFLARE_STATIC_PAGE "),
]


@pytest.mark.parametrize("start", ["", "<html><head><script>window.onload ", "<script src='", "<a"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_repeated_beginnings_of_marks_take_little_time(prefix, start):
    content = (start + prefix * HEAD).encode()
    begun = time.process_time()
    find_challenge({}, b"<" + content[: HEAD - 1])
    find_challenge({}, content[:HEAD])
    assert time.process_time() - begun < 1


@given(st.binary(max_size=300))
def test_any_bytes_can_be_looked_at(content):
    for start in (b"", b"<title>", b"{", b"<script "):
        # The same bytes always mean the same, and evidence is words.
        found = find_challenge({}, start + content)
        assert found == find_challenge({}, start + content)
        assert found is None or found.strip()


@pytest.mark.parametrize(
    "name",
    [
        "blocked/glassdoor_humans-only_2026-07.html",
        "blocked/ziprecruiter_api_403_cf-waf.json",
        "blocked/ziprecruiter_cloudflare_2025-08.html",
        "indeed/BLOCKED_it_additional-verification.html",
        "indeed/BLOCKED_us_403_just-a-moment_2026-02.html",
        "indeed/BLOCKED_us_indeed-branded-challenge_50k.html",
        "linkedin/BLOCKED_999_authwall-redirect.html",
        "linkedin/BLOCKED_authwall_page.html",
    ],
)
def test_real_refusals_are_known_even_with_status_200(recordings, name):
    assert type(read(200, content=(recordings / name).read_bytes())) is Blocked


def test_no_real_answer_is_taken_for_a_refusal(recordings):
    folders = ("hiringcafe", "indeed", "linkedin")
    files = [
        path
        for folder in folders
        for path in (recordings / folder).iterdir()
        if not path.name.startswith("BLOCKED")
    ]
    assert len(files) > 15
    taken = {path.name: find_challenge({}, path.read_bytes()) for path in files}
    assert {name: why for name, why in taken.items() if why} == {}
