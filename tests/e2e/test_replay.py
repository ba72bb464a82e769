"""A capture beside what is stored, and written as a run, on both databases."""

from __future__ import annotations

import shutil
import threading

import msgspec
import pytest

from jobtracker_core import JobTracker, LayoutChanged, RunState
from jobtracker_core.http.record import RecordError
from jobtracker_core.storage import collectors
from jobtracker_core.storage.errors import NotFound
from jobtracker_hiringcafe import parse


@pytest.fixture
def tracker(site, open_tracker, quick_clock):
    return open_tracker(site.base_url, clock=quick_clock)


@pytest.fixture
def recorded(site, tracker, tmp_path):
    """The number of a run that was recorded."""
    run = tracker.collect("hiringcafe", {"text": "engineer"}, record=tmp_path / "capture").run
    assert run.state is RunState.SUCCEEDED
    assert run.counts.new > 10
    site.forget()
    return run.id


def test_nothing_differs_from_what_the_same_plugin_stored(site, tracker, recorded) -> None:
    found = tracker.compare(tracker.replay(recorded))
    assert found.empty
    assert found.unchanged == tracker.jobs.count()
    assert found.outcome.state is RunState.SUCCEEDED
    assert site.requests == []


def test_a_run_finds_its_own_capture(tracker, recorded, tmp_path) -> None:
    assert tracker.runs.get(recorded).params == {"record": str(tmp_path / "capture")}
    by_run, by_folder = tracker.replay(recorded), tracker.replay(tmp_path / "capture")
    assert by_run == by_folder
    assert by_run.manifest.run_id == recorded


def test_a_run_without_a_capture_says_what_to_do(tracker, recorded, tmp_path) -> None:
    plain = tracker.collect("hiringcafe", {"text": "engineer"}).run.id
    with pytest.raises(RecordError, match=f"run {plain} was not recorded; .*--record DIR"):
        tracker.replay(plain)
    with pytest.raises(RecordError, match="is not empty"):
        tracker.collect("hiringcafe", {}, record=tmp_path / "capture")
    assert tracker.runs.list()[0].id == plain
    # A later run's capture in the place of an earlier one's is not taken for it.
    shutil.rmtree(tmp_path / "capture")
    tracker.collect("hiringcafe", {}, record=tmp_path / "capture")
    with pytest.raises(RecordError, match=f"the capture of another run than {recorded}"):
        tracker.replay(recorded)
    with pytest.raises(NotFound):
        tracker.replay(999)


def test_a_parser_that_reads_another_name_is_caught_and_its_field_is_named(
    tracker, recorded, monkeypatch
) -> None:
    whole = parse.posting

    def renamed(hit, raw):
        return msgspec.structs.replace(whole(hit, raw), remote=None)

    with_remote = [job for job in tracker.jobs.search(limit=200).items if job.remote]
    assert len(with_remote) > 10
    monkeypatch.setattr(parse, "posting", renamed)
    found = tracker.compare(tracker.replay(recorded))
    (tally,) = found.fields
    assert (tally.field, tally.lost) == ("remote", len(with_remote))
    assert {job.job_id for job in found.differing} == {job.id for job in with_remote}
    assert all(one.old and one.new is None for job in found.differing for one in job.fields)
    # What is not read any more stays stored, also when it is applied.
    tracker.apply(tracker.replay(recorded))
    assert all(tracker.jobs.get(job.id).job.remote == job.remote for job in with_remote)


def test_postings_that_are_not_read_any_more_are_told(tracker, recorded, monkeypatch) -> None:
    whole = parse.posting
    stored = sorted(job.source_id for job in tracker.jobs.search(limit=200).items)

    def other_ids(hit, raw):
        posting = whole(hit, raw)
        return msgspec.structs.replace(posting, source_id=posting.source_id.upper() + "!")

    monkeypatch.setattr(parse, "posting", other_ids)
    found = tracker.compare(tracker.replay(recorded))
    # Their details are still asked for and read; on the list they are strangers.
    assert sorted(found.unread) == stored
    assert len(found.new) == len(stored)

    def broken(ref, job):
        raise LayoutChanged("$.job", "gone")

    monkeypatch.setattr(parse, "details", broken)
    monkeypatch.setattr(parse, "posting", whole)
    found = tracker.compare(tracker.replay(recorded))
    assert found.unread == ()
    assert found.outcome.state is RunState.PARTIAL


