from __future__ import annotations

import json
from typing import Any

import pytest

from jobtracker_core import BadQuery, Employment, FilterSupport, LayoutChanged, Remote, Seniority
from jobtracker_core.contract.query import CommonQuery
from jobtracker_hiringcafe import HiringCafe, HiringCafeQuery
from jobtracker_hiringcafe.practice import HiringCafeSite


def asked(site: HiringCafeSite) -> dict[str, Any]:
    """The search of the last request, without what every search says."""
    state: dict[str, Any] = json.loads(site.requests[-1].query["searchState"])
    assert state.pop("defaultToUserLocation") is False
    return state


@pytest.mark.parametrize(
    ("query", "state"),
    [
        (HiringCafeQuery(), {}),
        (HiringCafeQuery(text='c++ & "go"'), {"searchQuery": 'c++ & "go"'}),
        (HiringCafeQuery(remote=("remote", "hybrid")), {"workplaceTypes": ["Remote", "Hybrid"]}),
        (HiringCafeQuery(remote=("onsite",)), {"workplaceTypes": ["Onsite", "Field"]}),
        (
            HiringCafeQuery(employment=(Employment.FULL_TIME, Employment.INTERNSHIP)),
            {"commitmentTypes": ["Full Time", "Internship"]},
        ),
        (
            HiringCafeQuery(seniority=("entry", "senior")),
            {"seniorityLevel": ["No Prior Experience Required", "Entry Level", "Senior Level"]},
        ),
        (
            HiringCafeQuery(min_pay=50_000),
            {"minCompensationLowEnd": 50_000, "calcFrequency": "Yearly"},
        ),
        (HiringCafeQuery(sort="relevance"), {}),
        (HiringCafeQuery(sort="date"), {"sortBy": "date"}),
        (HiringCafeQuery(sort="date_asc"), {"sortBy": "date_asc"}),
        (HiringCafeQuery(sort="pay"), {"sortBy": "compensation_desc"}),
        (HiringCafeQuery(posted_within_days=1), {"dateFetchedPastNDays": 1}),
        (HiringCafeQuery(posted_within_days=2), {"dateFetchedPastNDays": 3}),
        (HiringCafeQuery(posted_within_days=8), {"dateFetchedPastNDays": 14}),
        (HiringCafeQuery(posted_within_days=30), {"dateFetchedPastNDays": 30}),
        (HiringCafeQuery(posted_within_days=45), {"dateFetchedPastNDays": 45}),
    ],
)
def test_words_become_the_sites_own(
    site: HiringCafeSite, visit: Any, query: HiringCafeQuery, state: dict[str, Any]
) -> None:
    visit.pages(query, most=1)
    assert asked(site) == state


@pytest.mark.parametrize("kind", [Employment.PER_DIEM, Employment.OTHER])
def test_kinds_of_employment_the_site_does_not_know(
    site: HiringCafeSite, visit: Any, kind: Employment
) -> None:
    with pytest.raises(BadQuery, match="it has full_time, part_time") as raised:
        visit.pages(HiringCafeQuery(employment=(Employment.CONTRACT, kind)))
    assert raised.value.field == "employment"
    assert kind in str(raised.value)
    assert site.requests == []


def test_a_city_gets_a_radius_and_its_own_description(site: HiringCafeSite, visit: Any) -> None:
    visit.pages(HiringCafeQuery(location="Berlin", distance_km=40), most=1)
    place, _, search = site.requests
    assert (place.path, place.query) == ("/api/searchLocation", {"query": "Berlin"})
    (location,) = json.loads(search.query["searchState"])["locations"]
    assert location.pop("options") == {
        "radius": 25,
        "radius_unit": "miles",
        "ignore_radius": False,
    }
    assert location["formatted_address"] == "Berlin, Berlin, Germany"
    assert set(location) == {"id", "formatted_address", "types", "geometry", "address_components"}


