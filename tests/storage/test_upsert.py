"""Writing pages: what is new, changed, unchanged; and what stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from jobtracker_core.contract.host import PayRecord, Record
from jobtracker_core.contract.posting import (
    CompanyFacts,
    Employment,
    PayInterval,
    PayKind,
    Place,
    Precision,
    Remote,
    Seniority,
)
from jobtracker_core.storage import jobs, search, sightings, upsert
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.tables import companies
from jobtracker_core.storage.tables import jobs as jobs_table

Write = Callable[..., upsert.Written]
Make = Callable[..., Record]

FULL: dict[str, Any] = {
    "company": "Acme GmbH",
    "company_key": "acme",
    "company_facts": CompanyFacts(homepage="https://acme.example", founded=1949),
    "places": (
        Place(text="Köln, DE", city="Köln", country="DE", latitude=50.94, longitude=6.96),
        Place(text="Remote"),
    ),
    "remote": Remote.HYBRID,
    "employment": (Employment.FULL_TIME, Employment.CONTRACT),
    "seniority": Seniority.SENIOR,
    "skills": ("Python", "SQL"),
    "language": "de",
    "pay": PayRecord(
        text="60–70k",
        min=60000,
        max=70000.5,
        currency="EUR",
        interval=PayInterval.YEAR,
        kind=PayKind.PARSED,
        year_min=60000,
        year_max=70000.5,
        year_factor=1,
    ),
    "posted_at": datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC),
    "posted_precision": Precision.DAY,
    "apply_url": "https://acme.example/apply",
    "description": "<p>Text</p>",
    "raw": '{"id": 1}',
}


def _counts(written: upsert.Written) -> tuple[int, int, int, int]:
    return len(written.new), len(written.changed), written.unchanged, written.completed


def _one(db: Database, source_id: str = "1") -> jobs.JobDetail:
    return jobs.get_by_key(db, "site", source_id)


def _row(db: Database, source_id: str = "1") -> dict[str, Any]:
    with db.read() as conn:
        found = conn.execute(sa.select(jobs_table).where(jobs_table.c.source_id == source_id))
        return dict(found.mappings().one())


def test_all_fields_are_stored(db: Database, write: Write, make_record: Make) -> None:
    record = make_record(**FULL)
    written = write(record, run_id=7)
    detail = _one(db)
    job = detail.job
    assert _counts(written) == (1, 0, 0, 0)
    assert msgspec.structs.asdict(written.new[0]) == {
        "id": job.id,
        "source": "site",
        "source_id": "1",
        "title": "Engineer",
        "company": "Acme GmbH",
        "url": "https://example.org/1",
    }
    simple = set(FULL) & set(job.__struct_fields__) - {"places"}
    assert {name: getattr(job, name) for name in simple} == {name: FULL[name] for name in simple}
    assert job.places == FULL["places"]
    assert (job.place, job.city, job.country, job.latitude) == ("Köln, DE", "Köln", "DE", 50.94)
    pay = FULL["pay"]
    for name in pay.__struct_fields__:
        assert getattr(job, f"pay_{name}") == getattr(pay, name)
    assert (detail.description, detail.raw) == ("<p>Text</p>", '{"id": 1}')
    assert detail.company is not None
    assert (detail.company.name, detail.company.founded) == ("Acme GmbH", 1949)
    assert (job.first_run_id, detail.last_run_id, detail.times_seen) == (7, 7, 1)
    assert job.first_seen_at == job.changed_at == detail.last_seen_at
    assert (job.closed_at, job.details_at, job.details_due) == (None, None, False)
    assert detail.changes == ()


def test_an_empty_page_is_nothing(write: Write) -> None:
    assert _counts(write()) == (0, 0, 0, 0)


def test_a_page_of_all_kinds(db: Database, write: Write, make_record: Make) -> None:
    write(make_record("same"), make_record("other", title="Old"), run_id=1)
    written = write(
        make_record("fresh"), make_record("same"), make_record("other", title="New"), run_id=2
    )
    assert _counts(written) == (1, 1, 1, 0)
    assert [ref.source_id for ref in written.new] == ["fresh"]
    assert [_one(db, key).times_seen for key in ("same", "other", "fresh")] == [2, 2, 1]
    assert [_one(db, key).last_run_id for key in ("same", "other", "fresh")] == [2, 2, 2]
    change = _one(db, "other").changes[0]
    assert (change.run_id, change.kind, change.changes) == (2, "list", {"title": ("Old", "New")})
    assert _one(db, "other").job.changed_at == change.at > _one(db, "same").job.changed_at


def test_jobs_are_numbered_in_the_pages_order(
    db: Database, write: Write, make_record: Make
) -> None:
    order = ["m", "z", "a", "k"]
    written = write(*(make_record(key) for key in order))
    assert [ref.source_id for ref in written.new] == order
    assert [ref.id for ref in written.new] == sorted(ref.id for ref in written.new)
    write(make_record("b"))
    stored = [job.source_id for job in search.list_jobs(db).items]
    assert stored == ["b", "k", "a", "z", "m"]


def test_of_a_repeat_within_a_page_the_last_one_holds(
    db: Database, write: Write, make_record: Make
) -> None:
    page = [make_record("1", title="First"), make_record("2"), make_record("1", title="Last")]
    assert _counts(write(*page)) == (2, 0, 0, 0)
    assert _one(db).job.title == "Last"
    assert _counts(write(*page)) == (0, 0, 2, 0)
    assert _one(db).times_seen == 2


def test_one_source_id_in_two_sources_is_two_jobs(
    db: Database, write: Write, make_record: Make
) -> None:
    write(make_record(), source="site")
    assert _counts(write(make_record(), source="other")) == (1, 0, 0, 0)
    assert search.count_jobs(db) == 2


def test_an_unchanged_posting_touches_its_sighting_only(
    db: Database, write: Write, make_record: Make
) -> None:
    write(make_record(**FULL), run_id=1)
    before, seen = _row(db), _one(db).last_seen_at
    touched = []

    def watch(*args: Any) -> None:
        if args[2].lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            touched.append(args[2].split()[1])

    sa.event.listen(db._writer, "before_cursor_execute", watch)
    assert _counts(write(make_record(**FULL), run_id=2)) == (0, 0, 1, 0)
    assert touched == ["job_sightings"]
    assert _row(db) == before
    again = _one(db).last_seen_at
    assert seen is not None
    assert again is not None
    assert again > seen


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_sightings_are_touched_in_the_order_of_their_numbers(
    db: Database, write: Write, make_record: Make
) -> None:
    """A table as small as this one is read as a whole else, in any order: writers could deadlock."""
    write(make_record("a"), make_record("b"))
    plans: list[str] = []

    def explain(
        conn: sa.Connection, _cursor: object, statement: str, given: Any, *_: object
    ) -> None:
        if statement.startswith("UPDATE job_sightings"):
            found = conn.exec_driver_sql(f"EXPLAIN {statement}", given)
            plans.append("\n".join(found.scalars()))

    with db.trial() as conn:
        sa.event.listen(conn, "before_cursor_execute", explain)
        sightings.see_again(conn, [1, 2], at=db.now(conn), run_id=None, again=True)
        settings = ("enable_seqscan", "enable_bitmapscan")
        left = [conn.exec_driver_sql(f"SHOW {name}").scalar_one() for name in settings]
    assert len(plans) == 1
    assert "->  Index Scan using pk_job_sightings" in plans[0]
    assert left == ["on", "on"]


def test_the_raw_item_alone_is_no_change(db: Database, write: Write, make_record: Make) -> None:
    first = make_record(raw="1")
    write(first)
    assert _counts(write(make_record(raw="2"))) == (0, 0, 1, 0)
    # Another hash over the same facts: only the hash is kept.
    other = msgspec.structs.replace(first, raw="3", content_hash=b"x" * 16)
    assert _counts(write(other)) == (0, 0, 1, 0)
    assert _one(db).raw == "1"
    assert _one(db).changes == ()
    assert _row(db)["list_hash"] == b"x" * 16
    assert _counts(write(make_record(title="New", raw="4"))) == (0, 1, 0, 0)
    assert _one(db).raw == "4"
    assert set(_one(db).changes[0].changes) == {"title"}


def test_none_never_erases(db: Database, write: Write, make_record: Make) -> None:
    write(make_record(**FULL))
    before = _one(db)
    assert _counts(write(make_record())) == (0, 0, 1, 0)
    after = _one(db)
    assert (after.job, after.description, after.raw) == (
        before.job,
        before.description,
        before.raw,
    )


def test_an_empty_tuple_erases(db: Database, write: Write, make_record: Make) -> None:
    write(make_record(**FULL))
    assert _counts(write(make_record(places=(), skills=(), employment=()))) == (0, 1, 0, 0)
    job = _one(db).job
    assert (job.places, job.skills, job.employment) == ((), (), ())
    assert (job.place, job.city, job.latitude) == (None, None, None)


def test_pay_and_places_are_units(db: Database, write: Write, make_record: Make) -> None:
    write(make_record(**FULL))
    write(make_record(pay=PayRecord(max=5), places=(Place(city="Bonn"),)))
    job = _one(db).job
    assert (job.pay_text, job.pay_min, job.pay_max, job.pay_currency) == (None, None, 5, None)
    assert (job.place, job.city, job.country, job.latitude) == ("Bonn", "Bonn", None, None)
    changes = _one(db).changes[0].changes
    assert set(changes) == {"pay", "places"}
    assert changes["pay"][0]["min"] == 60000
    assert changes["pay"][1]["min"] is None


def test_a_new_description_is_a_change(db: Database, write: Write, make_record: Make) -> None:
    write(make_record(description="old", raw="r"))
    assert _counts(write(make_record(description="new"))) == (0, 1, 0, 0)
    assert _one(db).changes[0].changes == {"description": ("old", "new")}
    assert (_one(db).description, _one(db).raw) == ("new", "r")


def test_a_field_that_appears_on_a_list_is_a_change(
    db: Database, write: Write, make_record: Make
) -> None:
    write(make_record())
    posted = FULL["posted_at"]
    assert _counts(write(make_record(posted_at=posted))) == (0, 1, 0, 0)
    assert _one(db).changes[0].changes == {"posted_at": (None, posted.isoformat())}


def test_first_details_complete(db: Database, write: Write, make_record: Make) -> None:
    write(make_record(company="Acme"))
    arrived = _one(db).job.changed_at
    details = make_record(title="Other", url="https://elsewhere", company="Acme", language="de")
    assert _counts(write(details, kind="detail")) == (0, 0, 0, 1)
    job = _one(db).job
    assert (job.title, job.url) == ("Engineer", "https://example.org/1")
    assert (job.language, job.changed_at) == ("de", arrived)
    assert job.details_at is not None
    assert _one(db).changes == ()
    assert _row(db)["detail_fields"] == ["company", "language"]


def test_first_details_that_contradict_are_a_change(
    db: Database, write: Write, make_record: Make
) -> None:
    write(make_record(language="en"))
    details = make_record(language="de", seniority=Seniority.LEAD)
    assert _counts(write(details, kind="detail")) == (0, 1, 0, 0)
    assert _one(db).changes[0].changes == {"language": ("en", "de")}
    assert _one(db).job.seniority is Seniority.LEAD


def test_details_of_an_unknown_posting_make_a_job(
    db: Database, write: Write, make_record: Make
) -> None:
    assert _counts(write(make_record(language="de"), kind="detail")) == (1, 0, 0, 0)
    assert _one(db).job.details_at is not None
    assert _counts(write(make_record(language="en", title="Listed"))) == (0, 1, 0, 0)
    assert (_one(db).job.language, _one(db).job.title) == ("de", "Listed")


def test_the_same_details_again(db: Database, write: Write, make_record: Make) -> None:
    details = make_record(language="de")
    write(make_record(title="Listed"))
    write(details, kind="detail", run_id=1)
    first = _one(db)
    write(make_record(title="Changed"))
    assert _one(db).job.details_due is True
    assert _counts(write(details, kind="detail", run_id=2)) == (0, 0, 1, 0)
    again = _one(db)
    assert again.job.details_due is False
    assert first.job.details_at is not None
    assert again.job.details_at is not None
    assert again.job.details_at > first.job.details_at
    assert (again.last_run_id, again.times_seen) == (2, 2)
    assert again.job.title == "Changed"


def test_other_details_are_a_change(db: Database, write: Write, make_record: Make) -> None:
    write(make_record())
    write(make_record(language="de", skills=("A",)), kind="detail")
    assert _counts(write(make_record(language="en"), kind="detail")) == (0, 1, 0, 0)
    assert _one(db).changes[0].changes == {"language": ("de", "en")}
    assert _row(db)["detail_fields"] == ["language", "skills"]


def test_a_list_after_details(db: Database, write: Write, make_record: Make) -> None:
    listed = make_record(language="en", company="Acme")
    write(listed)
    write(make_record(language="de", description="long"), kind="detail")
    before = _row(db)
    assert _counts(write(listed)) == (0, 0, 1, 0)
    assert _row(db) == before

    # Its own facts it may still change; those of the detail page it only casts doubt on.
    assert _counts(write(make_record(language="fr", description="cut"))) == (0, 0, 1, 0)
    after = _one(db)
    assert (after.job.language, after.description) == ("de", "long")
    assert after.job.details_due is True
    assert _counts(write(make_record(language="fr", company="Bcme"))) == (0, 1, 0, 0)
    assert _one(db).job.company == "Bcme"


def test_closing_and_opening(db: Database, write: Write, make_record: Make) -> None:
    write(make_record())
    assert _counts(write(make_record(closed=True), kind="detail", run_id=5)) == (0, 1, 0, 0)
    closed = _one(db)
    assert closed.job.closed_at == closed.changes[0].at
    assert closed.changes[0].changes == {"closed": (False, True)}
    assert closed.last_run_id is None  # the page that says it is gone is no sight of it
    # The list goes on as before: that is no news.
    assert _counts(write(make_record())) == (0, 0, 1, 0)
    assert _one(db).job.closed_at is not None
    assert _counts(write(make_record(closed=False))) == (0, 1, 0, 0)
    assert _one(db).job.closed_at is None
    # The same detail page again is the latest word.
    assert _counts(write(make_record(closed=True), kind="detail")) == (0, 1, 0, 0)
    assert _one(db).job.closed_at is not None


def test_closed_from_the_first(db: Database, write: Write, make_record: Make) -> None:
    write(make_record(closed=True))
    assert _one(db).job.closed_at == _one(db).job.first_seen_at


def test_companies_are_shared_and_only_filled(
    db: Database, write: Write, make_record: Make
) -> None:
    write(
        make_record("1", company="Acme", company_key="acme"),
        make_record(
            "2",
            company="ACME Inc.",
            company_key="acme",
            company_facts=CompanyFacts(industry="Anvils", founded=1900),
        ),
        make_record("3", company="Other", company_key="other"),
        make_record("4", company="Nameless"),
    )
    facts = CompanyFacts(industry="Toys", size="11-50")
    write(make_record("5", company="acme", company_key="acme", company_facts=facts))
    found = _one(db, "1").company
    assert found is not None
    assert (found.name, found.industry, found.founded, found.size) == (
        "Acme",
        "Anvils",
        1900,
        "11-50",
    )
    assert found.updated_at > found.created_at
    ids = [_one(db, key).job.company_id for key in "12345"]
    assert ids[0] == ids[1] == ids[4] != ids[2]
    assert ids[3] is None
    assert _one(db, "2").job.company == "ACME Inc."
    with db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(companies)) == 2


def test_a_rolled_back_page_leaves_nothing(db: Database, make_record: Make) -> None:
    with pytest.raises(ZeroDivisionError), db.write() as conn:  # noqa: PT012
        upsert.write_page(
            conn,
            source="site",
            kind="list",
            records=[make_record(**FULL)],
            run_id=1,
            now=db.now(conn),
        )
        raise ZeroDivisionError
    assert search.count_jobs(db) == 0
    with db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(companies)) == 0


def test_large_pages(db: Database, write: Write, make_record: Make) -> None:
    page = [
        make_record(str(number), company=f"C{number}", company_key=f"c{number}")
        for number in range(3000)
    ]
    assert _counts(write(*page)) == (3000, 0, 0, 0)
    assert _counts(write(*page)) == (0, 0, 3000, 0)
    assert search.count_jobs(db) == 3000


@pytest.mark.parametrize(
    ("before", "after", "later", "changed"),
    [
        (Precision.ESTIMATED, Precision.ESTIMATED, 90 * 60, False),
        (Precision.ESTIMATED, Precision.ESTIMATED, 9 * 86_400, False),
        (Precision.DAY, Precision.DAY, 3_600, False),
        (Precision.DAY, Precision.DAY, 86_400, True),
        (Precision.EXACT, Precision.EXACT, 1, True),
        (Precision.ESTIMATED, Precision.EXACT, 60, True),
    ],
)
def test_a_date_changes_only_as_far_as_it_is_known(
    db: Database,
    write: Write,
    make_record: Make,
    before: Precision,
    after: Precision,
    later: int,
    changed: bool,
) -> None:
    at = datetime(2026, 11, 3, 8, tzinfo=UTC)
    write(make_record(posted_at=at, posted_precision=before, skills=("SQL",)))
    moved = at + timedelta(seconds=later)
    written = write(make_record(posted_at=moved, posted_precision=after))
    assert bool(written.changed) is changed
    assert [set(change.changes) for change in _one(db).changes] == [{"posted_at"}] * changed


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (Place(text="Köln (Cologne)", city="Köln", country="DE"), "Köln (Cologne)"),
        (Place(city="Tartu", country="EE"), "Tartu, EE"),
        (Place(region="Ontario"), "Ontario"),
        (Place(latitude=1.0, longitude=2.0), None),
    ],
)
def test_a_place_without_a_text_is_shown_by_its_parts(
    db: Database, write: Write, make_record: Make, place: Place, shown: str | None
) -> None:
    write(make_record(places=(place,)))
    assert _one(db).job.place == shown