def test_a_replay_is_applied_as_a_run_of_its_own(site, tracker, recorded) -> None:
    changed = set(site.change(4))
    tracker.collect("hiringcafe", {"text": "engineer"})
    before = {
        job.source_id: tracker.jobs.get(job.id) for job in tracker.jobs.search(limit=99).items
    }
    site.forget()
    replayed = tracker.replay(recorded)
    found = tracker.compare(replayed)
    differing = {job.source_id for job in found.differing}
    assert differing
    assert differing <= changed
    applied = tracker.apply(replayed)
    assert site.requests == []
    run = tracker.runs.get(applied.run.id)
    assert (run.trigger, run.parent_run_id, run.query_hash) == ("backfill", recorded, None)
    assert run.params == {"replay": replayed.directory}
    assert run.state is RunState.SUCCEEDED
    then = replayed.then.counts
    counts = run.counts
    assert (counts.pages, counts.seen, counts.details) == (then.pages, then.seen, then.details)
    assert (counts.new, counts.changed) == (0, len(differing))
    assert counts.unchanged == counts.seen - len(differing)
    assert (counts.http_requests, counts.bytes_in) == (0, 0)
    changes = tracker.jobs.changes(run_id=run.id)
    assert {tracker.jobs.get(change.job_id).job.source_id for change in changes} == differing
    after = {key: tracker.jobs.get(detail.job.id) for key, detail in before.items()}
    assert all(after[key].times_seen == before[key].times_seen for key in before)
    assert tracker.compare(replayed).empty


def test_an_empty_database_takes_a_capture_whole(site, tracker, recorded, tmp_path) -> None:
    replayed = tracker.replay(recorded)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    with JobTracker(msgspec.structs.replace(tracker.settings, database_url=url)) as other:
        found = other.compare(replayed)
        assert len(found.new) == replayed.now.counts.seen
        applied = other.apply(replayed)  # though its collector is off there
        assert applied.run.counts.new == len(applied.new) == len(found.new)
        assert other.runs.get(applied.run.id).parent_run_id is None
        assert other.compare(replayed).empty
        jobs = other.jobs.search(limit=99).items
        assert all(job.first_seen_at == replayed.manifest.recorded_at for job in jobs)
    assert site.requests == []


def test_an_applied_replay_leaves_the_collector_and_its_searches_alone(
    site, tracker, tmp_path
) -> None:
    site.fail("challenge", path="/_next/*", after=1)
    blocked = tracker.collect("hiringcafe", {}, record=tmp_path / "blocked").run
    assert blocked.state is RunState.PARTIAL
    assert tracker.runs.get(blocked.id).cursor == "1"
    before = collectors.get(tracker.database, "hiringcafe")
    replayed = tracker.replay(blocked.id)
    assert replayed.now.outcome.state is RunState.PARTIAL
    applied = tracker.apply(replayed)
    assert applied.run.state is RunState.PARTIAL
    assert tracker.runs.get(applied.run.id).cursor is None
    assert collectors.get(tracker.database, "hiringcafe") == before
    site.heal()
    tracker.collectors.set_enabled("hiringcafe", True)  # ends the time it is left alone for
    site.forget()
    run = tracker.collect("hiringcafe", {}, record=tmp_path / "rest").run
    # It still goes on from the cursor that the blocked run left: page 0 once, not again later.
    pages = [r.query["page"] for r in site.requests if r.path.startswith("/_next/")]
    assert pages == ["0", "1", "2"]
    assert run.counts.new == 50
    # And that run, too, replays by what was new then, although all of it is known now.
    again = tracker.replay(run.id)
    assert again.now.outcome.state is RunState.SUCCEEDED
    assert again.unused == ()
    assert tracker.compare(again).empty


def test_applying_can_be_stopped(tracker, recorded) -> None:
    stop = threading.Event()
    replayed = tracker.replay(recorded)
    seen = []

    def after_the_first_page(progress) -> None:
        seen.append(progress)
        stop.set()

    applied = tracker.apply(replayed, stop=stop, on_progress=after_the_first_page)
    assert applied.run.state is RunState.CANCELLED
    assert applied.run.counts.details == 0
    assert [one.phase for one in seen] == ["list"]
    assert tracker.runs.get(applied.run.id).slot is None


def test_every_line_of_an_applied_replay_has_run_collector_and_page(tracker, recorded) -> None:
    logged = []
    replayed = tracker.replay(recorded)
    applied = tracker.apply(replayed, on_log=lambda *event: logged.append(event))
    assert logged
    for _, _, fields in logged:
        assert (fields["run"], fields["collector"]) == (applied.run.id, "hiringcafe")
        assert "page" in fields
