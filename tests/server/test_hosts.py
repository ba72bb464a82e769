"""Requests that were meant for another host."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from jobtracker_core.server.compose import create_app
from jobtracker_core.server.hosts import Hosts


@pytest.mark.parametrize(
    "host",
    [b"localhost", b"LOCALHOST:8080", b"127.0.0.1", b"127.9.9.9:1", b"[::1]", b"[::1]:8080"],
)
def test_this_machine_is_answered_to(host) -> None:
    assert not Hosts(()).refuse([(b"host", host)])


@pytest.mark.parametrize(
    "host",
    [
        *(b"evil.example", b"localhost.evil.example", b"evil.example:8080", b"localhost.", b""),
        *(b"192.168.1.5", b"0.0.0.0", b"[::2]", b"::1", b"user@localhost", b"localhost/x"),
        *(b"localhost:8080:1", b"2130706433", b"127.1", b"localhost evil", b"\xff"),
    ],
)
def test_others_are_refused(host) -> None:
    assert Hosts(()).refuse([(b"host", host)])


def test_no_host_and_two_hosts_are_refused() -> None:
    assert Hosts(("*",)).refuse([(b"accept", b"*/*")])
    assert Hosts(("*",)).refuse([(b"host", b"localhost"), (b"host", b"localhost")])


@pytest.mark.parametrize(
    ("allowed", "host"),
    [
        ("jobs.lan", b"Jobs.Lan:8080"),
        ("192.168.1.5", b"192.168.1.5"),
        ("192.168.0.0/16", b"192.168.9.9:80"),
        ("[fd00::5]", b"[fd00::5]"),
        ("::/0", b"[fd00::5]"),
        ("*", b"anything.example"),
    ],
)
def test_what_is_listed_is_answered_to(allowed, host) -> None:
    assert Hosts(()).refuse([(b"host", host)])
    assert not Hosts((allowed,)).refuse([(b"host", host)])


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/jobs", "/jobs", "/nowhere"])
def test_every_route_refuses(client, path) -> None:
    answer = client.get(path, headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "--host-name" in answer.json()["detail"]
    assert "content-security-policy" in answer.headers
    assert client.head(path, headers={"host": "evil.example"}).content == b""


def test_the_list_of_an_app(tracker) -> None:
    with TestClient(
        create_app(tracker, allowed_hosts=["jobs.lan"]), base_url="http://jobs.lan"
    ) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/healthz", headers={"host": "other.lan"}).status_code == 400


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("jobs.lan:8080", b"jobs.lan:8080"),
        ("Jobs.Lan", b"jobs.lan"),
        ("192.168.1.7/24", b"192.168.1.9"),
    ],
)
def test_an_entry_as_people_write_it_counts(entry, host) -> None:
    assert not Hosts([entry]).refuse([(b"host", host)])


@pytest.mark.parametrize("entry", ["*.example.net", "http://x", "a b", ""])
def test_an_entry_that_could_never_match_is_refused(entry) -> None:
    with pytest.raises(ValueError, match="no host name"):
        Hosts([entry])
