"""`/api/v1/proxies`: their addresses go in, and what is secret of them never comes out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forwarders import Forwarder
from jobtracker_core import JobTracker, Settings
from jobtracker_core.http.address import Hosts
from jobtracker_core.storage import rates
from jobtracker_core.storage.errors import MissingKey
from jobtracker_hiringcafe.practice import HiringCafeSite
from keys import KEY

ADDRESS = "/api/v1/proxies"
POOLS = "/api/v1/proxy-pools"
SECRET = "hunter2hunter2"


@pytest.fixture
def site() -> Iterator[HiringCafeSite]:
    with HiringCafeSite(postings=5) as site:
        yield site


@pytest.fixture
def tracker(db_url: str, tmp_path: Path, site: HiringCafeSite) -> Iterator[JobTracker]:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=db_url,
        plugins=("hiringcafe",),
        secret_key=(KEY,),
        collectors={"hiringcafe": {"base_url": site.base_url, "per_minute": 60_000}},
    )
    with JobTracker(settings) as tracker:
        yield tracker


def test_a_proxy_is_added_listed_and_removed(client, tracker) -> None:
    made = client.post(
        ADDRESS, json={"url": f"http://ann:{SECRET}@proxy.example:3128", "pool": "eu"}
    )
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["address"], shown["has_credentials"], shown["pool"]) == (
        "http://proxy.example:3128",
        True,
        "eu",
    )
    assert client.get(ADDRESS).json() == [shown]
    assert client.get(ADDRESS, params={"pool": "eu"}).json() == [shown]
    [pool] = client.get(POOLS).json()
    assert (pool["name"], pool["proxies"]) == ("eu", 1)
    assert SECRET not in made.text + client.get(ADDRESS).text + client.get("/api/v1/audit").text
    gone = client.delete(f"{ADDRESS}/{shown['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(ADDRESS).json() == []
    assert client.delete(f"{POOLS}/eu").status_code == 204
    assert client.get(POOLS).json() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": f"ftp://ann:{SECRET}@proxy.example:1"}, "url"),
        ({"url": f"http://ann:{SECRET}@proxy.example"}, "url"),
        ({"url": "http://proxy.example:1", "pool": " "}, "pool"),
        ({"url": "http://proxy.example:1", "label": "a\nb"}, "label"),
        ({"url": "http://proxy.example:1", "name": "x"}, "name"),
        ({}, "url"),
    ],
)
def test_a_proxy_that_is_none_is_refused_without_showing_it(problem, body, field) -> None:
    said = problem("POST", ADDRESS, json=body)
    assert said["status"] == 400
    assert [error["field"] for error in said["errors"]] == [field]
    assert SECRET not in str(said)


def test_what_is_there_already_and_what_is_not(client, problem) -> None:
    body = {"url": "http://proxy.example:3128"}
    assert client.post(ADDRESS, json=body).status_code == 201
    assert problem("POST", ADDRESS, json=body)["status"] == 409
    assert problem("DELETE", f"{ADDRESS}/99")["status"] == 404
    assert problem("DELETE", f"{POOLS}/none")["status"] == 404
    assert problem("GET", ADDRESS, params={"pool": "none"})["status"] == 404


def test_proxies_are_tested_against_a_collectors_site(client, tracker) -> None:
    with Forwarder(login=f"ann:{SECRET}") as good, Forwarder(death="refuses") as bad:
        for forwarder in (good, bad):
            client.post(ADDRESS, json={"url": forwarder.url})
        answer = client.post(f"{ADDRESS}/test", json={"collector": "hiringcafe"})
        assert answer.status_code == 200, answer.text
        assert good.passed == 1
    assert [(one["ok"], one["error_class"]) for one in answer.json()] == [
        (True, None),
        (False, "proxy"),
    ]
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:8080/", "this machine"),
        ("http://10.0.0.7/", "a private network"),
        ("http://169.254.169.254/latest/meta-data", "link-local"),
        ("http://[::1]/", "this machine"),
        ("ftp://site.example/", "http"),
        ("http://ann:pw@site.example/", "site.example"),
    ],
)
def test_no_test_leads_inside(client, problem, tracker, url, says) -> None:
    tracker.proxies.add("http://127.0.0.1:3128")
    said = problem("POST", f"{ADDRESS}/test", json={"url": url})
    assert said["status"] == 400
    assert [error["field"] for error in said["errors"]] == ["url"]
    assert says in said["detail"]


def test_a_test_is_of_a_collector_or_of_an_address(problem) -> None:
    for body in ({}, {"url": "http://site.example", "collector": "hiringcafe"}):
        said = problem("POST", f"{ADDRESS}/test", json=body)
        assert (said["status"], said["errors"][0]["field"]) == (400, "url")


def test_without_the_key_of_its_secrets_it_says_what_to_do(client, tracker, monkeypatch) -> None:
    def missing(*_, **__):
        raise MissingKey("/home/ann/key: it is not there", "Set it.")

    monkeypatch.setattr("jobtracker_core.storage.proxies.add", missing)
    answer = client.post(ADDRESS, json={"url": "http://ann:pw@127.0.0.1:3128"})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:jobtracker:problem:no-key"
    assert "JOBTRACKER_SECRET_KEY" in answer.json()["next"]
    assert "/home/ann" not in answer.text


def test_a_site_that_asked_for_quiet_is_not_asked(client, problem, tracker, site) -> None:
    client.post(ADDRESS, json={"url": "http://127.0.0.1:9"})
    key = Hosts(("hiring.cafe",), site.base_url).rate_key
    rates.slow_down(tracker.database, key, cause="http_429", retry_after=60)
    said = problem("POST", f"{ADDRESS}/test", json={"collector": "hiringcafe"})
    assert (said["status"], said["type"]) == (409, "urn:jobtracker:problem:left-alone")


def test_only_whoever_may_do_everything_sees_proxies(stranger, holding) -> None:
    for scope in ("jobs:write", "runs:trigger", "ingest"):
        headers = holding(scope)
        assert stranger.get(ADDRESS, headers=headers).status_code == 403
        assert stranger.post(ADDRESS, json={}, headers=headers).status_code == 403
        assert stranger.delete(f"{ADDRESS}/1", headers=headers).status_code == 403
        assert stranger.post(f"{ADDRESS}/test", json={}, headers=headers).status_code == 403
        assert stranger.delete(f"{POOLS}/x", headers=headers).status_code == 403
