from __future__ import annotations

import random

import pytest

from jobtracker_core.contract.context import Http
from jobtracker_core.contract.errors import (
    Blocked,
    Cancelled,
    LayoutChanged,
    RateLimited,
    Transient,
)
from jobtracker_core.contract.info import Limits
from jobtracker_core.http.address import ForbiddenHost
from jobtracker_core.http.exchange import TooLarge

URL = "https://jobs.example/list"


def sent_urls(script) -> list[str]:
    return [request.url for request in script.sent]


def test_it_is_what_collectors_are_promised(client):
    http: Http = client
    assert http is client


def test_an_answer_comes_back_as_the_contract_has_it(client, script):
    script.add(b"\xe9", Content_type="text/plain")
    script.plays[0] = type(script.plays[0])(
        status=200,
        url="elsewhere",
        headers=(
            ("content-type", "text/html; charset=latin-1"),
            ("set-cookie", "a=1; Expires=Mon, 01 Jan"),
            ("set-cookie", "b=2"),
            ("vary", "a"),
            ("vary", "b"),
        ),
        content=b"\xe9",
        elapsed=0.25,
    )
    response = client.get(URL, params={"q": "a b"}, headers={"Referer": "https://jobs.example/"})
    assert (response.status, response.url, response.elapsed) == (200, f"{URL}?q=a%20b", 0.25)
    assert (response.text, response.content_type) == ("é", "text/html")
    assert response.headers["vary"] == "a, b"
    assert response.headers["set-cookie"] == "a=1; Expires=Mon, 01 Jan\nb=2"
    (request,) = script.sent
    assert (request.method, request.url, request.body) == ("GET", f"{URL}?q=a%20b", None)
    assert request.headers == (("Referer", "https://jobs.example/"),)


def test_the_order_of_things_before_a_request(client, script, world):
    world.grants.extend([2.5, 0.5])
    script.add()
    client.get("https://JOBS.example/list")
    assert world.events == [
        "check",
        "acquire",
        "pause",
        "acquire",
        "pause",
        "acquire",
        "send",
    ]
    assert 2.5 <= world.pauses[0] <= 2.5 * 1.3
    assert 0.5 <= world.pauses[1] <= 0.5 * 1.3
    assert world.acquired == [("site:jobs.example", 20.0, 1)] * 3


def test_a_wait_is_lengthened_by_a_random_share(make_client, script, world):
    client = make_client(per_minute=6.0, random=random.Random(7))
    for _ in range(200):
        world.grants.extend([10.0, 0.0])
        script.add()
        client.get(URL)
    assert 10 <= min(world.pauses) < 10.3
    assert 12.7 < max(world.pauses) <= 13


def test_the_port_is_part_of_the_site_and_the_burst_is_the_collectors(make_client, script, world):
    client = make_client(base_url="http://127.0.0.1:8000", limits=Limits(burst=4), per_minute=600.0)
    script.add()
    client.get("http://127.0.0.1:8000/x")
    assert world.acquired == [("site:127.0.0.1:8000", 600.0, 4)]


def test_a_run_that_is_to_stop_sends_nothing(client, script, world):
    world.reason = "stopped"
    with pytest.raises(Cancelled):
        client.get(URL)
    assert (script.sent, client.requests) == ([], 0)


@pytest.mark.parametrize(("left", "timeout"), [(None, 20), (500.0, 20), (3.5, 3.5)])
def test_a_request_gets_no_more_time_than_its_run_has(client, script, world, left, timeout):
    world.left = left
    script.add()
    client.get(URL)
    assert script.timeouts == [timeout]


def test_no_more_requests_are_sent_than_may_be(make_client, script, world):
    client = make_client(max_requests=3)
    script.add(status=302, location="/list/2")
    script.add()
    client.get(URL)
    client.take_turn()
    for send in (lambda: client.get(URL), client.take_turn):
        with pytest.raises(Cancelled) as caught:
            send()
        assert (caught.value.reason, caught.value.error_class) == ("requests", "request_limit")
    assert (len(script.sent), client.requests) == (2, 3)
    assert len(world.acquired) == 3, "for what is not sent no grant is taken"


