"""A rich installation, for tests of whole pages and for screenshots.

Three sites with thirty days of runs, some 240 jobs, applications in all stages, a calendar, tokens,
feeds. All names are invented; the same every time, but for dates, which are relative to the present.

`python -m scene DATABASE_URL` (with tests/support in the path) makes one, and prints a session.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

import scene_jobs
import scene_runs
import scene_tracking
from access import READER, cookie_for
from jobtracker_core import JobTracker, Settings
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage import schema
from jobtracker_core.storage.engine import open_database
from jobtracker_core.storage.searches import Search
from rows import set_collector

PLUGINS = ("hiringcafe", "indeed", "linkedin")
ZONE = scene_tracking.ZONE


class Scene(Struct, frozen=True, kw_only=True):
    """What a test may ask for: a session, and numbers of things that have much to show.

    Attributes:
        cookie: Of a reader's session; value of the cookie `jt`.
        job: Collected, applied for, with a history.
        by_hand: A job that was entered.
        dismissed: A job that was dismissed.
        run: One that succeeded and found jobs.
        feed: The secret of a calendar's address.
        search: The name of one with a cron schedule and many runs.
    """

    cookie: str
    job: int
    by_hand: int
    dismissed: int
    application: int
    offer: int
    company: int
    contact: int
    event: int
    run: int
    failed_run: int
    pending_run: int
    running_run: int
    search: str
    search_id: int
    collector: str
    token: int
    view: int
    feed: str


def build(tracker: JobTracker) -> Scene:
    """Fill an empty, migrated database whose collectors are installed; some seconds."""
    db = tracker.database
    now = db.present()
    cookie = cookie_for(tracker)
    cookie_for(tracker)
    searches = _operate(tracker)
    found = scene_jobs.found(now)
    main = {search.collector: search for search in list(searches.values())[: len(PLUGINS)]}
    history = scene_runs.write(db, main, found, now=now)
    for search in main.values():
        set_collector(db, search.collector, last_run_at=now - timedelta(minutes=3))
    made = scene_tracking.write(tracker, now=now)
    application = tracker.applications.get(made.interviewing).application
    assert application.company_id is not None
    token = tracker.tokens.create("phone shortcut", [Scope.JOBS_READ]).token
    old = tracker.tokens.create("old laptop", [Scope.ADMIN]).token
    tracker.tokens.create("scraper at work", [Scope.INGEST], collector="indeed")
    tracker.tokens.revoke(old.id)
    feed = tracker.calendar.create_feed("Phone")
    tracker.calendar.revoke_feed(tracker.calendar.create_feed("Old phone").feed.id)
    return Scene(
        cookie=cookie,
        job=_changed_job(tracker, made.applications),
        by_hand=made.by_hand,
        dismissed=made.dismissed,
        application=application.id,
        offer=made.offer,
        company=application.company_id,
        contact=made.contact,
        event=made.event,
        run=history.succeeded,
        failed_run=history.failed,
        pending_run=history.pending,
        running_run=history.running,
        search="Platform jobs in Berlin",
        search_id=searches["Platform jobs in Berlin"].id,
        collector="hiringcafe",
        token=token.id,
        view=tracker.views.list()[0].id,
        feed=feed.secret,
    )


def make(url: str, folder: Path) -> Scene:
    """Migrate an empty database, fill it, and let go of it."""
    db = open_database(url)
    schema.upgrade(db)
    db.close()
    settings = Settings(database_url=url, data_dir=folder, plugins=PLUGINS)
    with JobTracker(settings) as tracker:
        return build(tracker)


def _changed_job(tracker: JobTracker, applications: tuple[int, ...]) -> int:
    for number in applications:
        job_id = tracker.applications.get(number).application.job_id
        if job_id is not None and tracker.jobs.get(job_id).changes:
            return job_id
    raise LookupError("no job that is applied for has changed")


def _operate(tracker: JobTracker) -> dict[str, Search]:
    for name in PLUGINS:
        tracker.collectors.set_enabled(name, enabled=True)
    text = {"text": "platform engineer", "location": "Berlin, Germany"}
    made = [
        tracker.searches.add(
            "Platform jobs in Berlin",
            "hiringcafe",
            {**text, "distance_km": 50, "remote": ("hybrid", "onsite")},
            cron="0 7,19 * * *",
            timezone=ZONE,
            stagger_s=300,
            pages=20,
        ),
        tracker.searches.add(
            "Python, remote",
            "indeed",
            {"text": "python", "remote": ("remote",), "country": "DE"},
            every_s=43_200,
        ),
        tracker.searches.add(
            "Reliability in Europe",
            "linkedin",
            {"text": "site reliability engineer", "location": "European Union"},
            cron="30 6,18 * * *",
            timezone=ZONE,
        ),
        tracker.searches.add("Data, when I ask", "hiringcafe", {"text": "data engineer"}),
        tracker.searches.add("Berlin last year", "indeed", {"text": "berlin"}, every_s=86_400),
    ]
    for search in made[3:]:
        tracker.searches.pause(search.id)
    return {search.name: search for search in made}


if __name__ == "__main__":
    scene = make(sys.argv[1], Path())
    sys.stdout.write(f"{READER}: jt={scene.cookie}\n")
