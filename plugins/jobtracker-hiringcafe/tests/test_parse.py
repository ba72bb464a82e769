from __future__ import annotations

import copy
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobtracker_core import (
    CompanyFacts,
    Employment,
    Pay,
    PayInterval,
    PayKind,
    Place,
    Posting,
    Precision,
    Remote,
    Seniority,
)
from jobtracker_hiringcafe.parse import posting
from jobtracker_hiringcafe.wire import Hit, misfits

ABSENT = object()


def read(raw: dict[str, Any]) -> Posting:
    return posting(msgspec.convert(raw, Hit), raw)


def altered(raw: dict[str, Any], **processed: Any) -> dict[str, Any]:
    """A copy of a hit with other values in `v5_processed_job_data`."""
    raw = copy.deepcopy(raw)
    for key, value in processed.items():
        if value is ABSENT:
            raw["v5_processed_job_data"].pop(key)
        else:
            raw["v5_processed_job_data"][key] = value
    return raw


def test_every_field_of_a_full_item(item: dict[str, Any]) -> None:
    assert read(item) == Posting(
        source_id="oakpost___tin-whistle___77",
        url="https://hiringcafe.com/job/abc123def456ghi7",
        title="Organ Builder",
        company="Tin Whistle Works",
        company_facts=CompanyFacts(
            homepage="https://works.tinwhistle.example",
            industry="Music, Crafts",
            size="40",
            founded=1911,
            headquarters="GB",
            description="Organs since 1911.",
            ats="oakpost",
        ),
        places=(
            Place(
                text="Leeds, England, United Kingdom",
                city="Leeds",
                region="England",
                country="GB",
                latitude=53.8,
                longitude=-1.55,
            ),
        ),
        remote=Remote.HYBRID,
        employment=(Employment.FULL_TIME, Employment.CONTRACT),
        seniority=Seniority.MID,
        skills=("Chisel", "AutoCAD"),
        pay=Pay(min=62_400, max=83_200, currency="GBP", interval=PayInterval.YEAR),
        posted_at=datetime(2026, 9, 1, 10, 30, tzinfo=UTC),
        posted_precision=Precision.ESTIMATED,
        apply_url="https://tinwhistle.example/careers/77",
        closed=False,
        raw=item,
    )


def test_id_and_title_alone_make_a_posting() -> None:
    raw = {"objectID": "a b/c&d", "job_information": {"title": "Baker"}}
    assert read(raw) == Posting(
        source_id="a b/c&d",
        url="https://hiringcafe.com/viewjob/a%20b%2Fc%26d",
        title="Baker",
        posted_precision=Precision.ESTIMATED,
        raw=raw,
    )


@pytest.mark.parametrize(
    "raw",
    [
        {"job_information": {"title": "Baker"}},
        {"objectID": "", "job_information": {"title": "Baker"}},
        {"objectID": 7, "job_information": {"title": "Baker"}},
        {"objectID": "1"},
        {"objectID": "1", "job_information": {"title": ""}},
        {"objectID": "1", "job_information": {"title": ["Baker"]}},
    ],
)
def test_without_id_or_title_an_item_is_unreadable(raw: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, Hit)


def test_the_sites_own_title_stands_in_for_a_missing_one(item: dict[str, Any]) -> None:
    item["job_information"]["title"] = None
    assert read(item).title == "Builder of Organs"


@pytest.mark.parametrize(
    ("frequency", "low", "high", "interval"),
    [
        ("Hourly", 30.0, 40.0, PayInterval.HOUR),
        ("Daily", 240.0, 320.0, PayInterval.DAY),
        ("Weekly", 1200.0, 1600.0, PayInterval.WEEK),
        ("Bi-Weekly", 2400.0, 3200.0, PayInterval.TWO_WEEKS),
        ("Monthly", 5200.0, 6933.33, PayInterval.MONTH),
        ("Yearly", 62_400, 83_200, PayInterval.YEAR),
        (None, 62_400, 83_200, PayInterval.YEAR),
        ("Fortnightly", 62_400, 83_200, PayInterval.YEAR),
    ],
)
def test_pay_is_of_the_listed_interval(
    item: dict[str, Any], frequency: str | None, low: float, high: float, interval: PayInterval
) -> None:
    pay = read(altered(item, listed_compensation_frequency=frequency)).pay
    assert pay == Pay(min=low, max=high, currency="GBP", interval=interval, kind=PayKind.STATED)