@pytest.mark.parametrize("left", [0.0, -1.0])
def test_a_run_without_time_sends_nothing(client, script, world, left):
    world.left = left
    with pytest.raises(Cancelled) as caught:
        client.get(URL)
    assert caught.value.reason == "deadline"
    assert script.sent == []


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/",
        "https://jobs.example:8443/",
        "https://user@jobs.example/",
        "file:///etc/hostname",
        "/list",
    ],
)
def test_an_address_outside_the_hosts_is_a_bug_in_the_plugin(client, script, url):
    for call in (client.get, client.post):
        with pytest.raises(ForbiddenHost) as caught:
            call(url)
        assert isinstance(caught.value, ValueError)
    assert script.sent == []


def test_the_refusal_of_a_host_names_it_and_what_to_do(client):
    with pytest.raises(ForbiddenHost, match=r"elsewhere\.example .*jobs\.example.*info\.hosts"):
        client.get("https://elsewhere.example/?token=abc")


# --- posting


def test_json_is_encoded_and_named(client, script):
    script.add()
    client.post(URL, json={"q": "é", "n": None}, params={"a": "1"})
    (request,) = script.sent
    assert (request.method, request.url) == ("POST", f"{URL}?a=1")
    assert request.body == '{"q":"é","n":null}'.encode()
    assert request.headers == (("Content-Type", "application/json"),)


def test_a_content_type_of_its_own_wins(client, script):
    script.add()
    client.post(URL, data=b"a=b", headers={"content-type": "application/x-www-form-urlencoded"})
    (request,) = script.sent
    assert request.headers == (("content-type", "application/x-www-form-urlencoded"),)
    assert request.body == b"a=b"


def test_bytes_are_sent_as_they_are_and_nothing_is_an_empty_body(client, script):
    script.add()
    script.add()
    client.post(URL, data=b"\x00")
    client.post(URL)
    assert [request.body for request in script.sent] == [b"\x00", b""]
    assert script.sent[0].headers == (("Content-Type", "application/octet-stream"),)


def test_two_bodies_are_one_too_many(client, script):
    with pytest.raises(TypeError, match="either json or data"):
        client.post(URL, json={}, data=b"")
    assert script.sent == []


# --- what an answer means


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, LayoutChanged),
        (401, LayoutChanged),
        (403, Blocked),
        (429, RateLimited),
        (999, Blocked),
    ],
)
def test_a_refusal_is_raised_at_once(client, script, status, kind):
    script.add(status=status)
    with pytest.raises(kind, match="/list"):
        client.get(URL)
    assert client.requests == 1


def test_retry_after_is_read_with_the_runs_clock(client, script):
    script.add(status=429, retry_after="Sun, 01 Mar 2026 12:10:00 GMT")
    with pytest.raises(RateLimited) as caught:
        client.get(URL)
    assert caught.value.retry_after is not None
    assert 590 < caught.value.retry_after <= 600


@pytest.mark.parametrize("status", [404, 410, 302])
def test_a_status_that_is_asked_for_comes_back(client, script, status):
    script.add(status=status, location="/elsewhere")
    assert client.get(URL, accept=(200, status)).status == status


def test_a_challenge_is_raised_whatever_is_accepted(client, script):
    script.add(b"<html><title>Just a moment...</title>", status=200)
    with pytest.raises(Blocked, match="Just a moment"):
        client.get(URL)


def test_a_body_beyond_the_cap_is_a_changed_layout(client, script):
    script.add(error=TooLarge("the body is larger than 10 bytes", received=9))
    with pytest.raises(LayoutChanged, match="larger than 10") as caught:
        client.get(URL)
    assert (caught.value.error_class, caught.value.path) == ("too_large", "/list")
    assert (client.requests, client.bytes_in) == (1, 9)


# --- trying again


def test_a_bad_moment_is_tried_again(client, script, world):
    script.add(error=Transient("reset", error_class="network"))
    script.add(b"oops", status=502)
    script.add(b"fine")
    assert client.get(URL).content == b"fine"
    assert (client.requests, client.bytes_in) == (3, 8)
    assert world.events.count("acquire") == world.events.count("check") == 3
    assert [fields["attempt"] for _, _, fields in world.logged] == [1, 2, 3]


def test_after_three_attempts_the_error_is_raised(client, script):
    for number in range(4):
        script.add(error=Transient(f"failure {number}", error_class="dns"))
    with pytest.raises(Transient, match="failure 2") as caught:
        client.get(URL)
    assert str(caught.value.error_class) == "dns"
    assert (client.requests, len(script.plays)) == (3, 1)


