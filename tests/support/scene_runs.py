"""Thirty days of runs of the scene: every state, with attempts and events, and jobs they found."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct, to_builtins

from jobtracker_core.contract.run import Counts
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.storage import events, queue, workers
from jobtracker_core.storage.attempts import Outcome
from jobtracker_core.storage.claims import COUNTERS
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.queue_tables import collector_run_attempts as attempts
from jobtracker_core.storage.searches import Search
from jobtracker_core.storage.tables import collector_runs, collectors
from jobtracker_core.storage.upsert import write_page
from scene_jobs import DAYS, Found, changed

WORKER = "atlas:4101:8f2c"
_EVERY = timedelta(hours=12)
_PLUGINS = {name: f"jobtracker-{name}" for name in ("hiringcafe", "indeed", "linkedin")}

# What went wrong at some of the runs, counted from the present: (state, class, message).
_TROUBLE: Mapping[str, Mapping[int, tuple[str, str | None, str | None]]] = {
    "hiringcafe": {
        9: ("failed", "blocked", "hiringcafe.com answered 403 with a browser challenge"),
        10: ("failed", "blocked", "hiringcafe.com answered 403 with a browser challenge"),
        31: ("partial", "page_limit", "it stopped at the limit of 20 pages"),
    },
    "indeed": {
        3: ("suspect", "empty", "nothing was found where 41 postings are usual"),
        22: ("failed", "http_5xx", "apis.indeed.com answered 503 three times"),
        40: ("cancelled", "cancelled", None),
    },
    "linkedin": {
        1: ("failed", "http_429", "www.linkedin.com answered 429; it asks to wait for 15 minutes"),
        2: (
            "partial",
            "http_429",
            "www.linkedin.com answered 429; the rest waits for the next run",
        ),
        17: ("failed", "parse", "no title in 12 of 12 items of page 1"),
        18: ("missed", None, None),
        33: ("partial", "http_429", "www.linkedin.com answered 429"),
    },
}


class History(Struct, frozen=True, kw_only=True):
    """Numbers of some of the runs."""

    succeeded: int
    failed: int
    pending: int
    running: int


def write(
    db: Database, searches: Mapping[str, Search], found: Iterable[Found], *, now: datetime
) -> History:
    """Write the runs of one search for each site, and the jobs that they found."""
    waiting = {site: [each for each in found if each.site == site] for site in searches}
    chance = random.Random(7)
    last: dict[str, int] = {}
    for step in range(DAYS * 2 - 1, -1, -1):
        for place, (site, search) in enumerate(searches.items()):
            at = now - step * _EVERY - timedelta(minutes=3 + 2 * place)
            ready = [each for each in waiting[site] if each.at <= at or step == 0]
            trouble = _TROUBLE[site].get(step)
            number = _ended(db, search, at, trouble, chance, ready)
            if trouble is None:
                last["succeeded"] = number
                waiting[site] = [each for each in waiting[site] if each not in ready]
            elif trouble[0] == "failed":
                last["failed"] = number
    _see_again(db, found, last["succeeded"], now=now)
    return History(
        **last,
        pending=_waits(db, searches["linkedin"]),
        running=_runs(db, searches["hiringcafe"], now),
    )


def _ended(
    db: Database,
    search: Search,
    at: datetime,
    trouble: tuple[str, str | None, str | None] | None,
    chance: random.Random,
    ready: list[Found],
) -> int:
    state, error_class, message = trouble or ("succeeded", None, None)
    missed, good = state == "missed", state in {"succeeded", "partial"}
    seconds = chance.randrange(50, 170) if good else chance.randrange(5, 40)
    finished = at + timedelta(seconds=seconds)
    seen = chance.randrange(34, 52) if good else 0
    new = len(ready) if trouble is None else 0
    counts = Counts(
        pages=max(seen // 10, 1),
        seen=max(seen, new),
        new=new,
        changed=chance.randrange(3) if good else 0,
        unchanged=max(seen - new, 0),
        details=new,
        http_requests=max(seen // 10, 1) + new,
        bytes_in=24_000 * max(seen // 10, 1) + 9_000 * new,
    )
    number = _insert(
        db,
        search,
        at,
        state=state,
        finished_at=finished,
        started_at=None if missed else at,
        attempt=0 if missed else 1,
        error_class=error_class,
        error_message=message,
        end_confirmed=state == "succeeded",
        fill={"title": counts.seen, "company": counts.seen, "pay": counts.seen // 2}
        if state == "succeeded"
        else None,
        **({} if missed else _counters(counts)),
    )
    with db.write() as conn:
        if trouble is None and ready:
            records = [normalise(each.posting) for each in ready]
            for kind in ("list", "detail"):
                write_page(
                    conn, source=search.collector, kind=kind, records=records, run_id=number, now=at
                )
        if missed:
            events.note(conn, number, "missed", {"window_end": at}, at=at, level="warning")
            return number
        _attempt(conn, number, at, finished, state, error_class, message, counts)
        _tell(conn, number, at, finished, state, error_class, message)
    return number


def _see_again(db: Database, found: Iterable[Found], run_id: int, *, now: datetime) -> None:
    """Have the sites show what is open once more, and some of it changed."""
    for site in _PLUGINS:
        mine = [each.posting for each in found if each.site == site and not each.posting.closed]
        later = [
            changed(posting) if place % 5 == 0 else posting for place, posting in enumerate(mine)
        ]
        with db.write() as conn:
            records = [normalise(posting) for posting in later]
            write_page(conn, source=site, kind="list", records=records, run_id=run_id, now=now)


def _waits(db: Database, search: Search) -> int:
    wanted = queue.Wanted(
        collector=search.collector,
        trigger="manual",
        query=search.query,
        query_hash=search.query_hash,
        site=search.site,
        search_id=search.id,
        requested_by="ada",
    )
    return queue.enqueue(db, wanted).run_id


def _runs(db: Database, search: Search, now: datetime) -> int:
    """Have a run go on, of a worker that lives, for as long as somebody may look at it."""
    workers.register(db, WORKER, host="atlas", pid=4101, version="0.7.0", slots=4)
    workers.register(db, "borealis:977:11aa", host="borealis", pid=977, version="0.7.0", slots=2)
    workers.gone(db, "borealis:977:11aa")
    began = now - timedelta(seconds=48)
    counts = Counts(
        pages=3, seen=28, new=4, unchanged=24, details=4, http_requests=7, bytes_in=108_000
    )
    number = _insert(
        db,
        search,
        began,
        state="running",
        slot=1,
        attempt=1,
        started_at=began,
        heartbeat_at=now,
        lease_expires_at=now + timedelta(hours=6),
        cursor="3",
        cursor_at=now,
        **_counters(counts),
    )
    with db.write() as conn:
        conn.execute(
            sa.insert(attempts),
            {
                "run_id": number,
                "fence": 1,
                "attempt": 1,
                "worker_id": WORKER,
                "started_at": began,
            },
        )
        events.note(conn, number, "started", _introduction(search.collector), at=began)
        told = {"host": search.site, "waits_s": 12, "cause": "429"}
        at = began + timedelta(seconds=20)
        events.note(conn, number, "site_asks_to_wait", told, at=at, level="warning")
    return number


def _insert(db: Database, search: Search, at: datetime, **values: Any) -> int:
    with db.write() as conn:
        row = {
            "collector_id": sa.select(collectors.c.id)
            .where(collectors.c.name == search.collector)
            .scalar_subquery(),
            "search_id": search.id,
            "trigger": "schedule",
            "scheduled_for": at,
            "tick_at": at,
            "claimed_at": values.get("started_at"),
            "fence": values["attempt"],
            "worker_id": WORKER if values["attempt"] else None,
            "concurrency_key": search.site,
            "query": search.query,
            "query_hash": search.query_hash,
            "plugin_name": _PLUGINS[search.collector],
            "plugin_version": "0.1.0",
            "created_at": at,
            **values,
        }
        statement = sa.insert(collector_runs).values(row).returning(collector_runs.c.id)
        number: int = conn.execute(statement).scalar_one()
        return number


def _attempt(
    conn: sa.Connection,
    number: int,
    at: datetime,
    finished: datetime,
    outcome: Outcome | str,
    error_class: str | None,
    message: str | None,
    counts: Counts,
) -> None:
    row = {"run_id": number, "fence": 1, "attempt": 1, "worker_id": WORKER, "started_at": at}
    row |= {"ended_at": finished, "outcome": outcome, "counts": to_builtins(counts)}
    row |= {"error_class": error_class, "error_message": message}
    conn.execute(sa.insert(attempts), row | {"peak_rss_mb": 92 + number % 30, "cpu_s": 1.4})


def _tell(
    conn: sa.Connection,
    number: int,
    at: datetime,
    finished: datetime,
    state: str,
    error_class: str | None,
    message: str | None,
) -> None:
    events.note(conn, number, "started", _introduction("plugin"), at=at)
    if error_class == "http_429":
        told = {"waits_s": 900, "cause": "429"}
        events.note(conn, number, "site_asks_to_wait", told, at=finished, level="warning")
    ended = {"state": state, "error_class": error_class, "message": message}
    events.note(
        conn,
        number,
        "ended",
        {name: value for name, value in ended.items() if value is not None},
        at=finished,
        level="warning" if state in {"failed", "suspect"} else "info",
    )


def _introduction(collector: str) -> dict[str, object]:
    told = {"attempt": 1, "worker": WORKER, "version": "0.1.0", "goes_on": False}
    return {**told, "plugin": _PLUGINS.get(collector, f"jobtracker-{collector}")}


def _counters(counts: Counts) -> dict[str, int]:
    return {column: getattr(counts, name) for name, column in COUNTERS.items()}
