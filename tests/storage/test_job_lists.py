"""Lists of jobs in every order, and every filter."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints

import pytest
import sqlalchemy as sa

from jobtracker_core.contract.host import PayRecord
from jobtracker_core.contract.posting import Place
from jobtracker_core.storage import applications, dismissals, search, tags, tallies
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.job_filters import Filters, Sort
from jobtracker_core.storage.jobs import Job
from jobtracker_core.storage.keyset import LONGEST_MARK
from jobtracker_core.storage.tables import jobs

SORTS: tuple[Sort, ...] = ("arrival", "posted", "pay")
DAY = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def many(db: Database, write: Callable[..., Any], make_record: Callable[..., Any]) -> list[Job]:
    """Sixty jobs, some without a date or pay, some with the same; and two that are hidden."""
    dice = random.Random(7)
    for number in range(62):
        fields: dict[str, Any] = {}
        if dice.random() < 0.7:
            fields["posted_at"] = DAY - timedelta(days=dice.randrange(8))
        if dice.random() < 0.6:
            top = dice.choice([None, 50_000.0, 70_000.5, 1e-300])
            fields["pay"] = PayRecord(year_min=dice.choice([40_000.0, 60_000.0]), year_max=top)
        write(make_record(f"{number:03}", **fields))
    dismissals.dismiss(db, 5)
    dismissals.dismiss(db, 60)
    return list(search.list_jobs(db, limit=100).items)


def expected(found: list[Job], sort: Sort) -> list[int]:
    def key(job: Job) -> Any:
        value: Any = None
        if sort == "posted":
            value = job.posted_at and job.posted_at.timestamp()
        elif sort == "pay":
            value = job.pay_year_min if job.pay_year_max is None else job.pay_year_max
        return (value is None, 0 if value is None else -value, -job.id)

    return [job.id for job in sorted(found, key=key)]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("size", [1, 7, 60])
def test_pages_follow_each_other_in_every_order(
    db: Database, many: list[Job], sort: Sort, size: int
) -> None:
    wanted = expected(many, sort)
    assert len(wanted) == 60
    pages = [search.list_jobs(db, limit=size, sort=sort)]
    while pages[-1].after is not None:
        assert len(pages[-1].after) <= LONGEST_MARK
        pages.append(search.list_jobs(db, limit=size, sort=sort, after=pages[-1].after))
    assert [job.id for page in pages for job in page.items] == wanted
    back = [pages[-1]]
    while back[-1].before is not None:
        back.append(search.list_jobs(db, limit=size, sort=sort, before=back[-1].before))
    # The last page may be short, so that the way back cuts elsewhere.
    assert [job.id for page in reversed(back) for job in page.items] == wanted
    for offset in (0, 3, 25, 59, 60, 90):
        page = search.list_jobs(db, limit=4, sort=sort, offset=offset)
        assert [job.id for job in page.items] == wanted[offset : offset + 4]


@pytest.mark.parametrize("sort", SORTS)
def test_a_tally_says_how_many_come_before(db: Database, many: list[Job], sort: Sort) -> None:
    for place, job_id in enumerate(expected(many, sort)[:-1]):
        found = tallies.tally(db, first=job_id, sort=sort)
        assert (found.total, found.newer) == (60, place)
    assert tallies.tally(db, first=999, sort="pay").newer is None


def test_beyond_what_is_counted_there_is_an_estimate(
    db: Database, many: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tallies.tally(db).estimate is None
    monkeypatch.setattr(tallies, "TALLY_LIMIT", 20)
    found = tallies.tally(db)
    assert (found.total, found.more) == (20, True)
    assert found.estimate in range(55, 66)


@pytest.mark.parametrize(
    "mark", ["", "1", "x~1", "1~", "1~x", "nan~1", "inf~1", "1~-1", "9" * 40 + "~1", "１~1", "~"]
)
@pytest.mark.parametrize("sort", ["posted", "pay"])
def test_a_mark_that_no_page_gave_is_refused(db: Database, mark: str, sort: Sort) -> None:
    if sort == "pay" and mark == "9" * 40 + "~1":
        return  # an amount like any other
    for marks in ({"after": mark}, {"before": mark}):
        given: Any = marks
        with pytest.raises(NotFound, match="no position in a list"):
            search.list_jobs(db, sort=sort, **given)


@pytest.mark.parametrize("mark", ["", "x", "1~1", "-1", "１", "9" * 40])
@pytest.mark.parametrize("text", [None, "words", "words OR is:open"])
def test_so_is_one_that_is_no_number_where_the_latest_come_first(
    db: Database, mark: str, text: str | None
) -> None:
    for marks in ({"after": mark}, {"before": mark}):
        given: Any = marks
        with pytest.raises(NotFound, match="no position in a list"):
            search.list_jobs(db, text=text, **given)


def test_the_walk_by_date_and_by_pay_reads_on_from_the_mark(db: Database, many: list[Job]) -> None:
    """A job that arrives meanwhile neither hides one nor shows one twice."""
    first = search.list_jobs(db, limit=10, sort="posted")
    with db.write() as conn:
        newest = sa.update(jobs).where(jobs.c.id == many[-1].id)
        conn.execute(newest.values(posted_at=DAY + timedelta(days=1)))
    second = search.list_jobs(db, limit=10, sort="posted", after=first.after)
    assert [job.id for job in second.items] == [
        number for number in expected(many, "posted")[10:21] if number != many[-1].id
    ][:10]


@pytest.fixture
def three(db: Database, write: Callable[..., Any], make_record: Callable[..., Any]) -> None:
    """1: a cook in Bonn, paid in euro. 2: a baker in Oslo. 3: an engineer of whom little is known."""
    write(
        make_record(
            "1",
            title="Cook",
            company="Kitchen 100%",
            company_key="kitchen",
            places=(Place(text="Bonn", city="Bonn", region="NRW", country="DE"),),
            pay=PayRecord(year_min=30_000, year_max=40_000, currency="EUR"),
            posted_at=DAY,
        )
    )
    write(
        make_record(
            "2",
            title="Baker",
            company="Bakery",
            company_key="bakery",
            places=(Place(text="Oslo, Norway", country="NO"),),
            pay=PayRecord(year_min=50_000, currency="NOK"),
            posted_at=DAY - timedelta(days=9),
        )
    )
    write(make_record("3", title="Engineer"), source="other")
    made = applications.create(db, ApplicationDraft(job_id=2, status="applied"))
    applications.create(db, ApplicationDraft(title="by hand"))
    assert made.job_id == 2
    tags.add(db, "job", 3, ["Dream job"])


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [3, 2, 1]),
        ({"company": "KITCHEN 100%"}, [1]),
        ({"company": "cook"}, []),
        ({"company_id": 2}, [2]),
        ({"company_id": 2**70}, []),
        ({"text": "baker"}, [2]),
        ({"text": "b\x00aker\ud800"}, [2]),
        ({"place": "bonn"}, [1]),
        ({"place": "nrw"}, [1]),
        ({"place": "no"}, [2]),
        ({"place": "Norw"}, [2]),
        ({"pay_from": 40_000}, [2, 1]),
        ({"pay_from": 40_001}, [2]),
        ({"pay_from": 1, "pay_currency": "EUR"}, [1]),
        ({"posted_since": DAY}, [1]),
        ({"posted_since": DAY - timedelta(days=9)}, [2, 1]),
        ({"application": "applied"}, [2]),
        ({"application": "draft"}, []),
        ({"has_application": True}, [2]),
        ({"has_application": False}, [3, 1]),
        ({"tag": "DREAM JOB"}, [3]),
        ({"tag": "dream"}, []),
        ({"source": "other"}, [3]),
        ({"dismissed": "only"}, []),
        ({"new_since": datetime(2020, 1, 1, tzinfo=UTC)}, [3, 2, 1]),
        ({"new_since": datetime(2200, 1, 1, tzinfo=UTC)}, []),
        ({"seen_since": datetime(2020, 1, 1, tzinfo=UTC), "tag": "dream job"}, [3]),
        ({"seen_since": datetime(2200, 1, 1, tzinfo=UTC)}, []),
        (dict.fromkeys(get_type_hints(Filters)), [3, 2, 1]),
    ],
)
def test_every_filter(db: Database, three: None, filters: Any, found: list[int]) -> None:
    assert [job.id for job in search.list_jobs(db, **filters).items] == found
    assert tallies.tally(db, **filters).total == len(found)
    for sort in SORTS:
        assert {job.id for job in search.list_jobs(db, sort=sort, **filters).items} == set(found)
