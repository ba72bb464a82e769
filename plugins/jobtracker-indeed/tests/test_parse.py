from __future__ import annotations

import copy
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
    LayoutChanged,
    Pay,
    PayInterval,
    PayKind,
    Place,
    Posting,
    Precision,
    Remote,
)
from jobtracker_core.ingest.normalise import Unreadable, normalise
from jobtracker_core.testing.practice import PracticeSite, Reply, Seen
from jobtracker_indeed import Indeed
from jobtracker_indeed.facts import Facts
from jobtracker_indeed.parse import Edition, posting
from jobtracker_indeed.wire import Item, Job, lenient

ABSENT = object()


class OneAnswer(PracticeSite):
    """Answers what it is told to."""

    body: Reply

    def answer(self, request: Seen) -> Reply:
        return self.body


@pytest.fixture
def damaged() -> Iterator[OneAnswer]:
    with OneAnswer() as site:
        yield site


EDITION = Edition(
    site="https://uk.indeed.com",
    kinds={
        "CF3CP": Employment.FULL_TIME,
        "NJXCK": Employment.CONTRACT,
        "T9BXE": Employment.CONTRACT,
    },
    remote="DSQF7",
    hybrid="PAXZC",
)


def read(raw: dict[str, Any], edition: Edition = EDITION) -> Posting:
    return posting(msgspec.convert(raw, Item), lenient(raw, Job)[0], raw, edition)


def altered(raw: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    raw = copy.deepcopy(raw)
    *parents, last = path.split(".")
    inner = raw
    for name in parents:
        inner = inner[name]
    if value is ABSENT:
        del inner[last]
    else:
        inner[last] = value
    return raw


def test_everything(item: dict[str, Any]) -> None:
    assert read(item) == Posting(
        source_id="0123456789abcdef",
        url="https://uk.indeed.com/viewjob?jk=0123456789abcdef",
        title="Organ Builder",
        company="Tin Whistle Works",
        company_facts=CompanyFacts(
            homepage="https://tinwhistle.example",
            profile_url="https://uk.indeed.com/cmp/Tin-Whistle-Works",
            logo_url="https://logo.example/organ.png",
            industry="Musical Instruments",
            size="11 to 50",
            headquarters="1 Organ Lane, Leeds",
            description="Organs since 1911.",
        ),
        places=(
            Place(
                text="Leeds LS1",
                city="Leeds",
                region="ENG",
                country="GB",
                latitude=53.8,
                longitude=-1.55,
            ),
        ),
        remote=Remote.HYBRID,
        employment=(Employment.FULL_TIME,),
        language="en",
        pay=Pay(
            min=41_000, max=52_500.5, currency="GBP", interval=PayInterval.YEAR, kind=PayKind.STATED
        ),
        posted_at=datetime(2026, 9, 1, 10, 30, tzinfo=UTC),
        posted_precision=Precision.EXACT,
        apply_url="https://tinwhistle.example/careers/77",
        closed=False,
        description="<p>Build organs.</p>",
        raw=item,
    )


def test_identity_alone_is_a_posting() -> None:
    raw = {"key": "k/1&2", "title": "T"}
    assert read(raw) == Posting(
        source_id="k/1&2", url="https://uk.indeed.com/viewjob?jk=k%2F1%262", title="T", raw=raw
    )


@pytest.mark.parametrize("name", ["key", "title"])
@pytest.mark.parametrize("value", [None, "", "  ", 5, ABSENT])
def test_without_identity_it_is_unreadable(item: dict[str, Any], name: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=name):
        read(altered(item, name, value))


@pytest.mark.parametrize(
    ("path", "value", "company"),
    [
        ("employer.name", None, "tin whistle ltd"),
        ("employer.name", "", "tin whistle ltd"),
        ("employer", None, "tin whistle ltd"),
        ("sourceEmployerName", None, "Tin Whistle Works"),
    ],
)
def test_names_of_the_company(item: dict[str, Any], path: str, value: object, company: str) -> None:
    assert read(altered(item, path, value)).company == company


def test_no_name_at_all(item: dict[str, Any]) -> None:
    assert (
        read(altered(altered(item, "employer", None), "sourceEmployerName", None)).company is None
    )


@pytest.mark.parametrize("missing", ["employer", "employer.dossier", "employer.dossier.links"])
def test_what_is_not_told_of_the_company_is_none(item: dict[str, Any], missing: str) -> None:
    facts = read(altered(item, missing, None)).company_facts or CompanyFacts()
    assert facts.homepage is None
    assert (facts.industry is None) == (missing != "employer.dossier.links")


def test_a_company_page_must_be_a_path(item: dict[str, Any]) -> None:
    odd = altered(item, "employer.relativeCompanyPageUrl", "//elsewhere")
    facts = read(altered(odd, "employer.relativeCompanyPageUrl", "javascript:x")).company_facts
    assert facts is not None
    assert facts.profile_url is None


@pytest.mark.parametrize(
    ("keys", "city", "remote"),
    [
        (["DSQF7"], "Leeds", Remote.REMOTE),
        (["PAXZC"], "Leeds", Remote.HYBRID),
        (["DSQF7", "PAXZC"], "Leeds", Remote.HYBRID),
        (["PAXZC"], "Remote", Remote.HYBRID),
        ([], "Remote", Remote.REMOTE),
        ([], " REMOTE ", Remote.REMOTE),
        ([], "Remote Valley", None),
        ([], "Leeds", None),
        ([], None, None),
    ],
)
def test_remote_by_tag_then_by_city(
    item: dict[str, Any], keys: list[str], city: str | None, remote: Remote | None
) -> None:
    item["attributes"] = [{"key": key} for key in keys]
    item["location"]["city"] = city
    assert read(item).remote is remote


def test_a_city_called_remote_is_no_place(item: dict[str, Any]) -> None:
    item["location"] = {
        "countryCode": "IN",
        "admin1Code": None,
        "city": "Remote",
        "latitude": 25.0,
        "longitude": -40.0,
    }
    assert read(item).places == (Place(text="Remote, IN", country="IN"),)
    assert normalise(read(item)).places == (Place(text="Remote, IN", country="IN"),)


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("location.formatted.long", None, "Leeds"),
        ("location.formatted", None, "Leeds, ENG, GB"),
        ("location.formatted", ABSENT, "Leeds, ENG, GB"),
    ],
)
def test_the_place_as_it_is_shown(
    item: dict[str, Any], path: str, value: object, text: str
) -> None:
    (place,) = read(altered(item, path, value)).places or ()
    assert place.text == text


