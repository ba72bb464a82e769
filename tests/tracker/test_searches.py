"""Searches and the queue as scripts use them, on a database whose clock stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from msgspec import structs

from frozen import FrozenTime
from jobtracker_core import CommonQuery, JobTracker, Settings
from jobtracker_core.contract.run import RunState
from jobtracker_core.plugins import discovery, forms
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.limits import RunLimits
from jobtracker_core.runner.pump import pump
from jobtracker_core.storage import events, runs
from jobtracker_core.storage.errors import Duplicate, NotFound, Stale
from jobtracker_core.storage.queue import Installed, Limits, claim
from jobtracker_core.tracker import CollectorOff, search_form
from jobtracker_core.tracker.runs import NoRetry
from jobtracker_core.tracker.searches import ScheduleError, SearchForm, SearchOptions

SERVING = {"hiringcafe": Installed(distribution="jobtracker-hiringcafe", version="1")}


@pytest.fixture
def frozen(db_url: str) -> Iterator[FrozenTime]:
    frozen = FrozenTime(db_url)
    yield frozen
    frozen.close()


@pytest.fixture
def tracker(
    frozen: FrozenTime, db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[JobTracker]:
    """An installation with HiringCafe, off, in frozen time."""
    monkeypatch.setattr("jobtracker_core.tracker.opened.open_database", lambda _url, **_: frozen.db)
    settings = Settings(data_dir=tmp_path, database_url=db_url, plugins=("hiringcafe",))
    with JobTracker(settings) as tracker:
        yield tracker


def take(tracker: JobTracker) -> runs.Claim:
    claimed = claim(tracker.database, "h:b:1:1:me", serving=SERVING)
    assert claimed is not None
    return claimed


def test_the_arguments_are_those_of_the_form() -> None:
    assert list(get_type_hints(SearchOptions)) == list(SearchForm.__struct_fields__)
    assert set(Limits.__struct_fields__) <= set(SearchForm.__struct_fields__)


@pytest.mark.parametrize("end", ["minimum", "maximum"])
def test_a_run_can_be_held_to_every_limit_of_the_form(end: str) -> None:
    described = {field.name: field for field in forms.fields(SearchForm)}
    for name in set(Limits.__struct_fields__) & set(RunLimits.__struct_fields__):
        number = getattr(described[name], end)
        assert getattr(RunLimits(**{name: int(number)}), name) == number


def test_a_new_search_becomes_a_run_at_its_first_time(
    tracker: JobTracker, frozen: FrozenTime
) -> None:
    made = tracker.searches.add(
        "hourly", "hiringcafe", {"text": "python"}, cron="0 * * * *", stagger_s=60, pages=7
    )
    assert made.next_tick_at == frozen.at + timedelta(hours=1)
    assert made.site == "hiringcafe.com"
    frozen.advance(hours=1)
    [ticked] = pump(tracker.database).ticked.values()
    run = tracker.runs.get(ticked.run_id)
    assert (run.trigger, run.search_id, run.limit_pages) == ("schedule", made.id, 7)
    assert run.query_hash == forms.digest(tracker.query("hiringcafe", {"text": "python"}))
    [ahead, *_] = tracker.searches.preview("hourly").upcoming
    assert ahead.at == frozen.at + timedelta(hours=1)


def test_intervals_are_counted_from_the_minute_and_keep_it(
    tracker: JobTracker, frozen: FrozenTime
) -> None:
    noon = frozen.at
    frozen.advance(seconds=42)
    made = tracker.searches.add("a", "hiringcafe", {}, every_s=3600)
    assert (made.schedule.anchor_at, made.next_tick_at) == (noon, noon + timedelta(hours=1))
    frozen.advance(minutes=90)
    changed = tracker.searches.edit(made.id, every_s=7200)
    assert changed.next_tick_at == noon + timedelta(hours=2)
    anew = tracker.searches.edit(tracker.searches.edit(made.id, cron="@daily").id, every_s=3600)
    assert anew.schedule.anchor_at == frozen.at.replace(second=0)


def test_pausing_lets_go_of_what_comes_due_meanwhile(
    tracker: JobTracker, frozen: FrozenTime
) -> None:
    tracker.searches.add("a", "hiringcafe", {}, cron="0 * * * *")
    tracker.searches.pause("a")
    frozen.advance(hours=5, minutes=30)
    assert pump(tracker.database).ticked == {}
    resumed = tracker.searches.resume("a")
    assert resumed.next_tick_at == frozen.at + timedelta(minutes=30)
    assert pump(tracker.database).ticked == {}
    assert tracker.runs.list() == ()


def test_an_edit_keeps_what_somebody_else_changed_meanwhile(
    tracker: JobTracker, frozen: FrozenTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = tracker.searches.add("a", "hiringcafe", {}, cron="0 * * * *")
    given = search_form.read
    others = iter([tracker.searches.pause])

    def read(*args: Any) -> SearchForm:
        for change in others:
            frozen.advance(seconds=1)
            change(search.id)
        return given(*args)

    monkeypatch.setattr(search_form, "read", read)
    edited = tracker.searches.edit("a", priority=2)
    assert (edited.priority, edited.enabled, edited.next_tick_at) == (2, False, None)
    others = iter([tracker.searches.resume])
    with pytest.raises(Stale):
        tracker.searches.edit("a", priority=3, expected_version=edited.version)
    assert tracker.searches.get("a").priority == 2


def test_a_search_without_its_plugin_can_be_changed_but_not_run(
    tracker: JobTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tracker.searches.add("a", "hiringcafe", {"text": "python"}, cron="@daily")
    bare = structs.replace(tracker.registry, sources={})
    monkeypatch.setitem(vars(tracker._opened), "registry", bare)
    assert tracker.searches.edit("a", priority=1).query == made.query
    assert tracker.searches.report("a").collector_on is None
    with pytest.raises(discovery.UnknownCollector):
        tracker.searches.run("a")
    with pytest.raises(discovery.UnknownCollector):
        tracker.searches.edit("a", query={})


def test_all_faults_are_named_at_once(tracker: JobTracker) -> None:
    with pytest.raises(FormError) as caught:
        tracker.searches.add(
            " x", "hiringcafe", {"text": "y" * 301, "odd": 1},
            priority=0, max_attempts=21, stagger_s=-1, proxy_pool="none",
        )  # fmt: skip
    assert set(caught.value.problems) == {
        *("name", "query.text", "query.odd"),
        *("priority", "max_attempts", "stagger_s", "proxy_pool"),
    }
    with pytest.raises(FormError) as caught:
        tracker.searches.add("x", "hiringcafe", CommonQuery(text="y"))
    assert list(caught.value.problems) == ["query"]
    assert tracker.searches.list() == ()


def test_a_pool_must_be_there_when_it_is_named(tracker: JobTracker) -> None:
    tracker.proxies.add("http://gate.example:1", pool="home")
    assert tracker.searches.add("a", "hiringcafe", {}, proxy_pool="home").proxy_pool == "home"
    tracker.proxies.remove_pool("home")
    assert tracker.searches.edit("a", priority=2).proxy_pool == "home"
    with pytest.raises(FormError, match="proxy_pool: there is no proxy pool 'home'"):
        tracker.searches.edit("a", proxy_pool="home")
    assert tracker.searches.edit("a", proxy_pool=None).proxy_pool is None


def test_a_schedule_that_cannot_be_used_changes_nothing(tracker: JobTracker) -> None:
    made = tracker.searches.add("a", "hiringcafe", {}, cron="@daily")
    bad: list[tuple[str, dict[str, Any]]] = [
        ("cron", {"cron": "0 0 31 2 *"}),
        ("timezone", {"timezone": "Mars"}),
    ]
    for field, options in bad:
        with pytest.raises(ScheduleError) as caught:
            tracker.searches.edit("a", **options)
        assert caught.value.field == field
        assert caught.value.hint
    with pytest.raises(FormError, match="every_s: 5 is not allowed"):
        tracker.searches.edit("a", every_s=5)
    assert tracker.searches.get("a") == made


def test_a_report_tells_the_delay_and_what_is_usual(
    tracker: JobTracker, frozen: FrozenTime
) -> None:
    tracker.collectors.set_enabled("hiringcafe", True)
    tracker.searches.add("a", "hiringcafe", {}, cron="0 * * * *")
    frozen.advance(hours=1)
    pump(tracker.database)
    frozen.advance(seconds=12)
    claimed = take(tracker)
    counts = structs.replace(tracker.runs.get(claimed.run_id).counts, pages=1, seen=40)
    runs.finish(tracker.database, claimed, state=RunState.SUCCEEDED, counts=counts, fill={})
    report = tracker.searches.report("a")
    assert (report.collector_on, report.last_delay_s) == (True, 12.0)
    assert report.usual is not None
    assert (report.usual.runs, report.usual.found) == (1, 40.0)


def test_queries_without_a_search_are_queued(tracker: JobTracker) -> None:
    with pytest.raises(CollectorOff):
        tracker.runs.enqueue("hiringcafe", {})
    tracker.collectors.set_enabled("hiringcafe", True)
    made = tracker.runs.enqueue(
        "hiringcafe", {"text": "python"}, key="k", priority=1, limits=Limits(pages=3)
    )
    again = tracker.runs.enqueue("hiringcafe", {"text": "python"}, key="k")
    assert (made.outcome, again.outcome, again.run_id) == ("made", "same", made.run_id)
    assert tracker.runs.enqueue("hiringcafe", {"text": "python"}).outcome == "made"
    run = tracker.runs.get(made.run_id)
    assert (run.trigger, run.priority, run.limit_pages, run.search_id) == ("manual", 1, 3, None)
    with pytest.raises(FormError) as caught:
        tracker.runs.enqueue("hiringcafe", {}, priority=10, limits=Limits(memory_mb=1))
    assert set(caught.value.problems) == {"priority", "memory_mb"}
    with pytest.raises(FormError, match="proxy_pool"):
        tracker.runs.enqueue("hiringcafe", {}, proxy_pool="none")
    assert len(tracker.runs.list(states=[RunState.PENDING])) == 2


def test_what_happened_in_a_run(tracker: JobTracker) -> None:
    tracker.collectors.set_enabled("hiringcafe", True)
    run_id = tracker.runs.enqueue("hiringcafe", {}).run_id
    with pytest.raises(NoRetry, match="has not ended"):
        tracker.runs.retry(run_id)
    claimed = take(tracker)
    for kind in ("one", "two"):
        events.append(tracker.database, claimed, kind)
    first, second = tracker.runs.events(run_id)
    assert tracker.runs.events(run_id, after=first.id) == (second,)
    [attempt] = tracker.runs.attempts(run_id)
    assert (attempt.attempt, attempt.outcome) == (1, None)
    runs.finish(tracker.database, claimed, state=RunState.SUCCEEDED)
    again = tracker.runs.get(tracker.runs.retry(run_id).run_id)
    assert (again.trigger, again.parent_run_id) == ("retry", run_id)


def test_what_read_recorded_answers_is_not_asked_of_the_site(tracker: JobTracker) -> None:
    played = runs.start(
        tracker.database, collector="hiringcafe", trigger="backfill", query={}, query_hash="q",
        plugin_name="p", plugin_version="1", concurrency_key="k", max_running=1,
        worker_id="h:b:1:1:me", params={"replay": "captures/one"},
    )  # fmt: skip
    runs.finish(tracker.database, played, state=RunState.SUCCEEDED)
    with pytest.raises(NoRetry) as caught:
        tracker.runs.retry(played.run_id)
    assert caught.value.hint == "Play them once more with: jobtracker replay captures/one"


def test_names_and_numbers(tracker: JobTracker) -> None:
    made = tracker.searches.add("a", "hiringcafe", {})
    by_any: list[Callable[[], Any]] = [
        lambda: tracker.searches.get(made.id),
        lambda: tracker.searches.get(str(made.id)),
        lambda: tracker.searches.get("a"),
    ]
    assert [get() for get in by_any] == [made] * 3
    with pytest.raises(Duplicate):
        tracker.searches.clone("a", "a")
    assert tracker.searches.remove("a") == made
    with pytest.raises(NotFound):
        tracker.searches.get("a")
