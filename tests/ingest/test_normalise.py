import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.info import Private
from jobtracker_core.contract.posting import (
    CompanyFacts,
    Employment,
    Pay,
    PayInterval,
    PayKind,
    Place,
    Posting,
    Precision,
    Remote,
)
from jobtracker_core.ingest.normalise import RAW_LIMIT, Unreadable, normalise

LIMITED = settings(max_examples=150, deadline=None)
PRIVATE = Private(json_keys=frozenset(["userId"]), selectors=(".recruiter",))


def record(**fields: Any) -> Record:
    return normalise(
        Posting(
            **({"source_id": "1", "url": "https://jobs.example/1", "title": "Engineer"} | fields)
        ),
        private=PRIVATE,
    )


def test_a_whole_posting():
    moment = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=1)))
    found = record(
        source_id="Ab/1",
        url="https://Jobs.example/1?utm_source=x",
        title=" Senior&nbsp;Engineer ",
        company="Müller GmbH &amp; Co. KG",
        company_facts=CompanyFacts(
            homepage="HTTPS://muller.example",
            founded=1,
            industry="N/A",
            description="<p>We</p><p>make</p>",
        ),
        places=(Place(text="Remote, Germany"), Place(text="N/A")),
        employment=(Employment.PART_TIME, Employment.FULL_TIME, Employment.PART_TIME),
        skills=("Python", "python ", "N/A", "me@firm.de", "SQL"),
        language="EN_us",
        pay=Pay(text="60–85k €", kind=PayKind.PARSED),
        posted_at=moment,
        apply_url="https://jobs.example/1#apply",
        closed=False,
        description="one\n\nme@firm.de",
        raw={"id": 1, "userId": "u1"},
    )
    assert found.source_id == "Ab/1"
    assert found.url == "https://jobs.example/1"
    assert found.title == "Senior Engineer"
    assert (found.company, found.company_key) == ("Müller GmbH & Co. KG", "muller")
    assert found.company_facts == CompanyFacts(
        homepage="https://muller.example/", description="We make"
    )
    assert found.places == (Place(text="Remote, Germany", country="DE"),)
    assert found.remote is Remote.REMOTE
    assert found.employment == (Employment.FULL_TIME, Employment.PART_TIME)
    assert found.skills == ("Python", "SQL")
    assert found.language == "en-US"
    assert found.pay is not None
    assert (found.pay.min, found.pay.currency, found.pay.interval) == (
        60_000,
        "EUR",
        PayInterval.YEAR,
    )
    assert found.posted_at == moment
    assert found.posted_at.tzinfo is UTC
    assert found.posted_precision is Precision.EXACT
    assert found.apply_url is None
    assert found.closed is False
    assert found.description == "<p>one</p><p>[e-mail removed]</p>"
    assert found.raw == '{"id": 1, "userId": ""}'
    assert len(found.content_hash) == 16


def test_nothing_is_invented():
    bare = record()
    assert bare == Record(
        source_id="1",
        url="https://jobs.example/1",
        title="Engineer",
        content_hash=bare.content_hash,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[
            ("source_id", bad)
            for bad in ("", "  ", "x" * 301, "a\x00b", "a\ud800", " 1", "me@firm.de")
        ],
        *[("title", bad) for bad in ("", " \n", "\u200b", "N/A", "-", "me@firm.de")],
        *[
            ("url", bad)
            for bad in (
                "",
                "/jobs/1",
                "ftp://jobs.example/",
                "javascript:alert(1)",
                "https://u:p@x.example/",
            )
        ],
    ],
)
def test_what_cannot_be_stored_is_unreadable(field, value):
    with pytest.raises(Unreadable) as raised:
        record(**{field: value})
    assert raised.value.field == field
    assert raised.value.reason in str(raised.value)
    assert isinstance(raised.value, ValueError)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("company", bad) for bad in ("N/A", "", "null", "-", "me@firm.de")],
        *[("places", (Place(text=bad),)) for bad in ("N/A", "", "-")],
        *[("language", bad) for bad in ("N/A", "klingon", "")],
        *[("skills", ("", "N/A")), ("pay", Pay()), ("company_facts", CompanyFacts(industry="-"))],
        *[("posted_at", datetime(1989, 12, 31, tzinfo=UTC)), ("posted_at", datetime(1, 1, 1))],  # noqa: DTZ001
        ("posted_at", datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))),
        *[("apply_url", bad) for bad in ("", "mailto:me@firm.de", "https://jobs.example/1")],
        *[("description", bad) for bad in ("", "N/A", "<p></p>", "-")],
        *[("raw", ""), ("raw", {"text": "x" * RAW_LIMIT}), ("raw", {"n": 10**5000})],
    ],
)
def test_what_says_nothing_is_not_observed(field, value):
    assert record(**{field: value}) == record()