@pytest.mark.parametrize(
    ("km", "miles", "cities"),
    [
        (None, 50, {"Berlin", "Potsdam"}),
        (1, 1, {"Berlin"}),
        (500, 311, {"Berlin", "Potsdam", "Hamburg"}),
    ],
)
def test_the_radius_is_in_miles_and_has_a_default(
    site: HiringCafeSite, visit: Any, km: int | None, miles: int, cities: set[str]
) -> None:
    pages = visit.pages(HiringCafeQuery(location="Berlin", distance_km=km))
    assert asked(site)["locations"][0]["options"]["radius"] == miles
    firsts = {p.places[0].city for page in pages for p in page.postings if p.places}
    # A posting with two places may name the other one first.
    assert cities <= firsts
    assert sum(len(page.postings) for page in pages) < 330


def test_a_country_has_no_radius(site: HiringCafeSite, visit: Any) -> None:
    pages = visit.pages(HiringCafeQuery(location="germany", distance_km=30))
    (location,) = asked(site)["locations"]
    assert location["types"] == ["country"]
    assert "options" not in location
    (use,) = visit.filters()
    assert (use.support, use.note) == (
        FilterSupport.IGNORED,
        "the site has no distance around a country or a state",
    )
    countries = {
        frozenset(x.country for x in p.places) for g in pages for p in g.postings if p.places
    }
    assert all("DE" in each for each in countries)


def test_a_state_has_no_radius(site: HiringCafeSite, visit: Any) -> None:
    pages = visit.pages(HiringCafeQuery(location="Ontario, Canada"))
    assert "options" not in asked(site)["locations"][0]
    found = [p for page in pages for p in page.postings if p.places]
    assert found
    assert all(any(x.region == "Ontario" for x in p.places or ()) for p in found)
    assert visit.events("warning") == []


def test_a_place_nobody_knows(site: HiringCafeSite, visit: Any) -> None:
    with pytest.raises(BadQuery, match="'Atlantis' was not found") as raised:
        visit.pages(HiringCafeQuery(location="Atlantis"))
    assert raised.value.field == "location"
    assert len(site.requests) == 1


def test_a_distance_from_nowhere(site: HiringCafeSite, visit: Any) -> None:
    with pytest.raises(BadQuery) as raised:
        visit.pages(HiringCafeQuery(distance_km=10))
    assert raised.value.field == "distance_km"
    assert site.requests == []


def test_suggestions_of_another_form(site: HiringCafeSite, visit: Any) -> None:
    site.fail("truncated", path="/api/searchLocation")
    with pytest.raises(LayoutChanged):
        visit.pages(HiringCafeQuery(location="Berlin"))


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        (HiringCafeQuery(text="data engineer"), lambda p: "Data Engineer" in p.title),
        (HiringCafeQuery(remote=("remote",)), lambda p: p.remote in (Remote.REMOTE, None)),
        (HiringCafeQuery(remote=("onsite",)), lambda p: p.remote in (Remote.ONSITE, None)),
        (HiringCafeQuery(seniority=("mid",)), lambda p: p.seniority in (Seniority.MID, None)),
        (
            HiringCafeQuery(employment=(Employment.CONTRACT,)),
            lambda p: p.employment in ((Employment.CONTRACT,), None),
        ),
    ],
)
def test_a_search_narrows(visit: Any, query: HiringCafeQuery, holds: Any) -> None:
    found = [posting for page in visit.pages(query) for posting in page.postings]
    assert 0 < len(found) < 330
    assert all(map(holds, found))


def test_orders(visit: Any) -> None:
    def dates(sort: Any) -> list[Any]:
        pages = visit.pages(HiringCafeQuery(sort=sort))
        return [p.posted_at for page in pages for p in page.postings if p.posted_at]

    assert dates("date") == sorted(dates("date"), reverse=True)
    assert dates("date_asc") == sorted(dates("date"))


def test_every_common_word_is_accounted_for() -> None:
    words = {*CommonQuery.__struct_fields__} - {"limit", "drop_unknown"}
    assert HiringCafe.info.filters.keys() == words
    assert HiringCafe.info.filters["posted_within_days"] is FilterSupport.AFTER


def test_the_canary_finds_something(visit: Any) -> None:
    probe = visit.collector.probe(visit.ctx)
    assert (probe.ok, probe.found) == (True, 40)
