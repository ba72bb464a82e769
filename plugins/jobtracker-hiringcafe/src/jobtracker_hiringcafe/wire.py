"""What hiringcafe.com sends and understands, as it was in autumn 2026.

Only an item's id and title are mandatory. Every other part of it is declared as anything and read
by `part()`, field by field, so that one odd value costs that value and never the posting.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field, structs

T = TypeVar("T", bound=Struct)


class JobInformation(Struct, frozen=True, kw_only=True):
    """The employer's own words. Lists of other users' ids stand beside them: not read, private."""

    title: str | None = None


class ProcessedJob(Struct, frozen=True, kw_only=True):
    """What the site's own reading of the posting made of it (`v5_processed_job_data`).

    All the amounts are one and the same pay, converted; `listed_compensation_frequency` says which
    of them stood in the posting.
    """

    core_job_title: str | None = None
    company_name: str | None = None
    company_website: str | None = None
    company_sector_and_industry: str | None = None
    company_tagline: str | None = None
    commitment: list[str] | None = None
    seniority_level: str | None = None
    technical_tools: list[str] | None = None
    workplace_type: str | None = None
    workplace_cities: list[str] | None = None
    workplace_states: list[str] | None = None
    workplace_countries: list[str] | None = None
    formatted_workplace_location: str | None = None
    estimated_publish_date: str | None = None
    estimated_publish_date_millis: float | None = None
    is_compensation_transparent: bool | None = None
    listed_compensation_currency: str | None = None
    listed_compensation_frequency: str | None = None
    hourly_min_compensation: float | None = None
    hourly_max_compensation: float | None = None
    daily_min_compensation: float | None = None
    daily_max_compensation: float | None = None
    weekly_min_compensation: float | None = None
    weekly_max_compensation: float | None = None
    bi_weekly_min_compensation: float | None = field(
        default=None, name="bi-weekly_min_compensation"
    )
    bi_weekly_max_compensation: float | None = field(
        default=None, name="bi-weekly_max_compensation"
    )
    monthly_min_compensation: float | None = None
    monthly_max_compensation: float | None = None
    yearly_min_compensation: float | None = None
    yearly_max_compensation: float | None = None


class EnrichedCompany(Struct, frozen=True, kw_only=True):
    """The employer, looked up by the site; to be believed if `status` is VALID_COMPANY."""

    status: str | None = None
    name: str | None = None
    homepage_uri: str | None = None
    hq_country: str | None = None
    industries: list[str] | None = None
    nb_employees: int | None = None
    year_founded: int | None = None
    tagline: str | None = None


class GeoPoint(Struct, frozen=True, kw_only=True):
    """A place on the map; the list of them has no stated order beyond that of the cities."""

    lat: float
    lon: float


class Hit(Struct, frozen=True, kw_only=True):
    """A posting in a list. Without an id or a title it is unreadable."""

    object_id: str = field(name="objectID")
    job_information: Any = None
    v5_processed_job_data: Any = None
    enriched_company_data: Any = None
    geoloc: Any = field(default=None, name="_geoloc")
    requisition_id: Any = None
    board_token: Any = None
    source: Any = None
    apply_url: Any = None
    is_expired: Any = None

    def __post_init__(self) -> None:
        if not self.object_id:
            raise ValueError("`objectID` is empty")
        if not self.title:
            raise ValueError("neither `job_information.title` nor `core_job_title` has a title")

    @property
    def title(self) -> str | None:
        """The employer's title, else the site's."""
        own = part(self.job_information, JobInformation).title
        return own or part(self.v5_processed_job_data, ProcessedJob).core_job_title


class PageProps(Struct, frozen=True, kw_only=True):
    """A list page. `ssrError` comes with status 200 and no hits; hits are raw items."""

    hits: list[Any] | None = field(default=None, name="ssrHits")
    total: int | None = field(default=None, name="ssrTotalCount")
    is_last: bool | None = field(default=None, name="ssrIsLastPage")
    error: Any = field(default=None, name="ssrError")


class DataAnswer(Struct, frozen=True, kw_only=True):
    """The body of `/_next/data/{buildId}/index.json`."""

    page_props: PageProps = field(name="pageProps")


class NextData(Struct, frozen=True, kw_only=True):
    """The script `__NEXT_DATA__` inside a server-rendered page."""

    props: DataAnswer


class Description(Struct, frozen=True, kw_only=True):
    """The part of a posting that only its own answer has; HTML."""

    description: str


class DescribedJob(Struct, frozen=True, kw_only=True):
    """A posting in the answer of `/api/job-description`."""

    job_information: Description
    object_id: str | None = field(default=None, name="objectID")


class DescriptionAnswer(Struct, frozen=True, kw_only=True):
    """The body of `/api/job-description`, status 200."""

    job: DescribedJob


class Refusal(Struct, frozen=True, kw_only=True):
    """The body of an answer with an error status."""

    error: str


class Suggestion(Struct, frozen=True, kw_only=True):
    """A place that `/api/searchLocation` knows; its detail goes back as it came."""

    label: str
    place_detail: dict[str, Any] = field(name="placeDetail")


class SearchState(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What is asked for. Only what is set is sent."""

    default_to_user_location: bool
    search_query: str | None = None
    locations: tuple[dict[str, Any], ...] = ()
    workplace_types: tuple[str, ...] = ()
    commitment_types: tuple[str, ...] = ()
    seniority_level: tuple[str, ...] = ()
    date_fetched_past_n_days: int | None = field(default=None, name="dateFetchedPastNDays")
    min_compensation_low_end: int | None = None
    calc_frequency: str | None = None
    sort_by: str | None = None


PARTS: dict[str, Any] = {
    "job_information": JobInformation,
    "v5_processed_job_data": ProcessedJob,
    "enriched_company_data": EnrichedCompany,
}
"""The optional parts of a hit that `part()` reads."""


def part(raw: object, type: type[T]) -> T:  # noqa: A002
    """Read an optional part of an item; a field of an unexpected type counts as missing."""
    whole = one(raw, type)
    if whole is not None or not isinstance(raw, dict):
        return whole or type()
    fields = structs.fields(type)
    return type(**{f.name: one(raw.get(f.encode_name), f.type) for f in fields})


def one(raw: object, type: Any) -> Any:  # noqa: A002
    """Read an optional value; None if it is not of that type."""
    try:
        return msgspec.convert(raw, type)
    except msgspec.ValidationError:
        return None


def misfits(hit: Hit) -> list[str]:
    """Name the optional values of a hit that are there and that `part()` cannot read."""
    odd: list[str] = []
    for name, type_ in PARTS.items():
        raw = getattr(hit, name)
        if raw is None or one(raw, type_) is not None:
            continue
        if not isinstance(raw, dict):
            odd.append(name)
            continue
        for each in structs.fields(type_):
            value = raw.get(each.encode_name)
            if value is not None and one(value, each.type) is None:
                odd.append(f"{name}.{each.encode_name}")
    return odd
