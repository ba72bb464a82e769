"""What a person made of the scene's jobs: applications in all stages, events, people, notes."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.storage.applications import ApplicationChanges, ApplicationDraft, Status
from jobtracker_core.storage.companies import CompanyDraft
from jobtracker_core.storage.contacts import ContactDraft
from jobtracker_core.storage.timeline import EventDraft
from jobtracker_core.storage.tracking_tables import applications, events
from jobtracker_core.storage.views import ViewDraft
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.job_forms import JobDraft

ZONE = "Europe/Berlin"

# The way of each application: its moves, each so many days ago; then what is to be done, and when.
_WAYS: tuple[tuple[tuple[tuple[Status, float], ...], str | None, int | None], ...] = (
    ((("draft", 1),), "Write the letter", 1),
    ((("draft", 3),), "Ask Mira for a reference", -1),
    ((("draft", 0.2),), None, None),
    ((("draft", 6), ("applied", 5)), "Ask how it stands", 2),
    ((("draft", 9), ("applied", 8)), "Ask how it stands", -2),
    ((("applied", 3),), None, None),
    ((("applied", 12),), "Follow up by mail", 0),
    ((("draft", 2), ("applied", 0.4)), None, None),
    ((("draft", 21), ("applied", 20), ("interviewing", 6)), "Prepare the system design", 0),
    ((("applied", 18), ("interviewing", 4)), "Send the exercise", 1),
    ((("draft", 26), ("applied", 25), ("interviewing", 11)), "Thank Jonas", None),
    ((("applied", 28), ("interviewing", 17), ("offer", 2)), "Answer the offer", 3),
    ((("applied", 40), ("interviewing", 30), ("offer", 12), ("accepted", 9)), None, None),
    ((("applied", 27), ("rejected", 13)), None, None),
    ((("applied", 24), ("interviewing", 15), ("rejected", 7)), None, None),
    ((("applied", 16), ("rejected", 1)), None, None),
    ((("draft", 19), ("applied", 18), ("withdrawn", 5)), None, None),
)
_PEOPLE = (
    ("Mira Halvorsen", "Recruiter", "mira.halvorsen@people.example", "+49 30 5550 101"),
    ("Jonas Okonjo", "Engineering manager", "jonas.okonjo@people.example", None),
    ("Tereza Lindqvist", "Staff engineer", None, None),
    ("Emeka Varga", "Talent partner", "emeka.varga@people.example", "+31 20 5550 144"),
)


class Tracked(Struct, frozen=True, kw_only=True):
    """Numbers of what was made."""

    applications: tuple[int, ...]
    interviewing: int
    offer: int
    contact: int
    event: int
    by_hand: int
    dismissed: int


def write(tracker: JobTracker, *, now: datetime) -> Tracked:
    """Make it all through the facade, then date it back."""
    listed = [job.id for job in tracker.jobs.search(limit=100, closed=False).items]
    made = tuple(
        _apply(tracker, listed[3 + 4 * place], way, now=now) for place, way in enumerate(_WAYS)
    )
    interviewing, offer = made[8], made[11]
    event = _plan(tracker, made, now=now)
    contact = _meet(tracker, made)
    by_hand = _enter(tracker)
    dismissed = listed[1::8]
    for number in dismissed:
        tracker.dismissals.dismiss(number, reason="too far away" if number % 2 else None)
    kept = [number for number in listed if number not in dismissed]
    tracker.jobs.tag_all(kept[4:12], ["remote first"])
    tracker.jobs.tag_all(kept[8:16:2], ["ask Mira", "Kubernetes"])
    tracker.jobs.write_note(kept[0], "Three people I know work there.\nAsk before Friday.")
    tracker.jobs.write_note(kept[5], "Pays well, but the office is far out.")
    tracker.tags.add("application", interviewing, ["first choice"])
    tracker.tags.add("application", offer, ["first choice", "relocation"])
    _save_views(tracker)
    return Tracked(
        applications=made,
        interviewing=interviewing,
        offer=offer,
        contact=contact,
        event=event,
        by_hand=by_hand,
        dismissed=dismissed[0],
    )


def _apply(
    tracker: JobTracker,
    job_id: int,
    way: tuple[tuple[tuple[Status, float], ...], str | None, int | None],
    *,
    now: datetime,
) -> int:
    moves, action, due = way
    draft = ApplicationDraft(
        job_id=job_id,
        status=moves[0][0],
        next_action=action,
        next_action_on=None if due is None else _today(now) + timedelta(days=due),
        found_through="A friend" if job_id % 5 == 0 else None,
        pay_wish="90,000 EUR" if len(moves) > 1 else None,
        notes="They use what I know. The team sounds calm." if job_id % 2 else None,
    )
    number = tracker.applications.create(draft).id
    for status, _ in moves[1:]:
        tracker.applications.move(number, status)
    sent = [now - timedelta(days=days) for status, days in moves if status == "applied"]
    if sent:
        tracker.applications.update(number, ApplicationChanges(applied_at=sent[0]))
    _date_back(tracker, number, [now - timedelta(days=days) for _, days in moves])
    return number


def _date_back(tracker: JobTracker, number: int, moments: list[datetime]) -> None:
    with tracker.database.write() as conn:
        mine = sa.select(events.c.id).where(
            events.c.application_id == number, events.c.kind == "status"
        )
        moves = conn.execute(mine.order_by(events.c.id)).scalars().all()
        for move, at in zip(moves, moments, strict=True):
            conn.execute(
                sa.update(events)
                .where(events.c.id == move)
                .values(starts_at=at, created_at=at, updated_at=at)
            )
        conn.execute(
            sa.update(applications)
            .where(applications.c.id == number)
            .values(created_at=moments[0], moved_at=moments[-1])
        )


def _plan(tracker: JobTracker, made: tuple[int, ...], *, now: datetime) -> int:
    """Enter events of today, of this week and of this month; return the number of one of today."""
    interview = _event(
        tracker,
        now,
        "interview",
        made[8],
        0,
        17,
        title="Interview with the platform team",
        place="https://meet.example/platform",
        text="Bring questions on the on-call rota.",
    )
    _event(tracker, now, "call", made[3], 0, 19, title="Call with Mira", minutes=20)
    _event(tracker, now, "interview", made[9], 1, 10, place="Torstraße 1, Berlin")
    _event(tracker, now, "follow_up", made[6], 2, 9, title="Write to Jonas again")
    _event(tracker, now, "interview", made[10], 4, 14, title="Second interview")
    _event(tracker, now, "offer", made[11], 6, 12, title="Talk about the offer")
    _event(tracker, now, "interview", made[8], 11, 11, title="Meet the director", minutes=30)
    _event(tracker, now, "interview", made[8], -6, 15, title="First interview", done=True)
    _event(tracker, now, "call", made[11], -4, 16, title="Call on pay", done=True)
    for days, kind in ((-9, "call"), (-13, "interview"), (-16, "follow_up"), (-24, "call")):
        _event(tracker, now, kind, made[12 + days % 4], days, 11, done=True)
    _event(tracker, now, "note", made[8], -5, 18, text="They liked the part on back-pressure.")
    _event(tracker, now, "other", None, 8, 18, title="Meetup on databases", place="Kreuzberg")
    for application, days, title in ((made[0], 5, None), (made[11], 9, "Offer expires")):
        _event(tracker, now, "deadline", application, days, 0, title=title, all_day=True)
    return interview


def _event(
    tracker: JobTracker,
    now: datetime,
    kind: Any,
    application_id: int | None,
    days: int,
    hour: int,
    *,
    minutes: int = 60,
    **values: Any,
) -> int:
    day = _today(now) + timedelta(days=days)
    starts = datetime.combine(day, time(hour), tzinfo=ZoneInfo(ZONE))
    whole = values.get("all_day", False)
    draft = EventDraft(
        kind=kind,
        application_id=application_id,
        starts_at=starts,
        ends_at=None if whole or kind == "note" else starts + timedelta(minutes=minutes),
        timezone=ZONE,
        reminder_min=None if whole or kind == "note" else 30,
        **values,
    )
    return tracker.timeline.create(draft).id


def _meet(tracker: JobTracker, made: tuple[int, ...]) -> int:
    numbers = []
    for place, (name, role, email, phone) in enumerate(_PEOPLE):
        draft = ContactDraft(
            application_id=made[(8, 8, 9, 11)[place]],
            name=name,
            role=role,
            email=email,
            phone=phone,
            notes="Answers within the day." if place == 0 else None,
        )
        numbers.append(tracker.contacts.create(draft).id)
    company = tracker.applications.get(made[11]).application.company_id
    tracker.contacts.create(
        ContactDraft(company_id=company, name="Front desk", phone="+49 40 5550 120")
    )
    return numbers[0]


def _enter(tracker: JobTracker) -> int:
    """Enter a job, an application and a company by hand."""
    job = tracker.jobs.create(
        JobDraft(
            title="Head of Reliability",
            url="https://saltmarsh.example/careers/reliability",
            company="Saltmarsh Energy",
            place="Amsterdam, Netherlands",
            pay_text="110,000 to 130,000 EUR a year",
            description="<p>Heard of it at the meetup.</p>",
        )
    )
    tracker.applications.create(
        ApplicationDraft(title="Freelance review", company="Halfmoon Games", found_through="Emeka")
    )
    tracker.companies.create(
        CompanyDraft(name="Tidewater Labs", homepage="https://tidewater.example/", size="11 to 50")
    )
    return job.job.id


def _save_views(tracker: JobTracker) -> None:
    views: tuple[tuple[str, Any, dict[str, Any]], ...] = (
        ("Remote, well paid", "jobs", {"remote": "remote", "pay_from": 80_000, "sort": "pay"}),
        ("Berlin", "jobs", {"place": "Berlin"}),
        ("Python, new", "jobs", {"text": "python", "has_application": False}),
        ("Interviewing", "applications", {"status": "interviewing"}),
    )
    for name, kind, query in views:
        tracker.views.create(ViewDraft(name=name, kind=kind, query=query))


def _today(now: datetime) -> Any:
    return now.astimezone(ZoneInfo(ZONE)).date()


assert {status for moves, _, _ in _WAYS for status, _ in moves} == set(get_args(Status))
