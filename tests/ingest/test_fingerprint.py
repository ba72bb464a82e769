from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from jobtracker_core.contract.host import PayRecord, Record
from jobtracker_core.contract.posting import (
    CompanyFacts,
    Employment,
    PayInterval,
    Place,
    Precision,
    Remote,
)
from jobtracker_core.ingest.fingerprint import content_hash

MOMENT = datetime(2026, 1, 31, 12, 30, 15, 999_999, tzinfo=UTC)
BARE = Record(source_id="1", url="https://jobs.example/1", title="Engineer", content_hash=b"")
FULL = msgspec.structs.replace(
    BARE,
    company="Müller GmbH",
    company_key="muller",
    company_facts=CompanyFacts(homepage="https://muller.example/", founded=1900),
    places=(Place(text="Berlin", city="Berlin", country="DE", latitude=52.5, longitude=13.4),),
    remote=Remote.HYBRID,
    employment=(Employment.FULL_TIME,),
    skills=("Python", "SQL"),
    pay=PayRecord(min=60_000, max=85_000.5, currency="EUR", interval=PayInterval.YEAR),
    posted_at=MOMENT,
    posted_precision=Precision.EXACT,
    closed=False,
    description="<p>x</p>",
)


def test_hashes_are_the_same_for_ever():
    assert content_hash(BARE).hex() == "e2e77ab2f61b9fe6853d4a0147ea5cd9"
    assert content_hash(FULL).hex() == "c2c82252bbba38000f868e5104e1e80d"


def test_raw_and_the_hash_itself_do_not_count():
    other = msgspec.structs.replace(FULL, raw="{}", content_hash=b"x")
    assert content_hash(other) == content_hash(FULL)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Engineers"},
        {"places": ()},
        {"places": None},
        {"employment": ()},
        {"skills": ("Python SQL",)},
        {"skills": ("PythonSQL", "")},
        {"closed": True},
        {"closed": None},
        {"posted_at": MOMENT + timedelta(seconds=1)},
        {"posted_precision": Precision.DAY},
        {"company": "muller", "company_key": "Müller GmbH"},
        {"company_facts": CompanyFacts(profile_url="https://muller.example/", founded=1900)},
        {"pay": None},
    ],
)
def test_each_observed_field_counts(change):
    assert content_hash(msgspec.structs.replace(FULL, **change)) != content_hash(FULL)


def test_a_field_that_is_not_observed_does_not_count():
    class Later(Record, frozen=True, kw_only=True):
        a_new_field: str | None = None
        zone: str | None = None

    later = Later(**{name: getattr(FULL, name) for name in FULL.__struct_fields__})
    assert content_hash(later) == content_hash(FULL)
    assert content_hash(msgspec.structs.replace(later, zone="x")) != content_hash(FULL)


def test_one_value_has_one_hash():
    def same(**change: object) -> bool:
        return content_hash(msgspec.structs.replace(FULL, **change)) == content_hash(FULL)

    assert FULL.pay is not None
    assert same(pay=msgspec.structs.replace(FULL.pay, min=60_000.0))
    assert same(posted_at=MOMENT.astimezone(timezone(timedelta(hours=-9))))
    assert same(posted_at=MOMENT.replace(microsecond=0))
    zero = [PayRecord(min=amount) for amount in (0.0, -0.0)]
    assert len({content_hash(msgspec.structs.replace(FULL, pay=pay)) for pay in zero}) == 1


def test_a_time_counts_as_exactly_as_it_is_known():
    def hash_of(moment: datetime | None, precision: Precision) -> bytes:
        return content_hash(
            msgspec.structs.replace(BARE, posted_at=moment, posted_precision=precision)
        )

    later = MOMENT + timedelta(hours=1)
    next_day = MOMENT + timedelta(days=1)
    assert hash_of(MOMENT, Precision.DAY) == hash_of(later, Precision.DAY)
    assert hash_of(MOMENT, Precision.DAY) != hash_of(next_day, Precision.DAY)
    assert hash_of(MOMENT, Precision.ESTIMATED) == hash_of(next_day, Precision.ESTIMATED)
    assert hash_of(MOMENT, Precision.ESTIMATED) != hash_of(None, Precision.ESTIMATED)


def test_a_type_that_records_do_not_hold_is_named():
    with pytest.raises(TypeError, match="bytes"):
        content_hash(msgspec.structs.replace(BARE, company=b"x"))
