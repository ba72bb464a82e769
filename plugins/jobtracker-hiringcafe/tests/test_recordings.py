"""The collector on real answers of the real site, served by a server of our own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from jobtracker_core import (
    Employment,
    LayoutChanged,
    PayInterval,
    PayKind,
    Posting,
    Precision,
    Remote,
    Seniority,
)
from jobtracker_core.testing.practice import PracticeSite, Reply, Seen

HIT = "SSR_pageProps_us_clinical-research-associate_5hits_2026-08-24.json"


class RecordedSite(PracticeSite):
    """Answers with recorded bodies."""

    faults: ClassVar[frozenset[str]] = frozenset({"only_rendered"})

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def answer(self, request: Seen) -> Reply:
        if request.path.startswith("/_next/data/"):
            if "only_rendered" in request.faults:
                return Reply.html("<html></html>")
            return Reply(body=self._read("ASSEMBLED_next-data_index_5real-hits.json"))
        if request.path == "/api/job-description":
            if request.query["id"] == self.items()[0]["objectID"]:
                return Reply(body=self._read("SSR_api_job-description_alameda_2026-08-24.json"))
            return Reply(status=404, body=self._read("SSR_api_job-description_404.json"))
        if request.path == "/":
            page = self._read("ASSEMBLED_search-page_5real-hits.html")
            return Reply(body=page, content_type="text/html; charset=utf-8")
        return Reply(status=401, body=self._read("OLD_search-jobs_401.json"))

    def items(self) -> list[dict[str, Any]]:
        """The recorded hits."""
        items: list[dict[str, Any]] = json.loads(self._read(HIT))["ssrHits"]
        return items

    def _read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


@pytest.fixture
def recorded(recordings: Path) -> Iterator[RecordedSite]:
    with RecordedSite(recordings) as site:
        yield site


@pytest.fixture
def found(recorded: RecordedSite, visit_at: Callable[[str], Any]) -> tuple[Posting, ...]:
    (page,) = visit_at(recorded.base_url).pages(most=1)
    assert (page.total_hint, page.cursor, page.skipped) == (1632, "1", ())
    return tuple(page.postings)


def test_five_hits_say_what_the_files_say(
    recorded: RecordedSite, found: tuple[Posting, ...]
) -> None:
    items = recorded.items()
    assert len(found) == len(items) == 5
    for posting, item in zip(found, items, strict=True):
        job = item["v5_processed_job_data"]
        assert posting.source_id == item["id"]
        assert posting.url == f"https://hiringcafe.com/job/{item['requisition_id']}"
        assert posting.title == item["job_information"]["title"]
        assert posting.company == item["enriched_company_data"]["name"]
        assert posting.apply_url == item["apply_url"]
        assert posting.closed is False
        assert posting.skills == tuple(job["technical_tools"])
        assert posting.posted_at == datetime.fromisoformat(job["estimated_publish_date"])
        assert posting.posted_precision is Precision.ESTIMATED
        assert posting.places is not None
        (place,) = posting.places
        assert f"{place.city}, {place.region}, {place.country}" == job["workplace_cities"][0]
        assert place.text == job["formatted_workplace_location"]
        point = {"lat": place.latitude, "lon": place.longitude}
        assert [point] == item["_geoloc"]
        facts = posting.company_facts
        assert facts is not None
        assert facts.homepage == f"https://{item['enriched_company_data']['homepage_uri']}"
        assert facts.founded == item["enriched_company_data"]["year_founded"]


def test_what_the_five_hits_mean(found: tuple[Posting, ...]) -> None:
    assert [posting.remote for posting in found] == [
        Remote.ONSITE,
        Remote.HYBRID,
        Remote.ONSITE,
        Remote.ONSITE,
        Remote.ONSITE,
    ]
    assert [posting.employment for posting in found] == [
        (Employment.TEMPORARY,),
        (Employment.FULL_TIME,),
        (Employment.FULL_TIME,),
        (Employment.PART_TIME,),
        (Employment.FULL_TIME,),
    ]
    assert [posting.seniority for posting in found] == [
        Seniority.ENTRY,
        Seniority.ENTRY,
        Seniority.MID,
        Seniority.ENTRY,
        Seniority.MID,
    ]


def test_pay_of_the_five_hits(recorded: RecordedSite, found: tuple[Posting, ...]) -> None:
    hour, year = ("hourly", PayInterval.HOUR), ("yearly", PayInterval.YEAR)
    for posting, item, (prefix, interval) in zip(
        found, recorded.items(), (hour, year, hour, hour, hour), strict=True
    ):
        pay, job = posting.pay, item["v5_processed_job_data"]
        assert pay is not None
        assert pay.min == job[f"{prefix}_min_compensation"]
        assert pay.max == job[f"{prefix}_max_compensation"]
        assert (pay.currency, pay.interval, pay.kind) == ("USD", interval, PayKind.STATED)


def test_the_rendered_page_gives_the_same(
    recorded: RecordedSite, found: tuple[Posting, ...], visit_at: Callable[[str], Any]
) -> None:
    recorded.fail("only_rendered")
    (page,) = visit_at(recorded.base_url).pages(most=1)
    assert tuple(page.postings) == found


def test_the_description_of_the_first_and_none_of_the_second(
    recorded: RecordedSite, found: tuple[Posting, ...], visit_at: Callable[[str], Any]
) -> None:
    visit = visit_at(recorded.base_url)
    first, second = found[:2]
    answer = json.loads(
        (recorded.folder / "SSR_api_job-description_alameda_2026-08-24.json").read_bytes()
    )
    assert visit.details(first).description == answer["job"]["job_information"]["description"]
    assert visit.details(second).closed is True


def test_other_users_are_in_the_raw_item_under_private_keys(found: tuple[Posting, ...]) -> None:
    from jobtracker_hiringcafe import HiringCafe  # noqa: PLC0415

    for posting in found:
        assert isinstance(posting.raw, dict)
        lists = {
            key for key, value in posting.raw["job_information"].items() if isinstance(value, list)
        }
        assert lists
        assert lists <= HiringCafe.info.private.json_keys


def test_the_closed_api_is_an_error(recorded: RecordedSite, visit_at: Callable[[str], Any]) -> None:
    visit = visit_at(recorded.base_url)
    with pytest.raises(LayoutChanged) as raised:
        visit.ctx.http.get(f"{recorded.base_url}/api/search-jobs")
    assert str(raised.value.error_class) == "auth"


def test_a_hit_of_the_old_api_is_still_read(recordings: Path) -> None:
    import msgspec  # noqa: PLC0415

    from jobtracker_hiringcafe import parse  # noqa: PLC0415
    from jobtracker_hiringcafe.wire import Hit  # noqa: PLC0415

    name = "OLD_search-jobs_1hit_hourly-wage_2025-06-30.json"
    (item,) = json.loads((recordings / name).read_bytes())["results"]
    posting = parse.posting(msgspec.convert(item, Hit), item)
    job = item["v5_processed_job_data"]
    assert posting.pay is not None
    assert posting.pay.interval is PayInterval.HOUR
    assert posting.pay.min == job["hourly_min_compensation"]
    assert posting.title == item["job_information"]["title"]
