"""`jobtracker proxies`, and what the collectors' list tells of a site that is left alone."""

from __future__ import annotations

import io
import json

import pytest

from forwarders import Forwarder

CANARY = "canary-user:canary-word"


def test_they_come_and_go_and_nobody_sees_their_login(jobtracker) -> None:
    added = jobtracker("proxies", "add", f"http://{CANARY}@gate.example:8000", "--pool", "home")
    assert (added.code, added.out) == (0, "Proxy 1 is gate.example:8000 in pool home.\n")
    made = jobtracker("proxies", "add", "socks5://10.0.0.1:9", "--label", "cellar", "--json")
    assert json.loads(made.out)[0]["pool"] == "default"
    listed = jobtracker("proxies")
    assert "cellar" in listed.out
    assert "socks5://10.0.0.1:9" in listed.out
    as_json = json.loads(jobtracker("proxies", "list", "--pool", "home", "--json").out)
    assert [(p["address"], p["has_credentials"]) for p in as_json] == [
        ("http://gate.example:8000", True)
    ]
    again = jobtracker("proxies", "add", f"http://{CANARY}@gate.example:8000", "--pool", "home")
    assert again.code == 2
    assert "has this proxy already" in again.err
    gone = jobtracker("proxies", "remove", "1")
    assert gone.out == "Proxy 1, gate.example:8000, is gone from pool home.\n"
    assert jobtracker("proxies", "remove", "1").code == 2
    assert jobtracker("proxies", "remove", "--pool", "default").code == 0
    assert jobtracker("proxies", "list", "--json").out == "[]\n"
    for said in (added, made, listed, again, gone):
        assert "canary" not in said.out + said.err
    assert "canary" not in json.dumps(as_json)


def test_addresses_from_standard_input_stay_out_of_the_process_list(
    jobtracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sys.stdin", io.StringIO(f"http://{CANARY}@a.example:1\n\nhttp://b.example:2\n")
    )
    said = jobtracker("proxies", "add", "-")
    assert said.out.splitlines() == [
        "Proxy 1 is a.example:1 in pool default.",
        "Proxy 2 is b.example:2 in pool default.",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", f"ftp://{CANARY}@x:1"), ["Error: url: a proxy's scheme is one of http", "'ftp'"]),
        (("add", "x.example:80"), ["url: a proxy's scheme is one of http, https, socks5"]),
        (("add", f"http://{CANARY}@x.example"), ["url: it takes a host and a port"]),
        (("add", "http://x:1", "--pool", ""), ["pool: '' is no name", "1 to 100 printable"]),
        (("add", "http://x:1", "--label", "a\nb"), ["label: 'a\\nb' is no name"]),
        (("list", "--pool", "work"), ["no proxy pool 'work'", "jobtracker proxies add URL --pool"]),
        (("test",), ["--collector NAME or --url URL"]),
        (("test", "--url", "ftp://x"), ["--url", "only http and https"]),
        (("test", "--collector", "nobody"), ["no collector 'nobody'"]),
        (("remove",), ["name either a proxy's ID or --pool NAME"]),
    ],
)
def test_wrong_use_says_what_is_right(jobtracker, arguments, words) -> None:
    said = jobtracker("proxies", *arguments)
    assert said.code == 2
    assert all(word in said.err for word in words), said.err
    assert "canary" not in said.err


def test_a_run_through_a_pool_and_a_test_of_it(
    jobtracker, site, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobtracker("collectors", "enable", "hiringcafe")
    refused = jobtracker("collect", "hiringcafe", "--proxy-pool", "home")
    assert refused.code == 2
    assert "proxy_pool: there is no proxy pool 'home'" in refused.err
    with Forwarder(login=CANARY) as good, Forwarder(death="wants_login") as bad:
        for one in (good, bad):
            jobtracker("proxies", "add", one.url, "--pool", "home")
        ran = jobtracker("collect", "hiringcafe", "--limit", "3", "--proxy-pool", "home")
        assert ran.code == 0, ran.err
        assert good.passed > 0
        inside = jobtracker("proxies", "test", "--url", site.base_url, "--pool", "home")
        assert inside.code == 2
        assert "it is this machine" in inside.err
        assert "allow_private_addresses" in inside.err
        place = site.base_url.removeprefix("http://")
        monkeypatch.setenv("JOBTRACKER_ALLOW_PRIVATE_ADDRESSES", place)
        tested = jobtracker("proxies", "test", "--url", site.base_url, "--pool", "home")
        as_json = jobtracker("proxies", "test", "--url", site.base_url, "--json")
    assert (tested.code, as_json.code) == (1, 1)
    first, second = json.loads(as_json.out)
    assert (first["ok"], second["ok"], second["error_class"]) == (True, False, "proxy")
    assert isinstance(first["ms"], int)
    for said in (ran, tested, as_json):
        assert "canary" not in said.out + said.err


def test_the_list_shows_a_site_that_is_left_alone_until_it_is_turned_on_again(
    collected, site
) -> None:
    site.fail("rate_limit")
    assert collected("collect", "hiringcafe").code == 3
    [status] = json.loads(collected("collectors", "--json").out)
    assert status["rate"] == 30_000
    assert status["cooling_until"] is not None
    assert status["cooling_until"][:10] in collected("collectors").out
    left_alone = collected("collect", "hiringcafe")
    assert left_alone.code == 3
    assert "is left alone until" in left_alone.out
    site.heal()
    collected("collectors", "enable", "hiringcafe")
    [status] = json.loads(collected("collectors", "--json").out)
    assert (status["rate"], status["cooling_until"]) == (30_000, None)
    assert collected("collect", "hiringcafe").code == 0


def test_a_run_keeps_what_became_of_its_filters(collected) -> None:
    run = json.loads(collected("collect", "hiringcafe", "--remote", "remote", "--json").out)["run"]
    assert [use["word"] for use in run["filters"]] == ["remote"]
    shown = collected("runs", "show", str(run["id"]))
    assert "filter remote" in shown.out
    kept = json.loads(collected("runs", "show", str(run["id"]), "--json").out)["run"]
    assert kept["filters"] == run["filters"]
