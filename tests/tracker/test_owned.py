"""Contacts, tags, views, companies by hand, and the numbers of the front page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from jobtracker_core.contract.posting import CompanyFacts
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.companies import CompanyChanges, CompanyDraft
from jobtracker_core.storage.contacts import ContactChanges, ContactDraft
from jobtracker_core.storage.errors import Duplicate, NotFound, Stale
from jobtracker_core.storage.timeline import EventDraft
from jobtracker_core.storage.views import ViewChanges, ViewDraft
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.views import WORDS


def test_contacts_of_companies_and_applications(tracker: JobTracker, actions) -> None:
    company = tracker.companies.find_or_create("Example Works").company
    application = tracker.applications.create(ApplicationDraft(title="x"))
    one = tracker.contacts.create(
        ContactDraft(company_id=company.id, name="Ann", email="ann@example.org", phone="+49 1")
    )
    two = tracker.contacts.create(ContactDraft(application_id=application.id, name="Bob"))
    assert (one.email, one.version) == ("ann@example.org", 1), "the user's own, so it is kept"
    assert tracker.contacts.list().items == (two, one)
    assert tracker.contacts.list(company_id=company.id).items == (one,)
    assert tracker.contacts.list(application_id=application.id).items == (two,)
    assert tracker.contacts.list(company_id=2**70).items == ()
    first = tracker.contacts.list(limit=1)
    assert tracker.contacts.list(limit=1, after=first.after).items == (one,)
    changed = tracker.contacts.update(
        one.id, ContactChanges(role="Recruiter", email=None), expected_version=1
    )
    assert (changed.role, changed.email, changed.version) == ("Recruiter", None, 2)
    with pytest.raises(Stale):
        tracker.contacts.update(one.id, ContactChanges(role="x"), expected_version=1)
    with pytest.raises(Stale):
        tracker.contacts.delete(one.id, expected_version=1)
    tracker.contacts.delete(one.id, expected_version=2)
    with pytest.raises(NotFound, match="no contact 1"):
        tracker.contacts.get(one.id)
    tracker.applications.delete(application.id)
    assert tracker.contacts.list().items == ()
    assert actions()[2:] == [
        *("contact.create", "contact.create", "contact.update", "contact.delete"),
        "application.delete",
    ]


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (ContactDraft(name="x"), "company_id"),
        (ContactDraft(name="x", company_id=1, application_id=1), "company_id"),
        (ContactDraft(name="", company_id=1), "name"),
        (ContactDraft(name="x", company_id=1, email="nobody"), "email"),
        (ContactDraft(name="x", company_id=1, url="javascript:x"), "url"),
    ],
)
def test_a_contact_that_is_refused(tracker: JobTracker, draft, field) -> None:
    with pytest.raises(FormError) as caught:
        tracker.contacts.create(draft)
    assert list(caught.value.problems) == [field]


def test_a_contact_of_nobody(tracker: JobTracker) -> None:
    for draft in (
        ContactDraft(name="x", company_id=1),
        ContactDraft(name="x", application_id=1),
    ):
        with pytest.raises(NotFound, match=r"there is no (company|application) 1"):
            tracker.contacts.create(draft)


def test_tags(tracker: JobTracker, fill, actions) -> None:
    fill(2)
    application = tracker.applications.create(ApplicationDraft(job_id=1))
    assert tracker.tags.add("job", 1, [" Remote  only ", "Zeta"]) == ("Remote only", "Zeta")
    assert tracker.tags.add("job", 2, ["remote ONLY"]) == ("Remote only",)
    assert tracker.tags.add("application", application.id, ["zeta"]) == ("Zeta",)
    listed = [(tag.name, tag.jobs, tag.applications) for tag in tracker.tags.list()]
    assert listed == [("Remote only", 2, 0), ("Zeta", 1, 1)]
    assert tracker.applications.get(application.id).tags == ("Zeta",)
    assert tracker.tags.put("job", 1, ["new", "Zeta"]) == ("new", "Zeta")
    assert tracker.tags.remove("job", 1, ["NEW", "other"]) == ("Zeta",)
    remote, zeta = (tag for tag in tracker.tags.list() if tag.name != "new")
    with pytest.raises(Duplicate, match=f"tag {zeta.id}"):
        tracker.tags.rename(remote.id, "ZETA")
    assert tracker.tags.rename(remote.id, "REMOTE only").name == "REMOTE only"
    tracker.tags.delete(zeta.id)
    assert tracker.tags.of("job", 1) == ()
    assert tracker.tags.put("job", 2, []) == ()
    for wrong in ([], ["x" * 51], [" "], ["x"] * 51, "word", [3]):
        with pytest.raises(FormError, match="tags"):
            tracker.tags.add("job", 1, wrong)  # type: ignore[arg-type]
    for use in (tracker.tags.of, lambda kind, number: tracker.tags.add(kind, number, ["x"])):
        with pytest.raises(NotFound, match="no job 9"):
            use("job", 9)
    assert actions().count("job.tag") == 4


def test_a_view_keeps_the_words_of_its_list(tracker: JobTracker, actions) -> None:
    made = tracker.views.create(
        ViewDraft(
            name="Paid",
            kind="jobs",
            query={
                "pay_from": "50000",
                "remote": "remote",
                "closed": False,
                "sort": "pay",
                "posted_since": "2026-03-01T00:00:00Z",
                "text": None,
                "tag": " ",
            },
        )
    )
    assert made.query == {
        "pay_from": 50_000.0,
        "remote": "remote",
        "closed": False,
        "sort": "pay",
        "posted_since": "2026-03-01T00:00:00Z",
    }
    same_name = ViewDraft(name="Paid", kind="applications", query={"open": True})
    other = tracker.views.create(same_name)
    with pytest.raises(Duplicate, match="a view of applications named 'Paid'"):
        tracker.views.create(same_name)
    assert tracker.views.list() == (made, other)
    assert tracker.views.list(kind="applications") == (other,)
    changed = tracker.views.update(
        other.id, ViewChanges(name="Open", query={"status": "offer"}), expected_version=1
    )
    assert (changed.name, changed.query, changed.version) == ("Open", {"status": "offer"}, 2)
    assert tracker.views.get(other.id) == changed
    with pytest.raises(Stale):
        tracker.views.delete(other.id, expected_version=1)
    tracker.views.delete(other.id)
    with pytest.raises(NotFound, match=f"no view {other.id}"):
        tracker.views.get(other.id)
    assert actions() == ["view.create", "view.create", "view.update", "view.delete"]


@pytest.mark.parametrize(
    ("kind", "query", "field"),
    [
        ("jobs", {"salary": 1}, "query.salary"),
        ("jobs", {"remote": "moon"}, "query.remote"),
        ("jobs", {"pay_from": "much"}, "query.pay_from"),
        ("jobs", {"posted_since": "1600-01-01T00:00:00Z"}, "query.posted_since"),
        ("applications", {"sort": "pay"}, "query.sort"),
        ("applications", {"status": "won"}, "query.status"),
        ("pictures", {}, "kind"),
    ],
)
def test_a_view_that_is_refused_names_the_word(tracker: JobTracker, kind, query, field) -> None:
    with pytest.raises(FormError) as caught:
        tracker.views.create(ViewDraft(name="x", kind=kind, query=query))
    assert list(caught.value.problems) == [field]


def test_words_of_a_view_are_those_of_the_list(tracker: JobTracker) -> None:
    """What a view holds, its list takes."""
    examples: dict[object, object] = {"status": "draft", "application": "draft"}
    examples |= {"remote": "remote", "employment": "other", "seniority": "mid", "sort": "pay"}
    examples |= {"dismissed": "all", "closed": True, "open": True, "has_application": True}
    examples |= {"next_action_until": "2026-03-01"}
    examples |= dict.fromkeys(("posted_since", "new_since", "seen_since"), "2026-03-01T00:00:00Z")
    for kind, words in WORDS.items():
        query = {word: examples.get(word, 1) for word in words}
        query |= {w: "x" for w in words if "str" in str(words[w]) and w not in examples}
        made = tracker.views.create(ViewDraft(name="all", kind=kind, query=query))
        assert made.query.keys() == words.keys()


def test_companies_by_hand(tracker: JobTracker, actions) -> None:
    made = tracker.companies.create(
        CompanyDraft(name="Example  Works GmbH", homepage="https://works.example/", founded=1999)
    )
    assert (made.name, made.key, made.version) == ("Example Works GmbH", "example works", 1)
    with pytest.raises(Duplicate, match=f"it is company {made.id}"):
        tracker.companies.create(CompanyDraft(name="EXAMPLE WORKS"))
    found = tracker.companies.find_or_create("the Example Works Inc.")
    assert (found.company, found.created) == (made, False)
    new = tracker.companies.find_or_create("Other")
    assert (new.company.id, new.created) == (made.id + 1, True)
    changed = tracker.companies.update(
        made.id, CompanyChanges(name="Works", founded=None), expected_version=1
    )
    assert (changed.name, changed.key, changed.founded, changed.version) == (
        "Works",
        "example works",
        None,
        2,
    )
    with pytest.raises(Stale):
        tracker.companies.update(made.id, CompanyChanges(name="x"), expected_version=1)
    assert tracker.companies.find_or_create("Example Works").company == changed
    for wrong in ("", "!!!", "x" * 301):
        with pytest.raises(FormError, match="name"):
            tracker.companies.find_or_create(wrong)
    with pytest.raises(FormError, match="founded"):
        tracker.companies.create(CompanyDraft(name="x", founded=3))
    with pytest.raises(NotFound, match="no company 9"):
        tracker.companies.update(9, CompanyChanges(name="x"))
    assert actions() == [
        *("company.create", "company.find_or_create", "company.find_or_create"),
        *("company.update", "company.find_or_create"),
    ]


def test_what_is_collected_fills_only_what_a_person_left_empty(
    tracker: JobTracker, collect
) -> None:
    made = tracker.companies.create(CompanyDraft(name="Works", industry="Mine"))
    facts = CompanyFacts(industry="Theirs", size="10")
    collect(company="WORKS", company_key="works", company_facts=facts)
    company = tracker.companies.get(made.id)
    assert (company.industry, company.size, company.name) == ("Mine", "10", "Works")
    assert company.version == 2


def test_the_numbers_of_the_front_page(tracker: JobTracker, fill) -> None:
    fill(3)
    fill(1, source="other")
    tracker.dismissals.dismiss(1)
    now = tracker.database.present()
    tracker.applications.create(
        ApplicationDraft(title="x", status="applied", next_action_on=now.date())
    )
    tracker.applications.create(
        ApplicationDraft(title="y", next_action_on=now.date() - timedelta(days=1))
    )
    ended = ApplicationDraft(title="z", status="rejected", next_action_on=date(2020, 1, 1))
    tracker.applications.create(ended)
    for hours, done in ((-2, False), (-2, True), (2, False), (24 * 30, False)):
        at = now + timedelta(hours=hours)
        tracker.timeline.create(EventDraft(kind="follow_up", starts_at=at, done=done))
    tracker.timeline.create(EventDraft(kind="note", starts_at=now - timedelta(hours=2)))
    stats = tracker.stats.front()
    assert (stats.jobs, stats.new, stats.open) == (4, 4, 3)
    assert [(s.source, s.jobs, s.new) for s in stats.sources] == [("other", 1, 1), ("site", 3, 3)]
    assert (stats.applications.applied, stats.applications.draft) == (1, 1)
    assert (stats.due.overdue, stats.due.soon) == (2, 2)
    assert stats.runs.running == 0
    assert tracker.stats.front(since=now + timedelta(hours=1)).new == 0
    with pytest.raises(FormError, match="since"):
        tracker.stats.front(since=datetime(1600, 1, 1, tzinfo=UTC))


def test_runs_on_the_front_page(tracker: JobTracker) -> None:
    from jobtracker_core.storage import runs

    runs.start(
        tracker.database,
        collector="site",
        trigger="manual",
        query={},
        query_hash=None,
        plugin_name=None,
        plugin_version=None,
        concurrency_key="site.example",
        max_running=1,
        worker_id="h:b:1:1:me",
    )
    assert tracker.stats.front().runs.running == 1