@pytest.mark.parametrize("location", [None, {}, {"city": "", "countryCode": None}])
def test_no_place(item: dict[str, Any], location: object) -> None:
    assert read(altered(item, "location", location)).places is None


@pytest.mark.parametrize(
    ("keys", "kinds"),
    [
        (["CF3CP", "NJXCK", "T9BXE", "CF3CP"], (Employment.FULL_TIME, Employment.CONTRACT)),
        (["5QWDV", "OTHER"], None),
        ([], None),
    ],
)
def test_employment_by_tag(
    item: dict[str, Any], keys: list[str], kinds: tuple[Employment, ...] | None
) -> None:
    item["attributes"] = [{"key": key} for key in keys]
    assert read(item).employment == kinds


def test_permanent_is_full_time_where_japan_is_asked(item: dict[str, Any], known: Facts) -> None:
    item["attributes"] = [{"key": "5QWDV"}]
    assert read(item, Edition.of(known, "JP")).employment == (Employment.FULL_TIME,)
    assert read(item, Edition.of(known, "US")).employment is None


@pytest.mark.parametrize(
    ("unit", "interval"),
    [
        ("HOUR", PayInterval.HOUR),
        ("DAY", PayInterval.DAY),
        ("WEEK", PayInterval.WEEK),
        ("MONTH", PayInterval.MONTH),
        ("YEAR", PayInterval.YEAR),
    ],
)
def test_units_of_work(item: dict[str, Any], unit: str, interval: PayInterval) -> None:
    found = read(altered(item, "compensation.baseSalary.unitOfWork", unit)).pay
    assert found is not None
    assert (found.interval, found.kind) == (interval, PayKind.STATED)


@pytest.mark.parametrize(
    ("amounts", "low", "high"),
    [
        ({"min": 1.5, "max": 2}, 1.5, 2),
        ({"min": 5}, 5, None),
        ({"max": 5}, None, 5),
        ({"value": 7}, 7, 7),
        ({"min": 0, "max": 9}, 0, 9),
    ],
)
def test_kinds_of_ranges(
    item: dict[str, Any], amounts: dict[str, float], low: float | None, high: float | None
) -> None:
    found = read(altered(item, "compensation.baseSalary.range", amounts)).pay
    assert found is not None
    assert (found.min, found.max) == (low, high)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("compensation.baseSalary", None),
        ("compensation.baseSalary.range", None),
        ("compensation.baseSalary.range", {}),
        ("compensation.baseSalary.unitOfWork", "FORTNIGHT"),
        ("compensation.baseSalary.unitOfWork", None),
    ],
)
def test_the_sites_estimate_is_told_apart(item: dict[str, Any], path: str, value: object) -> None:
    without = altered(item, path, value)
    assert read(without).pay == Pay(
        min=18, max=24, currency="EUR", interval=PayInterval.HOUR, kind=PayKind.ESTIMATED
    )
    assert read(altered(without, "compensation.estimated", None)).pay is None