@pytest.mark.parametrize(
    ("transparent", "kind"),
    [
        (True, PayKind.STATED),
        (False, PayKind.ESTIMATED),
        (None, PayKind.ESTIMATED),
        (ABSENT, PayKind.ESTIMATED),
    ],
)
def test_pay_is_stated_only_if_the_site_says_so(
    item: dict[str, Any], transparent: Any, kind: PayKind
) -> None:
    pay = read(altered(item, is_compensation_transparent=transparent)).pay
    assert pay is not None
    assert pay.kind is kind


@pytest.mark.parametrize("currency", ["", None, ABSENT])
def test_an_unnamed_currency_is_none(item: dict[str, Any], currency: Any) -> None:
    pay = read(altered(item, listed_compensation_currency=currency)).pay
    assert pay is not None
    assert pay.currency is None
    assert pay.min == 62_400


def test_an_interval_without_amounts_is_no_pay(item: dict[str, Any]) -> None:
    amounts = [key for key in item["v5_processed_job_data"] if key.endswith("_compensation")]
    assert len(amounts) == 12
    assert read(altered(item, **dict.fromkeys(amounts))).pay is None


def test_one_end_of_a_range_is_enough(item: dict[str, Any]) -> None:
    pay = read(altered(item, yearly_min_compensation=None)).pay
    assert pay is not None
    assert (pay.min, pay.max) == (None, 83_200)


@pytest.mark.parametrize(
    ("field", "value", "attribute", "expected"),
    [
        ("workplace_type", "Remote", "remote", Remote.REMOTE),
        ("workplace_type", "Hybrid", "remote", Remote.HYBRID),
        ("workplace_type", "Onsite", "remote", Remote.ONSITE),
        ("workplace_type", "Field", "remote", Remote.ONSITE),
        ("workplace_type", "Undersea", "remote", None),
        ("workplace_type", ABSENT, "remote", None),
        ("seniority_level", "No Prior Experience Required", "seniority", Seniority.ENTRY),
        ("seniority_level", "Entry Level", "seniority", Seniority.ENTRY),
        ("seniority_level", "Senior Level", "seniority", Seniority.SENIOR),
        ("seniority_level", "Wizard", "seniority", None),
        ("commitment", ["Part Time"], "employment", (Employment.PART_TIME,)),
        ("commitment", ["Temporary"], "employment", (Employment.TEMPORARY,)),
        ("commitment", ["Seasonal"], "employment", (Employment.SEASONAL,)),
        ("commitment", ["Volunteer"], "employment", (Employment.VOLUNTEER,)),
        ("commitment", ["Internship"], "employment", (Employment.INTERNSHIP,)),
        ("commitment", ["Gig", "Barter"], "employment", (Employment.OTHER,)),
        ("commitment", [], "employment", None),
        ("technical_tools", [], "skills", None),
        ("estimated_publish_date", "soon", "posted_at", None),
        (
            "estimated_publish_date",
            None,
            "posted_at",
            datetime(2026, 9, 1, 10, 30, tzinfo=UTC),
        ),
        (
            "estimated_publish_date",
            "2026-09-01T10:30:00",
            "posted_at",
            datetime(2026, 9, 1, 10, 30, tzinfo=UTC),
        ),
    ],
)
def test_words_of_the_site(
    item: dict[str, Any], field: str, value: Any, attribute: str, expected: Any
) -> None:
    assert getattr(read(altered(item, **{field: value})), attribute) == expected


def test_a_date_beyond_time_is_none(item: dict[str, Any]) -> None:
    far = altered(item, estimated_publish_date=None, estimated_publish_date_millis=9e17)
    assert read(far).posted_at is None


@pytest.mark.parametrize(
    ("expired", "closed"), [(True, True), (False, False), (None, None), ("yes", None)]
)
def test_closed_is_what_the_site_says(
    item: dict[str, Any], expired: object, closed: bool | None
) -> None:
    item["is_expired"] = expired
    assert read(item).closed is closed


def test_company_goes_from_the_looked_up_to_the_guessed_name(item: dict[str, Any]) -> None:
    item["enriched_company_data"]["status"] = "UNKNOWN"
    second = read(item)
    assert second.company == "tin whistle"
    assert second.company_facts == CompanyFacts(
        homepage="https://tinwhistle.example",
        industry="Musical instruments",
        description="Whistles and organs.",
        ats="oakpost",
    )
    del item["v5_processed_job_data"]["company_name"]
    assert read(item).company == "tin-whistle"


@pytest.mark.parametrize(
    ("homepage", "expected"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("a.example", "https://a.example"),
        ("not known", None),
        ("unknown", None),
    ],
)
def test_homepage_gets_its_scheme(
    item: dict[str, Any], homepage: str, expected: str | None
) -> None:
    item["enriched_company_data"]["homepage_uri"] = homepage
    facts = read(item).company_facts
    assert facts is not None
    assert facts.homepage == expected


