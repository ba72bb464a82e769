"""Runs through real proxies that die, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from forwarders import MARK, Forwarder
from jobtracker_core import ConfigError, JobTracker, RunState, Settings
from jobtracker_core.storage.tables import proxies as table
from jobtracker_hiringcafe import HiringCafe
from jobtracker_hiringcafe.practice import HiringCafeSite
from jobtracker_indeed.practice import IndeedSite
from jobtracker_linkedin.practice import LinkedInSite
from keys import KEY

CANARY = "canary-user:canary-word"
DEATHS = ("refuses", "silent", "wants_login", "cuts")


@pytest.fixture
def forward() -> Iterator[Callable[..., Forwarder]]:
    """Start a proxy."""
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(Forwarder(**how))


@pytest.fixture
def tracker(site, open_tracker, quick_clock, monkeypatch: pytest.MonkeyPatch) -> JobTracker:
    """An installation that gives a request three seconds."""
    limits = msgspec.structs.replace(HiringCafe.info.limits, timeout=3)
    monkeypatch.setattr(HiringCafe, "info", msgspec.structs.replace(HiringCafe.info, limits=limits))
    tracker: JobTracker = open_tracker(site.base_url, clock=quick_clock)
    return tracker


def directly(site) -> list[str]:
    """Requests that came around the proxies."""
    return [request.path for request in site.requests if MARK not in request.headers]


def let_pass(tracker: JobTracker, **span: float) -> None:
    """Let time pass for all quarantines."""
    with tracker.database.write() as conn:
        for row in conn.execute(sa.select(table)).all():
            if row.quarantined_until is not None:
                conn.execute(
                    sa.update(table)
                    .where(table.c.id == row.id)
                    .values(quarantined_until=row.quarantined_until - timedelta(**span))
                )


def quarantines(tracker: JobTracker) -> dict[str, float]:
    """Minutes, by label, that proxies were set aside for."""
    with tracker.database.read() as conn:
        now = tracker.database.now(conn)
    return {
        p.label: (p.quarantined_until - now).total_seconds() / 60
        for p in tracker.proxies.list()
        if p.quarantined_until is not None
    }


@pytest.mark.fault(
    "F27",
    done="Four of five proxies died in the middle of a run: refused, silent, login wanted, cut in the body.",
    holds="The run finished through the fifth, the dead were set aside and for longer the second time, nothing went out directly.",
)
def test_four_of_five_proxies_die_and_the_run_finishes_through_the_fifth(
    site, tracker, forward
) -> None:
    dying = [forward(name=death, death=death, lives=2) for death in DEATHS]
    good = forward(name="good")
    for one in (*dying, good):
        tracker.proxies.add(one.url, pool="five", label=one.name)
    lines: list[dict[str, Any]] = []
    run = tracker.collect(
        "hiringcafe",
        {},
        proxy_pool="five",
        on_log=lambda level, event, fields: lines.append({"event": event, **fields}),
    ).run
    assert run.state is RunState.SUCCEEDED, run.error_message
    assert tracker.jobs.count() == run.counts.details == 90
    assert directly(site) == []
    assert {request.headers[MARK] for request in site.requests} == {
        "refuses", "silent", "wants_login", "cuts", "good",
    }  # fmt: skip
    aside = quarantines(tracker)
    assert sorted(aside) == sorted(DEATHS)
    assert all(0 < minutes <= 1 for minutes in aside.values())
    told = {line["proxy"]: line for line in lines if line["event"] == "proxy set aside"}
    assert sorted(told) == sorted(DEATHS)
    assert all({"run", "collector", "page"} <= line.keys() for line in lines)
    last = next(p for p in tracker.proxies.list() if p.label == "good")
    assert (last.failures, last.last_error) == (0, None)
    assert last.last_ok_at is not None

    # They come back too early: the next time they are set aside for longer.
    let_pass(tracker, minutes=2)
    before = good.passed
    run = tracker.collect("hiringcafe", {}, proxy_pool="five").run
    assert run.state is RunState.SUCCEEDED, run.error_message
    assert good.passed > before
    assert directly(site) == []
    aside = quarantines(tracker)
    assert sorted(aside) == sorted(DEATHS)
    assert all(1 < minutes <= 2 for minutes in aside.values())


@pytest.mark.fault(
    "F27",
    done="All proxies of a pool were dead.",
    holds="The run failed as proxy without a loop, and nothing went out directly.",
)
@pytest.mark.parametrize("death", ["refuses", "wants_login"])
def test_when_all_are_dead_the_run_ends_and_nothing_goes_out_directly(
    site, tracker, forward, death
) -> None:
    made = [forward(name=f"p{n}", death=death) for n in range(3)]
    for one in made:
        tracker.proxies.add(one.url, pool="dead")
    collected = tracker.collect("hiringcafe", {}, proxy_pool="dead")
    assert (collected.run.state, collected.run.error_class) == (RunState.FAILED, "proxy")
    assert "pool 'dead'" in (collected.run.error_message or "")
    assert site.requests == []
    asked = [one.passed for one in made]
    assert asked == [0 if death == "refuses" else 1] * 3
    again = tracker.collect("hiringcafe", {}, proxy_pool="dead").run
    assert "all are set aside, the first of them until" in (again.error_message or "")
    assert [one.passed for one in made] == asked
    assert again.counts.http_requests == 0


@pytest.mark.fault(
    "F27",
    done="The only proxy died in the middle of a run.",
    holds="What was read stayed, and the run ended partial as proxy.",
)
def test_when_the_last_one_dies_on_the_way_what_was_read_stays(site, tracker, forward) -> None:
    one = forward(death="wants_login", lives=2)
    tracker.proxies.add(one.url, pool="one")
    run = tracker.collect("hiringcafe", {}, proxy_pool="one").run
    assert (run.state, run.error_class) == (RunState.PARTIAL, "proxy")
    assert run.counts.new == tracker.jobs.count() == 40
    assert directly(site) == []


@pytest.mark.parametrize("tls", ["untrusted", "none"])
@pytest.mark.fault(
    "F27",
    done="A proxy at an https address had a certificate that nobody knows, or no TLS at all.",
    holds="Alone, it failed the run as tls and nothing went out around it; beside a good one, it was set aside.",
)
def test_a_proxy_whose_tls_fails_is_gone_on_from_and_never_around(
    site, tracker, forward, tls
) -> None:
    tracker.proxies.add(forward(tls=tls).url, pool="alone", label="alone")
    run = tracker.collect("hiringcafe", {}, proxy_pool="alone").run
    assert (run.state, run.error_class) == (RunState.FAILED, "tls")
    assert "pool 'alone'" in (run.error_message or "")
    assert site.requests == []
    tracker.proxies.add(forward(tls=tls).url, pool="both", label="bad")
    tracker.proxies.add(forward(name="good").url, pool="both", label="good")
    run = tracker.collect("hiringcafe", {}, proxy_pool="both").run
    assert run.state is RunState.SUCCEEDED, run.error_message
    assert tracker.jobs.count() == 90
    assert list(quarantines(tracker)) == ["bad"]
    assert directly(site) == []


@pytest.mark.full
@pytest.mark.parametrize("lives", [0, 2], ids=["from the start", "on the way"])
@pytest.mark.parametrize(
    ("name", "made"),
    [("hiringcafe", HiringCafeSite), ("linkedin", LinkedInSite), ("indeed", IndeedSite)],
    ids=["hiringcafe", "linkedin", "indeed"],
)
@pytest.mark.fault(
    "F27",
    done="A proxy answered 200 with a page of advertisement instead of what the site said.",
    holds="No run succeeded by it: each failed as unreadable, and kept what it had read before.",
)
def test_an_advertisement_is_no_empty_search(
    database_url: str, tmp_path, quick_clock, forward, name, made, lives
) -> None:
    with made(postings=330) as site:
        settings = Settings(
            data_dir=tmp_path,
            database_url=database_url,
            plugins=(name,),
            secret_key=(KEY,),
            collectors={name: {"base_url": site.base_url, "per_minute": 60_000}},
        )
        with JobTracker(settings, clock=quick_clock) as tracker:
            tracker.collectors.set_enabled(name, True)
            one = forward(death="advertises", lives=lives)
            tracker.proxies.add(one.url, pool="ads")
            run = tracker.collect(name, {}, proxy_pool="ads").run
            assert run.state is RunState.FAILED
            assert run.error_class in {"parse", "decode"}, run.error_message
            assert not run.end_confirmed
            assert one.passed > lives
            assert tracker.jobs.count() == run.counts.new
            assert bool(run.counts.new) == bool(run.counts.pages) == bool(lives)
            assert directly(site) == []


@pytest.mark.fault(
    "F27",
    done="The site was down, the proxies were not.",
    holds="No proxy was set aside for it.",
)
def test_a_site_that_is_down_costs_no_proxy_its_place(site, tracker, forward) -> None:
    made = [forward(name=f"p{n}") for n in range(3)]
    for one in made:
        tracker.proxies.add(one.url, pool="fine")
    site.fail("broken_off")
    run = tracker.collect("hiringcafe", {}, proxy_pool="fine").run
    assert (run.state, run.error_class) == (RunState.FAILED, "network")
    assert "the site may be down" in (run.error_message or "")
    assert quarantines(tracker) == {}
    assert directly(site) == []


def test_a_refused_proxy_is_set_aside_for_long_and_the_site_is_not(site, tracker, forward) -> None:
    tracker.proxies.add(forward(name="seen").url, pool="two", label="seen")
    tracker.proxies.add(forward(name="fresh").url, pool="two", label="fresh")
    site.fail("challenge", times=1)
    run = tracker.collect("hiringcafe", {}, proxy_pool="two").run
    assert (run.state, run.error_class) == (RunState.PARTIAL, "blocked")
    assert 29 < quarantines(tracker)["seen"] <= 30
    [status] = tracker.collectors.list()
    assert status.cooling_until is None
    run = tracker.collect("hiringcafe", {}, proxy_pool="two").run
    assert run.state is RunState.SUCCEEDED
    assert {r.headers[MARK] for r in site.requests[1:]} == {"fresh"}


@pytest.mark.parametrize("socks", [False, True], ids=["http", "socks5"])
def test_credentials_are_used_and_never_told(
    site, open_tracker, quick_clock, forward, tmp_path, capfd, socks, db_text
) -> None:
    # Only the proxies know this name, so that nothing can go around them.
    only_there = site.base_url.replace("127.0.0.1", "practice.invalid")
    tracker = open_tracker(only_there, clock=quick_clock)
    good = forward(name="good", login=CANARY, socks=socks)
    bad = forward(name="bad", login="canary-user:other-word", socks=socks)
    wrong = bad.url.replace("other-word", "canary-word")
    dead = forward(name="dead", socks=socks, death="refuses").url.replace("://", f"://{CANARY}@")
    for url in (wrong, dead, good.url):
        tracker.proxies.add(url, pool="login")
    lines: list[Any] = []
    collected = tracker.collect(
        "hiringcafe",
        {},
        proxy_pool="login",
        record=tmp_path / "capture",
        on_log=lambda *line: lines.append(line),
    )
    run = collected.run
    assert run.state is RunState.SUCCEEDED, run.error_message
    assert good.passed
    assert len(site.requests) >= 93
    tracker.proxies.remove(3)
    let_pass(tracker, hours=6)
    failed = tracker.collect(
        "hiringcafe", {}, proxy_pool="login", on_log=lambda *a: lines.append(a)
    )
    assert (failed.run.state, failed.run.error_class) == (RunState.FAILED, "proxy")
    tested = tracker.proxies.test(collector="hiringcafe", pool="login")
    told = [
        lines,
        collected,
        failed,
        [tracker.runs.get(number) for number in (run.id, failed.run.id)],
        tracker.proxies.list(),
        tested,
    ]
    texts = [repr(told), msgspec.json.encode(told[2:]).decode(), *capfd.readouterr()]
    texts += [path.read_text() for path in (tmp_path / "capture").iterdir()]
    texts.append(db_text(tracker.database, without="proxies"))
    assert not [text for text in texts if "canary" in text]


@pytest.fixture
def db_text() -> Callable[..., str]:
    """All rows of all tables but one."""
    from jobtracker_core.storage.tables import metadata

    def dump(database: Any, *, without: str) -> str:
        with database.read() as conn:
            return "".join(
                repr(tuple(row))
                for name, known in metadata.tables.items()
                if name != without
                for row in conn.execute(known.select())
            )

    return dump


def test_a_pool_that_does_not_exist_stops_everything_beforehand(site, tracker) -> None:
    with pytest.raises(ConfigError, match="proxy_pool: there is no proxy pool 'work'") as caught:
        tracker.collect("hiringcafe", {}, proxy_pool="work")
    assert caught.value.field == "proxy_pool"
    assert (site.requests, tracker.runs.list()) == ([], ())


def test_an_empty_pool_is_no_direct_connection(site, tracker) -> None:
    tracker.proxies.remove(tracker.proxies.add("http://127.0.0.1:9", pool="empty").id)
    run = tracker.collect("hiringcafe", {}, proxy_pool="empty").run
    assert (run.state, run.error_class) == (RunState.FAILED, "proxy")
    assert site.requests == []


def test_the_collectors_setting_names_the_pool(site, open_tracker, forward, quick_clock) -> None:
    tracker = open_tracker(site.base_url, clock=quick_clock)
    tracker.settings.collectors["hiringcafe"]["proxy_pool"] = "home"
    one = forward()
    tracker.proxies.add(one.url, pool="home")
    assert tracker.collect("hiringcafe", {"limit": 3}).run.state is RunState.SUCCEEDED
    assert one.passed > 0
    assert directly(site) == []


def test_testing_tells_how_each_one_does(site, tracker, forward) -> None:
    for death in (None, *DEATHS):
        tracker.proxies.add(forward(name=str(death), death=death).url, pool="x", label=str(death))
    tested = {t.proxy.label: t for t in tracker.proxies.test(collector="hiringcafe", pool="x")}
    assert {label: (t.ok, t.error_class) for label, t in tested.items()} == {
        "None": (True, None),
        "refuses": (False, "proxy"),
        "silent": (False, "timeout"),
        "wants_login": (False, "proxy"),
        "cuts": (False, "network"),
    }
    assert tested["None"].status is not None
    assert tested["None"].ms is not None
    assert sorted(quarantines(tracker)) == sorted(DEATHS)
    assert directly(site) == []