def test_posts_are_tried_again_with_their_body(client, script):
    script.add(status=500)
    script.add(b"fine")
    client.post(URL, json=[1])
    assert [request.body for request in script.sent] == [b"[1]", b"[1]"]


def test_redirects_do_not_give_new_attempts(client, script):
    script.add(status=500)
    script.add(status=302, location="/b")
    script.add(status=500)
    script.add(status=500)
    with pytest.raises(Transient):
        client.get(URL)
    assert sent_urls(script) == [URL, URL, "https://jobs.example/b", "https://jobs.example/b"]


def test_back_off_is_full_jitter_and_grows(make_client, script, world):
    first, second = [], []
    for seed in range(200):
        world.pauses.clear()
        for _ in range(3):
            script.add(status=500)
        with pytest.raises(Transient):
            make_client(random=random.Random(seed), per_minute=6e9).get(URL)
        one, two = world.pauses
        first.append(one)
        second.append(two)
    assert 0 <= min(first) < 0.1
    assert 0.9 < max(first) <= 1
    assert 0 <= min(second) < 0.2
    assert 1.8 < max(second) <= 2


def test_a_stop_during_back_off_is_heeded(client, script, world):
    script.add(status=500)
    script.add(b"never")
    send = script.send

    def stop_then_send(request, *, timeout):
        world.reason = "shutdown"
        return send(request, timeout=timeout)

    script.send = stop_then_send
    with pytest.raises(Cancelled) as caught:
        client.get(URL)
    assert caught.value.reason == "shutdown"
    assert client.requests == 1


@pytest.mark.parametrize("status", [400, 403, 404, 429])
def test_nothing_else_is_tried_again(client, script, status):
    script.add(status=status)
    script.add(b"never")
    with pytest.raises((LayoutChanged, Blocked, RateLimited)):
        client.get(URL)
    assert len(script.plays) == 1


# --- redirects


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b?x=1#y", "https://jobs.example/b?x=1"),
        ("b", "https://jobs.example/b"),
        ("?p=2", "https://jobs.example/list?p=2"),
        ("//www.jobs.example/b", "https://www.jobs.example/b"),
        ("https://jobs.example/ä b", "https://jobs.example/%C3%A4%20b"),
    ],
)
def test_redirects_within_the_hosts_are_followed(client, script, world, location, target):
    script.add(status=301, location=location)
    script.add(b"fine")
    response = client.get(URL)
    assert (response.url, response.content) == (target, b"fine")
    assert sent_urls(script) == [URL, target]
    assert world.events.count("check") == world.events.count("acquire") == 2
    assert client.requests == 2


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [
        (301, "GET", None),
        (302, "GET", None),
        (303, "GET", None),
        (307, "POST", b"{}"),
        (308, "POST", b"{}"),
    ],
)
def test_what_becomes_of_a_post(client, script, status, method, body):
    script.add(status=status, location="/b")
    script.add()
    client.post(URL, json={}, headers={"Accept": "x/y"})
    request = script.sent[1]
    assert (request.method, request.body) == (method, body)
    names = [name for name, _ in request.headers]
    assert names == (["Accept"] if body is None else ["Accept", "Content-Type"])


def test_secrets_do_not_follow_to_another_host(client, script):
    headers = {"Authorization": "a", "Cookie": "b", "X-Api-Key": "c", "Accept": "d"}
    for location in ("/b", "https://www.jobs.example/c"):
        script.add(status=302, location=location)
    script.add()
    client.get(URL, headers=headers)
    assert [dict(request.headers) for request in script.sent] == [headers, headers, {"Accept": "d"}]


def test_redirects_in_a_circle_end(client, script):
    for _ in range(10):
        script.add(status=302, location="/list")
    with pytest.raises(LayoutChanged, match=r"redirect: more than 5 at jobs\.example"):
        client.get(URL)
    assert client.requests == 6


def test_five_redirects_are_followed(client, script):
    for number in range(5):
        script.add(status=302, location=f"/{number}")
    script.add(b"fine")
    assert client.get(URL).url == "https://jobs.example/4"


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://elsewhere.example/a?token=abc", "elsewhere.example"),
        ("https://jobs.example:8443/", "jobs.example:8443"),
        ("http://127.0.0.1:5432/", "127.0.0.1:5432"),
        ("file:///etc/hostname", "file"),
        ("ftp://jobs.example/", "ftp"),
        ("https://user:abc@jobs.example/", "user name"),
        ("https://[broken", "not an address|cannot be followed"),
        ("http://jobs.example/b", "https to http"),
    ],
)
def test_redirects_elsewhere_are_refused_and_named(client, script, location, named):
    script.add(status=302, location=location)
    with pytest.raises(LayoutChanged, match=named) as caught:
        client.get(URL)
    assert caught.value.path == "redirect"
    assert "abc" not in str(caught.value)
    assert client.requests == 1