@pytest.mark.parametrize("address", ["", "mailto:hr@a.example", "javascript:alert(1)", 5, None])
def test_only_web_addresses_are_applied_to(item: dict[str, Any], address: object) -> None:
    item["apply_url"] = address
    assert read(item).apply_url is None


def test_a_place_of_commas_costs_no_more_than_its_length(item: dict[str, Any]) -> None:
    name = "Leeds, " * 50_000 + "GB"
    tracemalloc.start()
    try:
        places = read(altered(item, workplace_cities=[name], workplace_states=["Leeds, GB"])).places
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert places is not None
    assert len(places) == 1  # the second lies in the first
    assert peak < 100 * len(name)


def test_places_are_cities_and_then_what_lies_elsewhere(item: dict[str, Any]) -> None:
    places = read(
        altered(
            item,
            workplace_cities=["Leeds, England, GB", "Porto, PT"],
            workplace_states=["England, GB", "Texas, US"],
            workplace_countries=["GB", "PT", "US", "DE"],
        )
    ).places
    assert places == (
        Place(text="Leeds, England, United Kingdom", city="Leeds", region="England", country="GB"),
        Place(text="Porto, PT", city="Porto", country="PT"),
        Place(text="Texas, US", region="Texas", country="US"),
        Place(text="DE", country="DE"),
    )


def test_points_belong_to_places_only_if_there_are_as_many(item: dict[str, Any]) -> None:
    two = altered(item, workplace_cities=["Leeds, England, GB", "York, England, GB"])
    two["_geoloc"].append({"lat": 53.96, "lon": -1.08})
    assert [(p.city, p.latitude) for p in read(two).places or ()] == [
        ("Leeds", 53.8),
        ("York", 53.96),
    ]
    two["_geoloc"].pop()
    assert [p.latitude for p in read(two).places or ()] == [None, None]


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (("workplace_cities",), Place(region="England", country="GB")),
        (("workplace_cities", "workplace_states"), Place(country="GB")),
        (("workplace_cities", "workplace_states", "workplace_countries"), Place()),
    ],
)
def test_narrowest_known_place(
    item: dict[str, Any], missing: tuple[str, ...], expected: Place
) -> None:
    item["_geoloc"] = None
    places = read(altered(item, **dict.fromkeys(missing, ABSENT))).places
    text = "Leeds, England, United Kingdom"
    assert places == (msgspec.structs.replace(expected, text=text),)


def test_no_place_at_all_is_none(item: dict[str, Any]) -> None:
    names = ("cities", "states", "countries")
    nowhere = altered(
        item,
        formatted_workplace_location=ABSENT,
        **{f"workplace_{name}": [] for name in names},
    )
    assert read(nowhere).places is None


def test_an_odd_value_costs_itself_only(item: dict[str, Any]) -> None:
    whole = read(item)
    odd = altered(item, seniority_level={"label": "Mid"}, yearly_min_compensation="much")
    odd["enriched_company_data"] = ["?"]
    hit = msgspec.convert(odd, Hit)
    assert sorted(misfits(hit)) == [
        "enriched_company_data",
        "v5_processed_job_data.seniority_level",
        "v5_processed_job_data.yearly_min_compensation",
    ]
    found = posting(hit, odd)
    assert found.seniority is None
    assert found.pay == Pay(max=83_200, currency="GBP", interval=PayInterval.YEAR)
    assert found.company == "tin whistle"
    assert (found.places, found.skills, found.posted_at) == (
        whole.places,
        whole.skills,
        whole.posted_at,
    )


def test_a_full_item_has_no_misfits(item: dict[str, Any]) -> None:
    assert misfits(msgspec.convert(item, Hit)) == []


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_one_damage_is_a_posting_or_unreadable(
    item: dict[str, Any], data: st.DataObject
) -> None:
    raw = copy.deepcopy(item)
    path = data.draw(st.sampled_from(sorted(leaves(raw), key=str)))
    odd = st.sampled_from([None, "", "?", -1, 1e300, True, [], [None], {}, {"a": 1}, ABSENT])
    value = data.draw(odd)
    parent: Any = raw
    for key in path[:-1]:
        parent = parent[key]
    if value is ABSENT:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    try:
        found = read(raw)
    except msgspec.ValidationError:
        assert path[0] == "objectID"
    else:
        assert found.source_id
        assert found.title
        msgspec.json.encode(found)
