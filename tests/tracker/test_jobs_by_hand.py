"""Jobs that a person enters, edits, deletes and hides, beside those that are collected."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jobtracker_core.contract.host import PayRecord
from jobtracker_core.contract.posting import Employment, PayInterval, Place, Remote
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.errors import Duplicate, NotFound, Stale
from jobtracker_core.tracker.job_forms import JobChanges, JobDraft

URL = "https://site.example/1"
DRAFT = JobDraft(title="Engineer", url=URL)


def test_one_by_hand_is_like_any_other(tracker, actions) -> None:
    made = tracker.jobs.create(
        JobDraft(
            title=" Senior\x01 engineer ",
            url="https://site.example/1?utm_source=x",
            company="Example Works GmbH",
            place="Berlin, Germany",
            remote=Remote.HYBRID,
            employment=(Employment.FULL_TIME,),
            skills=("Python", "python", "SQL"),
            pay_text="60.000 - 80.000 € pro Jahr",
            posted_at=datetime(2026, 3, 1, tzinfo=UTC),
            description="<p onclick='x()'>Text</p><script>alert(1)</script>",
        )
    )
    job = made.job
    assert (job.source, job.title, job.url) == ("manual", "Senior engineer", URL)
    assert (job.place, job.remote, job.skills) == (
        "Berlin, Germany",
        "hybrid",
        ("Python", "SQL"),
    )
    assert (job.pay_year_min, job.pay_year_max, job.pay_currency) == (60_000, 80_000, "EUR")
    assert made.description == "<p>Text</p>"
    assert made.company is not None
    assert made.company.name == "Example Works GmbH"
    assert (job.version, job.edited) == (1, None)
    assert tracker.jobs.create(DRAFT).job.source_id != job.source_id
    assert actions() == ["job.create", "job.create"]


def test_one_that_is_there_is_named(tracker, collect, actions) -> None:
    collect("7", title="Baker")
    with pytest.raises(Duplicate, match="site has a stored job '7' already: it is job 1"):
        tracker.jobs.create(JobDraft(title="Cook", url=URL, source="site", source_id="7"))
    assert tracker.jobs.get(1).job.title == "Baker"
    assert actions() == []


def test_an_upsert_says_what_it_did(tracker) -> None:
    draft = JobDraft(title="Cook", url=URL, source="site", source_id="7", company="Kitchen")
    assert tracker.jobs.upsert(draft).outcome == "new"
    assert tracker.jobs.upsert(draft).outcome == "unchanged"
    changed = tracker.jobs.upsert(JobDraft(title="Baker", url=URL, source="site", source_id="7"))
    assert changed.outcome == "changed"
    assert (changed.detail.job.title, changed.detail.job.company) == ("Baker", "Kitchen")
    assert changed.detail.job.version == 2
    with pytest.raises(FormError, match="source_id: must be given"):
        tracker.jobs.upsert(DRAFT)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (JobDraft(title="x", url="ftp://site.example/"), "url"),
        (JobDraft(title="x", url="https://me:secret@site.example/"), "url"),
        (JobDraft(title="x" * 100_000, url=URL), "title"),
        (JobDraft(title="\ud800", url=URL), "title"),
        (JobDraft(title="x", url=URL, source="No Name"), "source"),
        (JobDraft(title="x", url=URL, country="Germany"), "country"),
        (JobDraft(title="x", url=URL, pay_min=-1), "pay_min"),
        (JobDraft(title="x", url=URL, pay_min=float("nan")), "pay_min"),
        (JobDraft(title="x", url=URL, pay_currency="EUR"), "pay_min"),
        (JobDraft(title="x", url=URL, posted_at=datetime(1600, 1, 1, tzinfo=UTC)), "posted_at"),
        (JobDraft(title="x", url=URL, posted_at=datetime(1950, 1, 1, tzinfo=UTC)), "posted_at"),
        (JobDraft(title="x", url=URL, description="z" * 65_537), "description"),
        (JobDraft(title="x", url=URL, source_id="a@b.example"), "source_id"),
        (JobDraft(title="x", url=URL, company="n/a"), "company"),
        (JobDraft(title="x", url=URL, skills=("y" * 101,)), "skills"),
    ],
)
def test_what_is_refused_names_its_field(tracker, actions, draft, field) -> None:
    with pytest.raises(FormError) as caught:
        tracker.jobs.create(draft)
    assert list(caught.value.problems) == [field]
    assert actions() == []
    assert tracker.jobs.count() == 0


@pytest.mark.parametrize("kind", ["list", "detail"])
def test_what_a_person_edits_wins_over_what_is_collected(tracker, collect, kind) -> None:
    collect(title="Enginer", company="Works", description="<p>a</p>", closed=False)
    edited = tracker.jobs.update(
        1, JobChanges(title="Engineer", description="<p>mine</p>", closed=True, pay_min=50_000)
    )
    assert edited.job.edited == ("closed", "description", "pay", "title")
    assert (edited.job.version, edited.job.pay_min) == (2, 50_000)
    assert edited.job.closed_at is not None
    collect(
        kind=kind,
        title="Other",
        company="Other Works",
        description="<p>b</p>",
        closed=False,
        pay=PayRecord(min=1, currency="EUR", interval=PayInterval.HOUR),
    )
    after = tracker.jobs.get(1)
    assert (after.job.title, after.description) == ("Engineer", "<p>mine</p>")
    assert (after.job.closed_at, after.job.pay_min) == (edited.job.closed_at, 50_000)
    assert after.job.company == "Other Works", "what was not edited follows the site"
    assert set(after.changes[0].changes) == {"company"}


def test_what_a_person_emptied_stays_empty(tracker, collect) -> None:
    collect(company="Works", company_key="works", places=(Place(text="Bonn", city="Bonn"),))
    emptied = tracker.jobs.update(1, JobChanges(company=None, place=None)).job
    assert (emptied.company, emptied.company_id, emptied.place, emptied.city) == (
        None,
        None,
        None,
        None,
    )
    collect(company="Works", company_key="works", places=(Place(text="Köln", city="Köln"),))
    after = tracker.jobs.get(1).job
    assert (after.company, after.place) == (None, None)


def test_an_edited_company_is_another_company(tracker, collect) -> None:
    collect(company="Works", company_key="works")
    edited = tracker.jobs.update(1, JobChanges(company="Example Works Ltd"))
    assert edited.company is not None
    assert (edited.company.id, edited.company.key) == (2, "example works")


@pytest.mark.parametrize("kind", ["list", "detail"])
def test_a_released_field_follows_the_site_again(tracker, collect, kind) -> None:
    collect(title="Theirs")
    collect(kind="detail", title="Theirs", description="<p>theirs</p>")
    tracker.jobs.update(1, JobChanges(title="Mine", description="<p>mine</p>"))
    said = {"title": "Theirs"} | ({"description": "<p>theirs</p>"} if kind == "detail" else {})
    collect(kind=kind, **said)
    name = "title" if kind == "list" else "description"
    released = tracker.jobs.update(1, JobChanges(release=(name,)))
    assert released.job.edited == (("description",) if kind == "list" else ("title",))
    collect(kind=kind, **said)
    after = tracker.jobs.get(1)
    assert (after.job.title, after.description) == (
        ("Theirs", "<p>mine</p>") if kind == "list" else ("Mine", "<p>theirs</p>")
    )


def test_an_edit_of_an_older_version_is_refused(tracker, collect) -> None:
    collect(title="a")
    collect(title="b")
    with pytest.raises(Stale, match="job 1 was changed meanwhile: it is at version 2, not 1"):
        tracker.jobs.update(1, JobChanges(title="c"), expected_version=1)
    with pytest.raises(Stale):
        tracker.jobs.delete(1, expected_version=1)
    text = tracker.jobs.update(1, JobChanges(description="<p>only</p>"), expected_version=2)
    assert (text.job.version, text.description) == (3, "<p>only</p>")
    again = tracker.jobs.update(1, JobChanges(description="<p>only</p>"), expected_version=3)
    assert again.job.version == 3, "nothing differs"


def test_details_alone_count_as_another_version(tracker, collect) -> None:
    collect(title="a")
    collect(kind="detail", title="a", description="<p>x</p>")
    assert tracker.jobs.get(1).job.version == 2
    collect(kind="detail", title="a", description="<p>x</p>")
    collect(title="a")
    assert tracker.jobs.get(1).job.version == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (JobChanges(title=None), "title"),  # type: ignore[arg-type]
        (JobChanges(release=("salary",)), "release"),
        (JobChanges(release=("title",), title="x"), "release"),
        (JobChanges(posted_at=datetime(2300, 1, 1, tzinfo=UTC)), "posted_at"),
        (JobChanges(url="x"), "url"),
    ],
)
def test_an_edit_that_is_refused_names_its_field(tracker, collect, changes, field) -> None:
    collect()
    with pytest.raises(FormError) as caught:
        tracker.jobs.update(1, changes)
    assert list(caught.value.problems) == [field]
    assert tracker.jobs.get(1).job.version == 1


def test_a_deleted_job_comes_back_as_a_new_one(tracker, collect) -> None:
    collect(title="a")
    tracker.tags.add("job", 1, ["x"])
    tracker.jobs.write_note(1, "note")
    tracker.jobs.delete(1)
    with pytest.raises(NotFound):
        tracker.jobs.get(1)
    assert [ref.id for ref in collect(title="a").new] == [2]
    assert tracker.tags.of("job", 2) == ()
    assert tracker.jobs.note(2) is None


def test_a_dismissed_job_is_hidden_and_stays_so_if_it_is_collected_again(tracker, collect) -> None:
    collect("1", title="a")
    collect("2", title="b")
    dismissal = tracker.dismissals.dismiss(1, reason="too far")
    assert (dismissal.job_id, dismissal.title, dismissal.reason) == (1, "a", "too far")
    assert tracker.dismissals.dismiss(1, reason="other") == dismissal
    shown = [job.id for job in tracker.jobs.search().items]
    assert (shown, tracker.jobs.tally().total) == ([2], 1)
    assert [job.id for job in tracker.jobs.search(dismissed="only").items] == [1]
    assert tracker.jobs.tally(dismissed="all").total == 2
    assert [job.id for job in tracker.jobs.export()] == [2]
    tracker.jobs.delete(1)
    [gone] = tracker.dismissals.list().items
    assert gone.job_id is None
    written = collect("1", title="a")
    assert (written.new, written.unchanged) == ((), 1), "nobody is told of it as new"
    assert tracker.jobs.tally().total == 1
    [back] = tracker.dismissals.list().items
    assert (back.id, back.job_id) == (dismissal.id, 3)
    assert tracker.dismissals.restore(back.id).source_id == "1"
    assert [job.id for job in tracker.jobs.search().items] == [3, 2]
    with pytest.raises(NotFound, match="no dismissal"):
        tracker.dismissals.restore(back.id)


def test_a_page_keeps_what_a_person_decided(tracker, collect) -> None:
    collect(title="a")
    tracker.dismissals.dismiss(1)
    collect(title="b")
    job = tracker.jobs.get(1).job
    assert (job.title, job.dismissed_at is None) == ("b", False)
    tracker.dismissals.restore_job(1)
    with pytest.raises(NotFound, match="job 1 is not dismissed"):
        tracker.dismissals.restore_job(1)


def test_a_note_on_a_job(tracker, fill, actions) -> None:
    fill(1)
    assert tracker.jobs.note(1) is None
    first = tracker.jobs.write_note(1, "Call\x01 them\r\nsoon", expected_version=0)
    assert (first.text, first.version) == ("Call them\nsoon", 1)
    with pytest.raises(Stale, match="at version 1, not 0"):
        tracker.jobs.write_note(1, "x", expected_version=0)
    assert tracker.jobs.write_note(1, "Later", expected_version=1).version == 2
    assert tracker.jobs.note(1).text == "Later"
    assert tracker.jobs.write_note(1, " ") is None
    assert tracker.jobs.note(1) is None
    assert actions() == ["job.note"] * 3
    with pytest.raises(FormError, match="text: is longer"):
        tracker.jobs.write_note(1, "x" * 20_001)
    with pytest.raises(NotFound):
        tracker.jobs.write_note(2, "x")


def test_several_jobs_at_once(tracker, fill, actions) -> None:
    fill(3)
    tracker.applications.create(ApplicationDraft(job_id=3, status="applied"))
    assert tracker.jobs.tag_all([1, 2, 9], ["Far", "far", "Good"]).failed == 1
    assert tracker.tags.of("job", 1) == ("Far", "Good")
    assert tracker.jobs.untag_all([1], ["GOOD", "never"]).done == 1
    assert tracker.tags.of("job", 1) == ("Far",)
    assert tracker.jobs.dismiss_all([1, 2], reason="far").done == 2
    restored = tracker.jobs.restore_all([1, 3])
    assert [item.problem for item in restored.items] == [None, "not_found"]
    deleted = tracker.jobs.delete_all([2, 3, 9])
    assert [(item.id, item.problem) for item in deleted.items] == [
        (2, None),
        (3, None),
        (9, "not_found"),
    ]
    assert [job.id for job in tracker.jobs.search().items] == [1]
    assert len(tracker.applications.get(1).snapshots) == 1
    assert actions() == [
        *("application.create", "job.tag", "job.untag", "job.dismiss", "job.restore"),
        "job.delete",
    ]
    with pytest.raises(FormError, match="tags"):
        tracker.jobs.tag_all([1], ["x" * 51])