@pytest.mark.parametrize("field", ["places", "employment", "skills"])
def test_an_empty_tuple_is_observed(field):
    found = record(**{field: ()})
    assert getattr(found, field) == ()
    assert found.content_hash != record().content_hash


def test_a_time_without_zone_is_utc_and_estimated():
    found = record(posted_at=datetime(2026, 1, 31, 12))  # noqa: DTZ001
    assert found.posted_at == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert found.posted_precision is Precision.ESTIMATED


@pytest.mark.parametrize(
    ("given_remote", "texts", "remote"),
    [
        (None, ["Remote"], Remote.REMOTE),
        (None, ["Hybrid - Berlin"], Remote.HYBRID),
        (None, ["Remote", "Berlin"], None),
        (None, ["Berlin"], None),
        (Remote.ONSITE, ["Remote"], Remote.ONSITE),
        (Remote.UNKNOWN, ["Remote"], Remote.UNKNOWN),
    ],
)
def test_remote(given_remote, texts, remote):
    places = tuple(Place(text=text) for text in texts)
    assert record(remote=given_remote, places=places).remote is remote


@pytest.mark.parametrize(
    ("country", "currency"),
    [("AU", "AUD"), ("US", "USD"), ("IN", "USD"), (None, "USD"), ("MX", "MXN")],
)
def test_a_shared_symbol_is_the_one_of_the_country(country, currency):
    found = record(places=(Place(text="x", country=country),), pay=Pay(text="$50 an hour"))
    assert found.pay is not None
    assert found.pay.currency == currency


def test_lengths_and_numbers_are_limited():
    found = record(
        title="t" * 1000,
        company="c" * 1000,
        skills=tuple(f"skill {i} " + "s" * 200 for i in range(300)),
        description="d" * 100_000,
    )
    assert len(found.title) == 500
    assert found.company is not None
    assert len(found.company) == 300
    assert found.skills is not None
    assert len(found.skills) == 100
    assert max(map(len, found.skills)) == 100
    assert found.description is not None
    assert len(found.description.encode()) <= 64 * 1024


def test_raw_html_and_raw_json_text_are_blanked():
    assert record(raw='<li><b class="recruiter">Jo</b>x</li>').raw == "<li>x</li>"
    assert record(raw='{"userId": 5, "b": 1}').raw == '{"userId": 0, "b": 1}'
    assert json.loads(record(raw={"b": float("inf"), "a": "ü\ud800"}).raw or "") == {
        "b": None,
        "a": "ü",
    }


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in strings(part)]
    return [text for item in value for text in strings(item)] if isinstance(value, list) else []


@LIMITED
@given(st.data())
def test_any_posting_is_unreadable_or_a_clean_record(some, address, data):
    posting = data.draw(some.postings)
    refused = None
    try:
        found = normalise(posting, private=PRIVATE)
    except Unreadable as error:
        refused = error.field
    if refused:
        assert refused in {"source_id", "url", "title"}
        return
    for text in strings(msgspec.to_builtins(found)):
        text.encode()  # raises for a lone surrogate
        assert "\x00" not in text
        assert not address.search(text)
    assert len(found.content_hash) == 16
    assert normalise(posting, private=PRIVATE) == found
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Record) == found
    if isinstance(posting.raw, dict) and found.raw is not None:
        json.loads(found.raw)


@LIMITED
@given(st.data())
def test_a_record_as_a_posting_gives_the_same_texts(some, data):
    posting = data.draw(some.postings)
    try:
        first = normalise(posting)
    except Unreadable:
        return
    again = normalise(
        Posting(
            source_id=first.source_id,
            url=first.url,
            title=first.title,
            company=first.company,
            skills=first.skills,
            language=first.language,
            apply_url=first.apply_url,
            description=first.description,
        )
    )
    for field in (
        "url",
        "title",
        "company",
        "company_key",
        "skills",
        "language",
        "apply_url",
        "description",
    ):
        assert getattr(again, field) == getattr(first, field)
