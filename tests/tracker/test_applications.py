"""Applications: their statuses, their events, and what their postings said."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any, get_args

import pytest
import sqlalchemy as sa

from jobtracker_core.contract.host import PayRecord
from jobtracker_core.contract.posting import PayInterval, Place
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.application_list import ApplicationSort
from jobtracker_core.storage.applications import (
    ApplicationChanges,
    ApplicationDraft,
    Status,
)
from jobtracker_core.storage.errors import Duplicate, NotFound, Stale, StorageError
from jobtracker_core.storage.tracking_tables import STATUSES, applications
from jobtracker_core.tracker import JobTracker

DRAFT = ApplicationDraft(title="Engineer", company="Example Works")


def moves(tracker: JobTracker, application_id: int) -> list[tuple[str | None, str | None]]:
    events = tracker.timeline.list(application_id=application_id, kind="status").items
    return [(event.from_status, event.to_status) for event in reversed(events)]


def test_statuses_are_those_of_the_table() -> None:
    assert get_args(Status) == STATUSES


def test_one_by_hand_begins_as_a_draft(tracker, actions) -> None:
    made = tracker.applications.create(
        ApplicationDraft(
            title="  Site\x01 reliability \u200b engineer ",
            company="Example Works",
            notes="First\r\nsecond",
            next_action_on=date(2026, 4, 1),
        )
    )
    assert (made.title, made.status, made.version) == ("Site reliability engineer", "draft", 1)
    assert (made.notes, made.next_action_on) == ("First\nsecond", date(2026, 4, 1))
    assert made.applied_at is None
    assert tracker.applications.get(made.id).application == made
    assert moves(tracker, made.id) == [(None, "draft")]
    assert actions() == ["application.create"]


def test_one_for_a_job_takes_its_words(tracker, fill) -> None:
    fill(1)
    made = tracker.applications.create(ApplicationDraft(job_id=1, found_through="a friend"))
    assert (made.title, made.company, made.url) == (
        "Engineer 1",
        "Example Works",
        "https://site.example/1",
    )
    assert tracker.applications.get(made.id).snapshots == ()
    own = tracker.applications.create(ApplicationDraft(title="x", company="y", url="https://a.b/"))
    assert (own.job_id, own.url) == (None, "https://a.b/")


def test_applying_freezes_what_the_posting_says(tracker, collect) -> None:
    collect(
        company="Example Works",
        places=(Place(text="Berlin"),),
        description="<p>Old</p>",
        pay=PayRecord(text="60k", min=60_000, currency="EUR", interval=PayInterval.YEAR),
    )
    made = tracker.applications.create(ApplicationDraft(job_id=1))
    collect(title="Senior engineer", description="<p>New</p>")
    sent = tracker.applications.move(made.id, "applied")
    collect(title="Gone", description="<p>Newest</p>")
    tracker.jobs.delete(1)
    detail = tracker.applications.get(made.id)
    [snapshot] = detail.snapshots
    assert (snapshot.title, snapshot.company, snapshot.place) == (
        "Senior engineer",
        "Example Works",
        "Berlin",
    )
    assert (snapshot.description, snapshot.pay_text, snapshot.pay_min) == (
        "<p>New</p>",
        "60k",
        60_000,
    )
    assert snapshot.url == "https://site.example/1"
    assert detail.application.job_id is None
    assert detail.application.applied_at == sent.applied_at
    assert sent.applied_at is not None


def test_a_draft_keeps_what_a_deleted_job_said(tracker, collect) -> None:
    collect(description="<p>Text</p>")
    made = tracker.applications.create(ApplicationDraft(job_id=1))
    tracker.jobs.delete(1)
    [snapshot] = tracker.applications.get(made.id).snapshots
    assert snapshot.description == "<p>Text</p>"


def test_leaving_draft_again_keeps_the_older_snapshot_too(tracker, collect) -> None:
    collect(description="<p>One</p>")
    made = tracker.applications.create(ApplicationDraft(job_id=1, status="applied"))
    assert tracker.applications.move(made.id, "draft").applied_at is None
    tracker.applications.move(made.id, "applied")
    assert len(tracker.applications.get(made.id).snapshots) == 1, "the same words, once"
    tracker.applications.move(made.id, "draft")
    collect(description="<p>Two</p>")
    tracker.applications.move(made.id, "interviewing")
    said = [snapshot.description for snapshot in tracker.applications.get(made.id).snapshots]
    assert said == ["<p>Two</p>", "<p>One</p>"]


def test_any_status_can_follow_any_other_and_each_move_is_an_event(tracker) -> None:
    made = tracker.applications.create(DRAFT)
    walked: list[tuple[str | None, str | None]] = [(None, "draft")]
    version = made.version
    for was, status in permutations(STATUSES, 2):
        for wanted in (was, status):
            before = tracker.applications.get(made.id).application
            now = tracker.applications.move(made.id, wanted)
            if before.status == wanted:
                assert now == before, "no move"
            else:
                walked.append((before.status, wanted))
                version += 1
            assert (now.status, now.version) == (wanted, version)
            assert (now.applied_at is None) == (wanted == "draft" or now.applied_at is None)
    assert moves_of_all(tracker, made.id) == walked


def moves_of_all(tracker: JobTracker, application_id: int) -> list[Any]:
    found, after = [], None
    while True:
        page = tracker.timeline.list(application_id=application_id, after=after, limit=7)
        found += [(event.from_status, event.to_status) for event in page.items]
        after = page.after
        if after is None:
            return found[::-1]


def test_when_it_was_sent(tracker) -> None:
    day = datetime(2026, 3, 1, 9, tzinfo=UTC)
    made = tracker.applications.create(DRAFT)
    assert tracker.applications.move(made.id, "withdrawn").applied_at is None, "it never was"
    sent = tracker.applications.move(made.id, "applied", applied_at=day)
    assert sent.applied_at == day
    assert tracker.applications.move(made.id, "interviewing").applied_at == day
    naive = ApplicationChanges(applied_at=datetime(2026, 3, 2))  # noqa: DTZ001
    assert tracker.applications.update(made.id, naive).applied_at == datetime(
        2026, 3, 2, tzinfo=UTC
    )
    at_once = tracker.applications.create(ApplicationDraft(title="x", status="offer"))
    assert at_once.applied_at == at_once.created_at


def test_one_open_application_for_a_job(tracker, fill) -> None:
    fill(2)
    first = tracker.applications.create(ApplicationDraft(job_id=1))
    with pytest.raises(Duplicate, match=f"application {first.id} for job 1 is still open"):
        tracker.applications.create(ApplicationDraft(job_id=1))
    tracker.applications.create(ApplicationDraft(job_id=2))
    tracker.applications.move(first.id, "rejected")
    second = tracker.applications.create(ApplicationDraft(job_id=1))
    with pytest.raises(Duplicate, match=f"application {second.id}"):
        tracker.applications.move(first.id, "applied")
    assert tracker.applications.get(first.id).application.status == "rejected"
    assert moves(tracker, first.id) == [(None, "draft"), ("draft", "rejected")]


def test_of_two_at_the_same_moment_one_is_kept(tracker, fill) -> None:
    fill(1)
    ready = threading.Barrier(4)
    outcomes: list[str] = []

    def apply() -> None:
        ready.wait()
        try:
            tracker.applications.create(ApplicationDraft(job_id=1))
            outcomes.append("made")
        except Duplicate:
            outcomes.append("refused")

    threads = [threading.Thread(target=apply) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused", "refused", "refused"]
    assert tracker.applications.pipeline().draft == 1


def test_a_change_of_something_else_is_not_overwritten(tracker) -> None:
    made = tracker.applications.create(DRAFT)
    changed = tracker.applications.update(
        made.id, ApplicationChanges(notes="mine"), expected_version=1
    )
    assert (changed.version, changed.title) == (2, made.title)
    with pytest.raises(Stale, match="at version 2, not 1") as caught:
        tracker.applications.update(made.id, ApplicationChanges(notes="x"), expected_version=1)
    assert caught.value.current == 2
    with pytest.raises(Stale):
        tracker.applications.move(made.id, "applied", expected_version=1)
    with pytest.raises(Stale):
        tracker.applications.delete(made.id, expected_version=1)
    same = tracker.applications.update(made.id, ApplicationChanges(notes="mine"))
    assert same == changed, "what is the same already is no change"
    emptied = tracker.applications.update(made.id, ApplicationChanges(notes=" "))
    assert (emptied.notes, emptied.version) == (None, 3)


def test_of_two_writers_who_saw_the_same_one_wins(tracker) -> None:
    made = tracker.applications.create(DRAFT)
    ready = threading.Barrier(2)
    outcomes: list[str] = []

    def write(text: str) -> None:
        ready.wait()
        try:
            tracker.applications.update(
                made.id, ApplicationChanges(notes=text), expected_version=made.version
            )
            outcomes.append(text)
        except Stale:
            outcomes.append("stale")

    threads = [threading.Thread(target=write, args=(text,)) for text in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "stale" in outcomes
    [won] = set(outcomes) - {"stale"}
    assert tracker.applications.get(made.id).application.notes == won


def test_deleting_takes_what_belongs_to_it(tracker, actions) -> None:
    made = tracker.applications.create(DRAFT)
    tracker.applications.delete(made.id, expected_version=1)
    with pytest.raises(NotFound, match=f"no application {made.id}"):
        tracker.applications.get(made.id)
    assert tracker.timeline.list().items == ()
    assert actions() == ["application.create", "application.delete"]


@pytest.mark.parametrize(
    ("draft", "field", "problem"),
    [
        (ApplicationDraft(), "title", "must be given"),
        (ApplicationDraft(title="\x01 "), "title", "must not be empty"),
        (ApplicationDraft(title="a\x00"), "title", "NUL"),
        (ApplicationDraft(title="a\ud800"), "title", "surrogate"),
        (ApplicationDraft(title="x" * 100_000), "title", "longer than 500"),
        (ApplicationDraft(title="x", url="javascript:alert(1)"), "url", "such as https://"),
        (ApplicationDraft(title="x", notes="y" * 20_001), "notes", "longer than 20,000"),
        (ApplicationDraft(title="x", status="won"), "status", "one of draft, applied"),  # type: ignore[arg-type]
        (
            ApplicationDraft(title="x", applied_at=datetime(1600, 1, 1, tzinfo=UTC)),
            "applied_at",
            "year 1600",
        ),
        (ApplicationDraft(title="x", next_action_on=date(2201, 1, 1)), "next_action_on", "2201"),
        (ApplicationDraft(job_id=1, company_id=1), "company_id", "leave it out"),
        (ApplicationDraft(title=3), "title", "takes a text"),  # type: ignore[arg-type]
    ],
)
def test_what_is_refused_names_its_field(tracker, actions, draft, field, problem) -> None:
    with pytest.raises(FormError) as caught:
        tracker.applications.create(draft)
    assert list(caught.value.problems) == [field]
    assert problem in caught.value.problems[field]
    assert actions() == []


def test_what_is_not_there_is_named(tracker) -> None:
    for draft, missing in (
        (ApplicationDraft(job_id=7), "no job 7"),
        (ApplicationDraft(title="x", company_id=8), "no company 8"),
        (ApplicationDraft(job_id=2**70), "no job"),
    ):
        with pytest.raises(NotFound, match=missing):
            tracker.applications.create(draft)
    for use in (tracker.applications.get, tracker.applications.delete):
        with pytest.raises(NotFound, match="no application 9"):
            use(9)


def test_lists_by_status_company_text_and_day(tracker, collect) -> None:
    collect(company="Example Works", company_key="example works")
    one = tracker.applications.create(ApplicationDraft(job_id=1, notes="Ask about 100% remote"))
    two = tracker.applications.create(
        ApplicationDraft(title="Cook", company="Kitchen", next_action_on=date(2026, 5, 1))
    )
    three = tracker.applications.create(ApplicationDraft(title="Baker", status="rejected"))
    tracker.tags.add("application", two.id, ["Dream"])

    def ids(**filters: Any) -> list[int]:
        return [found.id for found in tracker.applications.list(**filters).items]

    assert ids() == [three.id, two.id, one.id]
    assert ids(status="rejected") == [three.id]
    assert ids(open=True) == [two.id, one.id]
    assert ids(open=False) == [three.id]
    assert ids(company="KITCH") == [two.id]
    assert ids(company_id=1) == [one.id]
    assert ids(job_id=1) == [one.id]
    assert ids(text="100% r") == [one.id]
    assert ids(text="100\x00% r\ud800") == [one.id]
    assert ids(text="nobody") == []
    assert ids(tag="dream") == [two.id]
    assert ids(next_action_until=date(2026, 5, 1)) == [two.id]
    assert ids(next_action_until=date(2026, 4, 30)) == []
    pipeline = tracker.applications.pipeline()
    assert (pipeline.draft, pipeline.rejected, pipeline.applied) == (2, 1, 0)
    assert tracker.applications.pipeline(company="kitchen").draft == 1


def test_pages_follow_each_other_both_ways(tracker) -> None:
    for number in range(5):
        tracker.applications.create(ApplicationDraft(title=str(number)))
    first = tracker.applications.list(limit=2)
    second = tracker.applications.list(limit=2, after=first.after)
    third = tracker.applications.list(limit=2, after=second.after)
    titles = [[found.title for found in page.items] for page in (first, second, third)]
    assert titles == [["4", "3"], ["2", "1"], ["0"]]
    assert (first.before, third.after) == (None, None)
    assert tracker.applications.list(limit=2, before=third.before).items == second.items
    with pytest.raises(NotFound, match="no position"):
        tracker.applications.list(after="x")


def test_several_are_moved_each_for_itself(tracker, fill, actions) -> None:
    fill(2)
    one = tracker.applications.create(ApplicationDraft(job_id=1, status="rejected"))
    two = tracker.applications.create(ApplicationDraft(job_id=1))
    three = tracker.applications.create(ApplicationDraft(job_id=2))
    before = len(actions())
    result = tracker.applications.move_all([one.id, three.id, 99, three.id], "applied")
    assert [(item.id, item.problem) for item in result.items] == [
        (one.id, "duplicate"),
        (three.id, None),
        (99, "not_found"),
    ]
    assert f"application {two.id}" in (result.items[0].detail or "")
    assert (result.done, result.failed) == (1, 2)
    assert actions()[before:] == ["application.move"]
    assert tracker.applications.get(three.id).application.status == "applied"
    assert tracker.applications.delete_all([one.id, two.id]).done == 2
    assert tracker.applications.pipeline().applied == 1
    for ids in ([], list(range(501))):
        with pytest.raises(FormError, match="takes 1 to 500"):
            tracker.applications.delete_all(ids)


def test_a_failure_of_the_database_takes_all_of_several_back(tracker, monkeypatch) -> None:
    made = [tracker.applications.create(DRAFT).id for _ in range(2)]
    from jobtracker_core.storage import timeline

    told: list[int] = []
    record = timeline.record_move

    def fail_later(conn: Any, number: int, *rest: Any) -> None:
        told.append(number)
        if len(told) == 2:
            raise StorageError("the disk is full")
        record(conn, number, *rest)

    monkeypatch.setattr(timeline, "record_move", fail_later)
    with pytest.raises(StorageError, match="the disk is full"):
        tracker.applications.move_all(made, "applied")
    assert told == made
    assert tracker.applications.pipeline().draft == 2


def test_the_next_action_lies_in_the_list_until_its_day(tracker: JobTracker) -> None:
    today = tracker.database.present().date()
    made = tracker.applications.create(DRAFT)
    changes = ApplicationChanges(next_action="Call back", next_action_on=today + timedelta(days=1))
    tracker.applications.update(made.id, changes)
    assert tracker.applications.list(next_action_until=today).items == ()
    assert len(tracker.applications.list(text="call back").items) == 1


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("latest", [5, 4, 3, 2, 1]),
        ("moved", [2, 5, 4, 3, 1]),
        # Those without one last; of the same day the earliest first.
        ("next_action", [4, 1, 3, 5, 2]),
    ],
)
def test_pages_of_each_order_follow_each_other_both_ways(
    tracker: JobTracker, sort: ApplicationSort, order: list[int]
) -> None:
    for due in (date(2026, 12, 2), None, date(2026, 12, 2), date(2026, 11, 30), None):
        tracker.applications.create(ApplicationDraft(title="Role", next_action_on=due))
    with tracker.database.write() as conn:
        for number in range(1, 6):
            at = datetime(2026, 3, number if number != 2 else 9, tzinfo=UTC)
            moved = sa.update(applications).where(applications.c.id == number)
            conn.execute(moved.values(moved_at=at))
    pages, after, page = [], None, None
    while page is None or after is not None:
        page = tracker.applications.list(limit=2, after=after, sort=sort)
        pages.append([one.id for one in page.items])
        after = page.after
    assert [number for found in pages for number in found] == order
    back: list[int] = []
    before = page.before
    while before is not None:
        page = tracker.applications.list(limit=2, before=before, sort=sort)
        back[:0] = [one.id for one in page.items]
        before = page.before
    assert back == order[:-1]