def test_no_pay_at_all(item: dict[str, Any]) -> None:
    assert read(altered(item, "compensation", None)).pay is None


@pytest.mark.parametrize("value", [None, 0, 1e300, ABSENT])
def test_the_date_is_that_of_its_appearance_or_none(item: dict[str, Any], value: object) -> None:
    assert read(altered(item, "dateOnIndeed", value)).posted_at is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://jobs.example/1", "https://jobs.example/1"),
        ("https://notindeed.com/1", "https://notindeed.com/1"),
        ("https://apply.indeed.com/1", None),
        ("https://INDEED.COM./1", None),
        ("https://indeed.com", None),
        ("mailto:hr@a.example", None),
        ("javascript:alert(1)", None),
        ("https://[", None),
        ("", None),
        (None, None),
    ],
)
def test_only_addresses_elsewhere_are_applied_to(
    item: dict[str, Any], address: str | None, expected: str | None
) -> None:
    assert read(altered(item, "recruit.viewJobUrl", address)).apply_url == expected


@pytest.mark.parametrize("expired", [True, False, None, ABSENT])
def test_closed(item: dict[str, Any], expired: object) -> None:
    said = None if expired is ABSENT else expired
    assert read(altered(item, "expired", expired)).closed is said


def test_an_odd_value_costs_itself_only(item: dict[str, Any]) -> None:
    whole = read(item)
    odd = altered(item, "employer.dossier.employerDetails.industry", 5)
    odd = altered(odd, "compensation.baseSalary.range.min", "much")
    odd["attributes"].append({"key": None})
    odd["expired"], odd["recruit"], odd["dateOnIndeed"] = "no", ["?"], True
    job, named = lenient(odd, Job)
    assert sorted(named) == [
        "attributes[]",
        "compensation.baseSalary.range.min",
        "dateOnIndeed",
        "employer.dossier.employerDetails.industry",
        "expired",
        "recruit",
    ]
    found = posting(msgspec.convert(odd, Item), job, odd, EDITION)
    assert (found.closed, found.apply_url, found.posted_at) == (None, None, None)
    assert found.pay is not None
    assert (found.pay.min, found.pay.max) == (None, 52_500.5)
    assert found.employment == whole.employment
    assert found.company_facts is not None
    assert whole.company_facts is not None
    assert found.company_facts.size == whole.company_facts.size
    assert lenient(item, Job)[1] == []


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))


def damage(raw: Any, data: st.DataObject) -> tuple[str | int, ...]:
    """Drop, null or retype one part of it."""
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
    return path


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_one_damage_is_a_posting_or_unreadable(
    item: dict[str, Any], data: st.DataObject
) -> None:
    raw = copy.deepcopy(item)
    path = damage(raw, data)
    try:
        found = normalise(read(raw), private=Indeed.info.private)
    except (msgspec.ValidationError, Unreadable):
        assert path[0] in {"key", "title"}
    else:
        assert (found.source_id, found.title) == (raw["key"], raw["title"])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_one_damage_to_an_answer_is_pages_or_a_change_of_layout(
    damaged: OneAnswer, visit_at: Any, item: dict[str, Any], data: st.DataObject
) -> None:
    jobs = [{**copy.deepcopy(item), "key": f"k{number}"} for number in range(3)]
    search: dict[str, Any] = {
        "pageInfo": {"nextCursor": None},
        "results": [{"job": job} for job in jobs],
    }
    answer: dict[str, Any] = {"data": {"jobSearch": search}}
    path = damage(answer, data)
    damaged.body = Reply.json(answer)
    try:
        pages = visit_at(damaged.base_url).pages()
    except LayoutChanged:
        return
    read_or_named = sum(len(page.postings) + len(page.skipped) for page in pages)
    # Only an empty list of results is "none"; one that lost an item is shorter than it was.
    assert read_or_named == len(search["results"]) or path[-1] == "key"
    assert any(page.postings for page in pages) or search["results"] == []
    assert pages[-1].end_unconfirmed or search["pageInfo"]["nextCursor"] is None