@pytest.mark.parametrize("headers", [{}, {"location": ""}])
def test_a_redirect_to_nowhere_is_refused(client, script, headers):
    script.add(status=302, **headers)
    with pytest.raises(LayoutChanged, match="HTTP 302 without a target"):
        client.get(URL)


@pytest.mark.parametrize(
    "location",
    [
        "/authwall?trk=abc",
        "/login",
        "/Login/",
        "https://www.jobs.example/signup/x",
        "https://elsewhere.example/uas/login?session=abc",
        "/checkpoint/challenge",
    ],
)
def test_a_login_wall_is_a_block(client, script, location):
    script.add(status=302, location=location)
    with pytest.raises(Blocked, match="login wall") as caught:
        client.get(URL)
    assert "abc" not in str(caught.value)


def test_a_path_that_only_begins_like_a_wall_is_none(client, script):
    script.add(status=302, location="/logins-and-access-engineer")
    script.add(b"fine")
    assert client.get(URL).content == b"fine"


def test_from_https_to_the_operators_own_http(make_client, script):
    client = make_client(base_url="http://127.0.0.1:8000")
    script.add(status=302, location="http://127.0.0.1:8000/b")
    script.add(b"fine")
    assert client.get(URL).url == "http://127.0.0.1:8000/b"


# --- what is told


def test_requests_are_logged_without_their_queries(client, script, world):
    script.add(status=302, location="/b?token=canary")
    script.add(error=Transient("reset", error_class="timeout"))
    script.add(b"four")
    client.get(URL, params={"key": "canary"}, headers={"Authorization": "canary"})
    assert [(level, event) for level, event, _ in world.logged] == [("debug", "request")] * 3
    assert [dict(fields) for _, _, fields in world.logged] == [
        {
            "method": "GET",
            "host": "jobs.example",
            "path": "/list",
            "attempt": 1,
            "status": 302,
            "ms": 250,
            "bytes": 0,
        },
        {
            "method": "GET",
            "host": "jobs.example",
            "path": "/b",
            "attempt": 1,
            "ms": 0,
            "error": "timeout",
        },
        {
            "method": "GET",
            "host": "jobs.example",
            "path": "/b",
            "attempt": 2,
            "status": 200,
            "ms": 250,
            "bytes": 4,
        },
    ]


# --- over the wire


def test_cookies_and_redirects_over_the_wire(site, transport, make_client):
    site.answer("/a", status=302, headers=[("Location", "/b"), ("Set-Cookie", "seen=1; Path=/")])
    site.answer("/b", b"fine")
    client = make_client(transport=transport, base_url=site.url)
    assert client.get(f"{site.url}/a").content == b"fine"
    assert site.seen[1].headers["cookie"] == "seen=1"


@pytest.mark.parametrize("scheme", ["file:///etc/hostname", "http://127.0.0.1:9/", "gopher://a/"])
def test_no_redirect_leads_off_the_site_over_the_wire(site, transport, make_client, scheme):
    url = site.answer("/", status=302, headers=[("Location", scheme)])
    client = make_client(transport=transport, base_url=site.url)
    with pytest.raises(LayoutChanged, match="redirect"):
        client.get(url)
    assert len(site.seen) == 1


def test_a_redirect_to_another_port_is_not_asked(site, make_site, transport, make_client):
    other = make_site()
    url = site.answer("/", status=307, headers=[("Location", other.answer("/", b"secret"))])
    with pytest.raises(LayoutChanged, match="none of the collector's hosts"):
        make_client(transport=transport, base_url=site.url).get(url)
    assert other.seen == []


def test_what_breaks_off_is_asked_three_times_over_the_wire(site, transport, make_client, world):
    url = site.say("/", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")
    client = make_client(transport=transport, base_url=site.url)
    with pytest.raises(Transient):
        client.get(url)
    assert len(site.seen) == client.requests == 3
    assert world.logged[-1][2]["error"] == "network"
