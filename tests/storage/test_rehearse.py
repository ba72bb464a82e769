"""What pages would change, and that finding it out changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from jobtracker_core.contract.host import Batch, PayRecord, Record
from jobtracker_core.contract.posting import Employment, Remote
from jobtracker_core.storage import jobs, rehearse, upsert
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.tables import metadata

Write = Callable[..., upsert.Written]
Make = Callable[..., Record]
THEN = datetime(2026, 8, 1, 12, tzinfo=UTC)


def everything(db: Database) -> str:
    with db.read() as conn:
        return str(
            [
                sorted(map(repr, (tuple(row) for row in conn.execute(table.select()))))
                for table in metadata.sorted_tables
            ]
        )


def listed(*records: Record) -> Batch:
    return Batch(kind="list", records=records)


def detailed(*records: Record) -> Batch:
    return Batch(kind="detail", records=records)


def look(db: Database, *batches: Batch) -> rehearse.Rehearsal:
    before = everything(db)
    found = rehearse.rehearse(db, source="site", batches=batches, read_at=THEN)
    assert everything(db) == before
    return found


def fields(found: rehearse.Rehearsal) -> dict[str, tuple[str, Any, Any]]:
    (job,) = found.differing
    return {one.field: (one.kind, one.old, one.new) for one in job.fields}


def test_new_postings_are_told_and_not_stored(db: Database, make_record: Make) -> None:
    found = look(db, listed(make_record("1"), make_record("2")), detailed(make_record("1")))
    assert [ref.source_id for ref in found.new] == ["1", "2"]
    assert (found.differing, found.unchanged) == ((), 0)


def test_a_field_is_changed_added_or_lost(db: Database, write: Write, make_record: Make) -> None:
    write(make_record("1", title="Cook", remote=Remote.HYBRID, skills=("knife",)))
    found = look(db, listed(make_record("1", title="Chef", skills=("knife",), language="de")))
    assert fields(found) == {
        "title": ("changed", "Cook", "Chef"),
        "language": ("added", None, "de"),
        "remote": ("lost", "hybrid", None),
    }
    assert found.differing[0].source_id == "1"
    assert found.differing[0].title == "Cook"


def test_what_is_stored_alike_is_counted_only(
    db: Database, write: Write, make_record: Make
) -> None:
    cook = make_record("1", pay=PayRecord(min=1.5, currency="EUR"), company="A", company_key="a")
    text = make_record("1", description="<p>text</p>")
    write(cook)
    write(text, kind="detail")
    assert look(db, listed(cook), detailed(text)) == rehearse.Rehearsal(
        new=(), differing=(), unchanged=1
    )


def test_lists_and_details_are_merged_as_when_they_are_stored(
    db: Database, write: Write, make_record: Make
) -> None:
    write(make_record("1", language="en"))
    write(make_record("1", language="de"), kind="detail")
    # The details have said it better: a list page that says otherwise changes nothing.
    assert look(db, listed(make_record("1", language="fr"))).unchanged == 1
    found = look(db, listed(make_record("1")), detailed(make_record("1", language="nl")))
    assert fields(found) == {"language": ("changed", "de", "nl")}


def test_only_the_page_that_gave_a_field_can_lose_it(
    db: Database, write: Write, make_record: Make
) -> None:
    write(make_record("1", remote=Remote.HYBRID))
    write(make_record("1", description="<p>text</p>"), kind="detail")
    both = make_record("1", remote=Remote.HYBRID)
    assert look(db, listed(both)).unchanged == 1
    assert look(db, detailed(make_record("1", description="<p>text</p>"))).unchanged == 1
    assert fields(look(db, listed(both), detailed(make_record("1", language="de")))) == {
        "language": ("added", None, "de"),
        "description": ("lost", "<p>text</p>", None),
    }
    moved = make_record("1", description="<p>text</p>", remote=Remote.HYBRID)
    assert look(db, listed(make_record("1")), detailed(moved)).unchanged == 1


def test_a_page_that_says_only_that_it_is_over_loses_nothing(
    db: Database, write: Write, make_record: Make
) -> None:
    write(make_record("1"))
    write(make_record("1", description="<p>text</p>"), kind="detail")
    found = look(db, detailed(make_record("1", closed=True)))
    assert fields(found) == {"closed": ("changed", False, True)}


def test_empty_values_are_not_lost(db: Database, write: Write, make_record: Make) -> None:
    write(make_record("1", employment=(), skills=()))
    assert look(db, listed(make_record("1", title="Engineer"))).unchanged == 1
    found = look(db, listed(make_record("1", employment=(Employment.CONTRACT,))))
    assert fields(found) == {"employment": ("changed", [], ["contract"])}


def test_changes_are_those_that_the_page_write_then_makes(
    db: Database, write: Write, make_record: Make
) -> None:
    pay = PayRecord(min=10, max=20, currency="EUR", text="10-20")
    write(make_record("1", title="a", pay=pay, posted_at=THEN, company="A", company_key="a"))
    later = make_record(
        "1",
        title="b",
        pay=msgspec.structs.replace(pay, max=25),
        posted_at=THEN + timedelta(days=1),
        company="B",
        company_key="b",
        closed=True,
    )
    found = fields(look(db, listed(later)))
    write(later, run_id=7)
    (change,) = jobs.changes_of_run(db, 7)
    assert {name: (old, new) for name, (_, old, new) in found.items()} == change.changes
    assert found["closed"] == ("changed", False, True)
    assert len(found) == 5


def test_many_postings_are_taken_in_several_trials(
    db: Database, write: Write, make_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearse, "_AT_ONCE", 2)
    write(*(make_record(str(n), title="old") for n in range(5)))
    batches = [listed(*(make_record(str(n), title="new") for n in range(7)))]
    found = look(db, *batches, listed(make_record("3", title="newest")))
    assert [job.source_id for job in found.differing] == ["0", "1", "2", "3", "4"]
    assert [ref.source_id for ref in found.new] == ["5", "6"]
    assert found.differing[3].fields[0].new == "newest"


def test_pages_of_the_past_are_dated_so_and_are_no_new_sighting(
    db: Database, write: Write, make_record: Make
) -> None:
    write(make_record("1", title="a"))
    seen = jobs.get_by_key(db, "site", "1")
    with db.write() as conn:
        now = db.now(conn)
        page = [make_record("1", title="b"), make_record("2", closed=True)]
        upsert.write_page(
            conn, source="site", kind="list", records=page, run_id=3, now=now, read_at=THEN
        )
    known, new = (jobs.get_by_key(db, "site", key) for key in "12")
    assert (known.times_seen, known.last_seen_at) == (1, seen.last_seen_at)
    assert known.job.changed_at == known.changes[0].at == now
    assert new.job.first_seen_at == new.last_seen_at == new.job.closed_at == THEN
    assert new.job.changed_at == now
    with db.write() as conn:
        upsert.write_page(
            conn, source="site", kind="detail", records=page, run_id=3, now=now, read_at=THEN
        )
    assert jobs.get_by_key(db, "site", "1").job.details_at == THEN
