"""What holds for an installation at hand holds for it from elsewhere, errors included."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.json import decode, encode

from access import token_for
from jobtracker_core import (
    ApplicationChanges,
    ApplicationDraft,
    CompanyChanges,
    CompanyDraft,
    ContactChanges,
    ContactDraft,
    EventChanges,
    EventDraft,
    JobChanges,
    JobDraft,
    JobTracker,
    RemoteTracker,
    ViewChanges,
    ViewDraft,
    __version__,
    connect,
)
from jobtracker_core.client.errors import Unreached
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.run import RunState
from jobtracker_core.http.proxies import BadProxy
from jobtracker_core.plugins.discovery import UnknownCollector
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.runner.schedule import ScheduleError
from jobtracker_core.search.language import SearchError
from jobtracker_core.storage.errors import Duplicate, NotAllowed, NotFound, Stale
from jobtracker_core.storage.queue import Limits
from jobtracker_core.tracker import CollectorOff
from jobtracker_core.tracker.ingest import IngestBatch, RunOver
from jobtracker_core.tracker.runs import NoRetry
from live_server import serving
from queueing import changed as all_changed

Facade = JobTracker | RemoteTracker

LINK = "https://jobs.example/1"


def test_jobs(facade: Facade, fill) -> None:
    fill(7)
    jobs = facade.jobs
    page = jobs.search(limit=3)
    assert [job.id for job in page.items] == [7, 6, 5]
    second = jobs.search(limit=3, after=page.after)
    assert [job.id for job in second.items] == [4, 3, 2]
    back = jobs.search(limit=3, before=second.before)
    assert [job.id for job in back.items] == [7, 6, 5]
    assert back.after == page.after
    assert [job.id for job in jobs.search(limit=2, offset=4).items] == [3, 2]
    assert jobs.search(limit=2, offset=40).items == ()
    with pytest.raises(SearchError, match="not closed") as refused:
        jobs.search(text="engineer (data")
    assert (refused.value.start, refused.value.end) == (9, 10)
    assert refused.value.__notes__ == ["engineer (data\n         ^"]
    assert [one.value for one in jobs.facets(text="engineer")[0].values] == ["site"]
    assert jobs.snippets([7], text="engineer") == ()
    best = jobs.search(text="engineer", sort="relevance", limit=3)
    assert [job.id for job in best.items] == [7, 6, 5]
    further = jobs.search(text="engineer", sort="relevance", limit=3, after=best.after)
    assert [job.id for job in further.items] == [4, 3, 2]
    before = jobs.search(text="engineer", sort="relevance", limit=3, before=further.before)
    assert before.items == best.items
    assert [job.id for job in jobs.search(text="ENGINEER 4", closed=False).items] == [4]
    assert (jobs.tally(source="site").total, jobs.tally(first=5).newer) == (7, 2)
    assert (jobs.sources(), jobs.count(), jobs.count(source="other")) == (("site",), 7, 0)
    assert [job.id for job in jobs.export(with_text=True)] == [7, 6, 5, 4, 3, 2, 1]
    assert next(iter(jobs.export())).title == "Engineer 7"

    made = jobs.create(JobDraft(title="Lead", url=LINK, posted_at=datetime(2026, 3, 1, tzinfo=UTC)))
    assert (made.job.id, made.job.source, made.job.version) == (8, "manual", 1)
    changed = jobs.update(8, JobChanges(place="Berlin, Germany"), expected_version=1)
    assert (changed.job.city, changed.job.version) == ("Berlin", 2)
    with pytest.raises(Stale, match="is at version 2, not 1") as stale:
        jobs.update(8, JobChanges(title="x"), expected_version=1)
    assert stale.value.current == 2
    with pytest.raises(FormError) as wrong:
        jobs.create(JobDraft(title="x" * 100_000, url="ftp://x", pay_min=-1))
    assert set(wrong.value.problems) == {"title", "url", "pay_min"}
    assert wrong.value.problems["title"].startswith("is longer than ")
    with pytest.raises(FormError) as wrong:
        jobs.upsert(JobDraft(title="x", url=LINK))
    assert set(wrong.value.problems) == {"source_id"}
    upserted = jobs.upsert(JobDraft(title="x", url=LINK, source="board", source_id="1"))
    assert (upserted.outcome, upserted.detail.job.id) == ("new", 9)
    with pytest.raises(Duplicate, match="9") as twice:
        jobs.create(JobDraft(title="x", url=LINK, source="board", source_id="1"))
    assert twice.value.hint

    assert jobs.note(1) is None
    note = jobs.write_note(1, "Ask.")
    assert note == jobs.note(1)
    assert jobs.write_note(1, "", expected_version=1) is None
    bulk = jobs.tag_all([1, 2, 99], ["near"])
    assert (bulk.done, bulk.failed, bulk.items[2].problem) == (2, 1, "not_found")
    assert jobs.untag_all([2], ["near"]).done == 1
    assert [job.id for job in jobs.search(tag="near").items] == [1]
    assert jobs.dismiss_all([2, 3], reason="far").done == 2
    assert jobs.restore_all([3]).done == 1
    assert jobs.delete_all([4]).done == 1
    jobs.delete(5)
    with pytest.raises(NotFound, match="there is no job 5") as gone:
        jobs.get(5)
    assert gone.value.hint == "List the jobs to see their numbers."
    with pytest.raises(NotFound):
        jobs.delete(5)


def test_applications_and_events(facade: Facade, fill) -> None:
    fill(2)
    applications, timeline = facade.applications, facade.timeline
    first = applications.create(ApplicationDraft(job_id=1, next_action_on=date(2026, 5, 1)))
    with pytest.raises(Duplicate):
        applications.create(ApplicationDraft(job_id=1))
    with pytest.raises(NotFound):
        applications.create(ApplicationDraft(job_id=99))
    with pytest.raises(FormError) as wrong:
        applications.create(ApplicationDraft())
    assert set(wrong.value.problems) == {"title"}
    second = applications.create(ApplicationDraft(title="Lead", company="Acme"))
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    moved = applications.move(first.id, "applied", applied_at=at, expected_version=1)
    assert (moved.status, moved.applied_at, moved.version) == ("applied", at, 2)
    assert len(applications.get(first.id).snapshots) == 1
    changed = applications.update(first.id, ApplicationChanges(notes="Call"), expected_version=2)
    with pytest.raises(Stale):
        applications.move(first.id, "offer", expected_version=2)
    assert [a.id for a in applications.list(limit=1).items] == [second.id]
    assert [a.id for a in applications.list(limit=1, offset=1).items] == [first.id]
    assert [a.id for a in applications.list(text="call", open=True).items] == [first.id]
    assert applications.list(next_action_until=date(2026, 5, 1)).items == (changed,)
    assert applications.list(sort="next_action").items == applications.list(sort="moved").items
    assert (applications.pipeline().draft, applications.pipeline(status="draft").applied) == (1, 0)
    result = applications.create_all([2], "applied")
    assert (result.done, result.items[0].id) == (1, 2)
    [made] = applications.of_jobs([2])
    assert made.status == "applied"
    applications.delete(made.id)
    facade.tags.add("application", first.id, ["dream", "near/far"])
    assert facade.tags.remove("application", first.id, ["DREAM"]) == ("near/far",)
    assert facade.tags.put("application", first.id, ["a", "b"]) == ("a", "b")
    assert facade.tags.of("application", first.id) == ("a", "b")
    with pytest.raises(NotFound):
        facade.tags.of("application", 99)
    with pytest.raises(FormError):
        facade.tags.add("job", 1, [" "])

    event = timeline.create(
        EventDraft(
            kind="interview",
            application_id=first.id,
            starts_at=datetime.fromisoformat("2026-07-01T09:00"),
            timezone="Europe/Berlin",
        )
    )
    assert event.starts_at == datetime(2026, 7, 1, 7, tzinfo=UTC)
    event = timeline.update(event.id, EventChanges(done=True, place="There"), expected_version=1)
    assert timeline.get(event.id) == event
    assert timeline.list(kind="interview", done=True).items == (event,)
    assert timeline.list(since=datetime(2036, 8, 1, tzinfo=UTC)).items == ()
    with pytest.raises(FormError) as wrong:
        timeline.create(EventDraft(kind="note", timezone="Mars"))
    assert "no time zone" in wrong.value.problems["timezone"]
    [move, *_] = timeline.list(kind="status", application_id=first.id).items
    with pytest.raises(NotAllowed):
        timeline.delete(move.id)
    month = facade.calendar.between(
        datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)
    )
    assert [entry.event_id for entry in month] == [event.id]
    timeline.delete(event.id)
    with pytest.raises(NotFound):
        timeline.get(event.id)
    assert applications.move_all([first.id, 99], "rejected").done == 1
    assert applications.delete_all([second.id]).done == 1
    applications.delete(first.id)
    with pytest.raises(NotFound, match="there is no application"):
        applications.get(first.id)


def test_what_else_a_person_keeps(facade: Facade, fill) -> None:
    fill(1)
    company = facade.companies.create(CompanyDraft(name="Acme Ltd"))
    with pytest.raises(Duplicate, match="Acme"):
        facade.companies.create(CompanyDraft(name="ACME ltd"))
    assert facade.companies.find_or_create("acme LTD").company == company
    with pytest.raises(FormError) as wrong:
        facade.companies.find_or_create("!!!")
    assert set(wrong.value.problems) == {"name"}
    company = facade.companies.update(company.id, CompanyChanges(industry="Anvils"))
    assert facade.companies.get(company.id) == company
    assert facade.companies.list(text="acme").items == (company,)
    [figures] = facade.companies.figures([company.id])
    assert (figures.company_id, figures.open_jobs) == (company.id, 0)
    assert {c.name for c in facade.companies.export()} == {"Acme Ltd"}

    contact = facade.contacts.create(ContactDraft(name="Ada", company_id=company.id))
    contact = facade.contacts.update(contact.id, ContactChanges(email="ada@acme.example"))
    assert facade.contacts.list(company_id=company.id).items == (contact,)
    assert facade.contacts.get(contact.id) == contact
    facade.contacts.delete(contact.id)

    assert facade.tags.add("job", 1, ["dream"]) == ("dream",)
    [tag] = facade.tags.list()
    assert facade.tags.rename(tag.id, "dreams").name == "dreams"
    facade.tags.delete(tag.id)
    view = facade.views.create(ViewDraft(name="New", kind="jobs", query={"remote": "remote"}))
    view = facade.views.update(view.id, ViewChanges(name="Newer"), expected_version=1)
    assert facade.views.list(kind="jobs") == (facade.views.get(view.id),) == (view,)
    with pytest.raises(FormError) as wrong:
        facade.views.create(ViewDraft(name="x", kind="jobs", query={"colour": "red"}))
    assert set(wrong.value.problems) == {"query.colour"}
    facade.views.delete(view.id)

    hidden = facade.dismissals.dismiss(1, reason="far")
    assert facade.dismissals.of_job(1) == hidden
    job = facade.jobs.get(1).job
    assert facade.jobs.alike(url=job.url, title="x") == (job,)
    assert facade.dismissals.list().items == (hidden,)
    assert facade.dismissals.restore(hidden.id) == hidden
    with pytest.raises(NotFound):
        facade.dismissals.restore(hidden.id)
    with pytest.raises(NotFound):
        facade.dismissals.restore_job(1)
    feed = facade.calendar.create_feed("phone")
    assert facade.calendar.ics(feed.secret).startswith("BEGIN:VCALENDAR")
    with pytest.raises(NotFound):
        facade.calendar.ics("nothing")
    assert facade.calendar.revoke_feed(feed.feed.id).revoked_at is not None
    with pytest.raises(NotFound):
        facade.calendar.revoke_feed(99)
    assert facade.stats.front().jobs == 1


def test_searches(facade: Facade) -> None:
    searches = facade.searches
    made = searches.add(
        "python in Berlin", "hiringcafe", {"text": "python"}, cron="30 2 * * *", pages=7
    )
    assert (made.query["text"], made.limits.pages, made.enabled) == ("python", 7, True)
    assert searches.get("python in Berlin") == searches.get(made.id) == searches.get("1") == made
    assert searches.list(collector="hiringcafe") == (made,)
    with pytest.raises(NotFound, match="there is no search 'nothing'") as gone:
        searches.report("nothing")
    assert gone.value.hint == "List the searches to see their names."
    with pytest.raises(FormError) as wrong:
        searches.add("x", "hiringcafe", {"colour": "red"})
    assert set(wrong.value.problems) == {"query.colour"}
    with pytest.raises(FormError) as wrong:
        searches.add("x", "hiringcafe", {}, priority=70)
    assert set(wrong.value.problems) == {"priority"}
    with pytest.raises(ScheduleError) as late:
        searches.add("x", "hiringcafe", {}, cron="never")
    assert (late.value.field, bool(late.value.hint)) == ("cron", True)
    with pytest.raises(UnknownCollector, match="there is no collector 'nobody'; installed: hir"):
        searches.add("x", "nobody", {})
    with pytest.raises(Duplicate):
        searches.clone(made.id, made.name)
    assert not searches.pause(made.name).enabled
    assert searches.resume(made.id).next_tick_at is not None
    changed = searches.edit(made.id, every_s=3600, pages=None, query={"text": "rust"})
    assert (changed.schedule.kind, changed.limits.pages) == ("interval", None)
    with pytest.raises(Stale):
        searches.edit(made.id, name="y", expected_version=1)
    assert searches.report(made.id).words.startswith("every hour")
    assert len(searches.preview(made.name, count=300).upcoming) == 300
    copy = searches.clone(made.id, "copy")
    assert searches.remove("copy").id == copy.id
    run = searches.run(made.id)
    assert searches.run(made.id) == type(run)(run_id=run.run_id, outcome="overlap")


def test_runs_and_collectors(facade: Facade, tracker: JobTracker) -> None:
    runs = facade.runs
    first = runs.enqueue("hiringcafe", {"text": "a"}, limits=Limits(pages=3), key="once")
    assert runs.enqueue("hiringcafe", {"text": "b"}, key="once").outcome == "same"
    second = runs.enqueue("hiringcafe", {"text": "b"}, priority=2)
    with pytest.raises(FormError) as wrong:
        runs.enqueue("hiringcafe", {"limit": "many"})
    assert set(wrong.value.problems) == {"query.limit"}
    with pytest.raises(FormError) as wrong:
        runs.enqueue("hiringcafe", {}, limits=Limits(memory_mb=1))
    assert set(wrong.value.problems) == {"memory_mb"}
    assert [run.id for run in runs.list(limit=1)] == [second.run_id]
    assert runs.list(states=[RunState.PENDING], before=second.run_id) == (runs.get(first.run_id),)
    assert [run.id for run in runs.export()] == [second.run_id, first.run_id]
    with pytest.raises(NoRetry, match="it has not ended") as early:
        runs.retry(first.run_id)
    assert early.value.hint == "Wait for it, or cancel it."
    assert runs.cancel(first.run_id) is RunState.CANCELLED
    [watched] = runs.watch(first.run_id)
    assert (watched.over, watched.run.state) == (True, RunState.CANCELLED)
    assert runs.attempts(first.run_id) == ()
    assert runs.report(first.run_id).run.query["text"] == "a"
    assert facade.jobs.changes(run_id=first.run_id) == ()
    # More than one answer of a server holds.
    whole = all_changed(tracker, run_id=first.run_id, count=405)
    assert facade.jobs.changes(run_id=first.run_id) == whole
    some = facade.jobs.changes(run_id=first.run_id, limit=202, after=whole[1].mark)
    assert some == whole[2:204]
    assert runs.events(first.run_id, limit=1) == runs.events(first.run_id)[:1]
    told = runs.all("cancel", [second.run_id, 99])
    assert [one.ok for one in told] == [True, False]
    with pytest.raises(NotFound, match="there is no run 99"):
        runs.get(99)
    assert runs.retry(first.run_id).outcome == "made"

    collectors = facade.collectors
    assert collectors.enabled("hiringcafe")
    assert [report.name for report in collectors.reports()] == ["hiringcafe"]
    changed = collectors.update("hiringcafe", settings={"per_minute": 7}, enabled=False)
    assert (changed.enabled, changed.rate) == (False, 7)
    with pytest.raises(FormError) as wrong:
        collectors.update("hiringcafe", settings={"colour": 1})
    assert set(wrong.value.problems) == {"settings.colour"}
    with pytest.raises(Stale):
        collectors.update("hiringcafe", enabled=True, expected_version=0)
    with pytest.raises(CollectorOff) as off:
        runs.enqueue("hiringcafe", {})
    assert (off.value.name, str(off.value)) == ("hiringcafe", "collector 'hiringcafe' is off")
    with pytest.raises(CollectorOff):
        collectors.probe("hiringcafe")
    for ask in (collectors.report, collectors.enabled, collectors.schema):
        with pytest.raises(UnknownCollector, match="there is no collector 'nobody'"):
            ask("nobody")
    local = tracker.collectors.schema("hiringcafe")
    assert decode(encode(collectors.schema("hiringcafe"))) == decode(encode(local))


def test_what_an_operator_looks_after(facade: Facade) -> None:
    made = facade.tokens.create("crawler", ["ingest"], collector="hiringcafe")
    assert made.text.startswith(f"jt_{made.token.key}_")
    assert facade.tokens.list()[0].id == made.token.id
    with pytest.raises(FormError) as wrong:
        facade.tokens.create("x", ["ingest"], expires_in=timedelta(days=9999))
    assert len(wrong.value.problems) == 1
    assert facade.tokens.revoke(made.token.id).revoked_at is not None
    with pytest.raises(NotFound):
        facade.tokens.revoke(made.token.id)
    assert made.token.id in {token.id for token in facade.tokens.list(with_revoked=True)}

    proxy = facade.proxies.add("http://user:secret@proxy.example:8080", label="one")
    assert (proxy.pool, proxy.has_credentials) == ("default", True)
    with pytest.raises(BadProxy, match="scheme") as bad:
        facade.proxies.add("gopher://x:1")
    assert bad.value.hint
    assert facade.proxies.list() == (proxy,)
    assert facade.proxies.remove(proxy.id) == proxy
    [pool] = facade.proxies.pools()
    assert facade.proxies.remove_pool("default") == pool
    with pytest.raises(NotFound):
        facade.proxies.list(pool="default")
    [site] = facade.sites.list()
    assert facade.sites.set_limit(site.site, 3).limit == 3
    with pytest.raises(FormError):
        facade.sites.set_limit(site.site, 0)
    assert facade.sites.follow_plugins(site.site) == facade.sites.get(site.site)
    with pytest.raises(NotFound, match="there is no site 'x'"):
        facade.sites.get("x")
    assert facade.workers.list() == ()
    document = facade.configuration.export()
    report = facade.configuration.load(document, dry_run=True)
    assert report.dry_run
    assert facade.audit.list(action="site.limit").items[0].target == f"site:{site.site}"

    posting = {"source_id": "1", "url": LINK, "title": "Engineer"}
    batch = IngestBatch(collector="board", key="k", batch=1, postings=[posting, {}])
    stored = facade.ingest.put(batch)
    assert (stored.found, stored.new, len(stored.rejected)) == (1, 1, 1)
    assert facade.ingest.put(batch) == stored
    over = facade.ingest.put(IngestBatch(collector="board", key="k", batch=2, done=True))
    assert over.state is RunState.SUCCEEDED
    with pytest.raises(RunOver) as late:
        facade.ingest.put(IngestBatch(collector="board", key="k", batch=3))
    assert late.value.hint


def test_what_is_read_is_equal_to_the_last_field(tracker: JobTracker, remote, fill) -> None:
    fill(450)
    tracker.applications.create(ApplicationDraft(job_id=3))
    tracker.applications.move(1, "applied")
    for number in range(3):
        tracker.searches.add(f"s{number}", "hiringcafe", {"text": "x"}, every_s=3600)
    tracker.searches.run(1)
    for read in (
        lambda facade: facade.jobs.search(limit=450, sort="posted"),
        lambda facade: facade.jobs.search(limit=401),
        lambda facade: facade.jobs.get(3),
        lambda facade: [*facade.jobs.export(with_text=True)],
        lambda facade: facade.companies.list(),
        lambda facade: facade.applications.get(1),
        lambda facade: facade.applications.list(),
        lambda facade: facade.timeline.list(),
        lambda facade: facade.searches.list(),
        lambda facade: facade.searches.report("s1"),
        lambda facade: facade.searches.preview("s1"),
        lambda facade: facade.runs.list(),
        lambda facade: facade.runs.report(1),
        lambda facade: facade.runs.look(1),
        lambda facade: facade.collectors.reports(),
        lambda facade: facade.sites.list(),
        lambda facade: facade.stats.front(since=datetime(2026, 1, 1, tzinfo=UTC)).jobs,
        lambda facade: facade.stats.performance(days=3, timezone="Europe/Berlin"),
        lambda facade: facade.audit.list(),
    ):
        assert read(remote) == read(tracker)


def test_no_proxy_is_tested_with_what_is_inside(remote) -> None:
    remote.proxies.add("http://proxy.example:8080")
    for words in ({"url": "http://169.254.169.254/x"}, {"url": "http://[::1"}):
        with pytest.raises(FormError) as wrong:
            remote.proxies.test(**words)
        assert set(wrong.value.problems) == {"url"}
    with pytest.raises(FormError):
        remote.proxies.test()
    with pytest.raises(UnknownCollector):
        remote.proxies.test(collector="nobody")


def test_threads_share_a_client_and_its_connections(remote, fill) -> None:
    fill(3)
    with ThreadPoolExecutor(8) as threads:
        read = [*threads.map(lambda number: remote.jobs.get(number % 3 + 1).job.id, range(60))]
    assert read == [number % 3 + 1 for number in range(60)]
    assert 0 < len(remote._session._wire._kept) <= 8


def test_a_connection_that_the_server_has_closed_is_not_used(tracker: JobTracker) -> None:
    token = token_for(tracker)
    with serving(tracker) as url:
        remote = connect(url, token=token)
        assert remote.stats.front().jobs == 0
    with pytest.raises(Unreached, match="no connection"):
        remote.applications.delete(1)  # never sent: nobody need look whether it was done
    remote.close()


def test_whoever_sends_a_token_may_ask_what_it_is(server, tracker: JobTracker) -> None:
    for scope in Scope:
        made = tracker.tokens.create(scope.value, [scope])
        with connect(server, token=made.text) as remote:
            said = remote.whoami()
        assert (said.token.id, said.version) == (made.token.id, __version__)


def test_maintenance(facade: Facade, fill) -> None:
    fill(3)
    found = facade.maintenance.stats()
    assert {table.name: table.rows for table in found.tables}["jobs"] == 3
    trial = facade.maintenance.prune(dry_run=True, jobs_closed_before_days=1)
    assert (trial.finished, trial.counts) == (True, {})
    assert facade.maintenance.prune(seconds=20).finished
    with pytest.raises(FormError) as wrong:
        facade.maintenance.prune(jobs_closed_before_days=0)
    assert set(wrong.value.problems) == {"jobs_closed_before_days"}
    (row,) = facade.audit.list(action="database").items
    assert row.action == "database.prune"
