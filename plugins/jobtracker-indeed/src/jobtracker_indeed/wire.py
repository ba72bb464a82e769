"""What apis.indeed.com sends, as it was in autumn 2026.

A GraphQL answer holds what the query asks for, so what is missing was not asked for or is no longer
known by that name. Of a posting only `key` and `title` are mandatory; every other part is read by
`lenient()`, field by field, so that one odd value costs that value and never the posting.
"""

from __future__ import annotations

from typing import Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct, structs

T = TypeVar("T", bound=Struct)

PROMISED = frozenset(
    {
        "dateOnIndeed",
        "description",
        "location",
        "compensation",
        "attributes",
        "employer",
        "recruit",
        "sourceEmployerName",
    }
)
"""What python-jobspy's query asks of a posting beside `key` and `title`."""


class PageInfo(Struct, frozen=True, kw_only=True, rename="camel"):
    """`nextCursor` is mandatory: null is the end of the results, a missing one is not."""

    next_cursor: str | None


class JobSearch(Struct, frozen=True, kw_only=True, rename="camel"):
    """A list page; results are raw items."""

    page_info: PageInfo
    results: list[Any]


class Data(Struct, frozen=True, kw_only=True, rename="camel"):
    """The part of an answer that was asked for."""

    job_search: JobSearch | None = None


class Extensions(Struct, frozen=True, kw_only=True):
    """What an error says to programs."""

    code: str | None = None


class GraphError(Struct, frozen=True, kw_only=True):
    """One of an answer's errors; they come with status 200 as a rule."""

    message: str | None = None
    extensions: Extensions | None = None

    @property
    def code(self) -> str:
        """Its code, such as BAD_USER_INPUT; "" where it has none."""
        return (self.extensions.code if self.extensions else None) or ""


class Answer(Struct, frozen=True, kw_only=True):
    """The body of every answer."""

    data: Data | None = None
    errors: list[GraphError] | None = None


class Item(Struct, frozen=True, kw_only=True):
    """A posting's identity. Without an id or a title it is unreadable."""

    key: str
    title: str

    def __post_init__(self) -> None:
        for name in ("key", "title"):
            if not getattr(self, name).strip():
                raise ValueError(f"`{name}` is empty")


class Result(Struct, frozen=True, kw_only=True):
    """One of `results`."""

    job: Item


class Description(Struct, frozen=True, kw_only=True):
    """The posting's text, HTML."""

    html: str | None = None


class FormattedLocation(Struct, frozen=True, kw_only=True):
    """A place as the site shows it."""

    long: str | None = None
    short: str | None = None


class Location(Struct, frozen=True, kw_only=True, rename="camel"):
    """A place. The city may be "Remote", and then its coordinates are made up."""

    country_code: str | None = None
    admin1_code: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    formatted: FormattedLocation | None = None


class Range(Struct, frozen=True, kw_only=True):
    """Amounts of pay: both ends, one of them, or the exact `value`."""

    min: float | None = None
    max: float | None = None
    value: float | None = None


class Salary(Struct, frozen=True, kw_only=True, rename="camel"):
    """Pay for one unit of work: HOUR, DAY, WEEK, MONTH or YEAR."""

    unit_of_work: str | None = None
    range: Range | None = None


class Estimate(Struct, frozen=True, kw_only=True, rename="camel"):
    """Indeed's own guess at the pay."""

    base_salary: Salary | None = None
    currency_code: str | None = None


class Compensation(Struct, frozen=True, kw_only=True, rename="camel"):
    """The employer's figure, and Indeed's."""

    base_salary: Salary | None = None
    currency_code: str | None = None
    estimated: Estimate | None = None


class Attribute(Struct, frozen=True, kw_only=True):
    """A tag, told by its key whatever the language of its label."""

    key: str


class EmployerDetails(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the employer's page says."""

    addresses: list[str | None] | None = None
    industry: str | None = None
    employees_localized_label: str | None = None
    brief_description: str | None = None


class Images(Struct, frozen=True, kw_only=True, rename="camel"):
    """The employer's logo."""

    square_logo_url: str | None = None


class Links(Struct, frozen=True, kw_only=True, rename="camel"):
    """The employer's own addresses."""

    corporate_website: str | None = None


class Dossier(Struct, frozen=True, kw_only=True, rename="camel"):
    """What Indeed keeps of the employer."""

    employer_details: EmployerDetails | None = None
    images: Images | None = None
    links: Links | None = None


class Employer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The employer, where Indeed has a page of it."""

    name: str | None = None
    relative_company_page_url: str | None = None
    dossier: Dossier | None = None


class Recruit(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the posting stands at the employer's; may lead to Indeed itself."""

    view_job_url: str | None = None


class Job(Struct, frozen=True, kw_only=True, rename="camel"):
    """All that is read of a posting beside its identity.

    `expired` and `language` are not in python-jobspy's query; `jobData` answers have them.
    `datePublished` is not read: of a repost it is years older than its appearance on the site.
    """

    source_employer_name: str | None = None
    date_on_indeed: float | None = None
    description: Description | None = None
    location: Location | None = None
    compensation: Compensation | None = None
    attributes: list[Attribute] | None = None
    employer: Employer | None = None
    recruit: Recruit | None = None
    expired: bool | None = None
    language: str | None = None


def lenient(raw: dict[str, Any], kind: type[T], *, path: str = "") -> tuple[T, list[str]]:
    """Read an object; name the parts that are there and not of the expected form.

    Those count as missing. `kind` has a default for every field.
    """
    try:
        return msgspec.convert(raw, kind), []
    except msgspec.ValidationError:
        found: dict[str, Any] = {}
        odd: list[str] = []
        for each in structs.fields(kind):
            value = raw.get(each.encode_name)
            found[each.name], wrong = _part(value, each.type, f"{path}{each.encode_name}")
            odd += wrong
        return kind(**found), odd


def _part(value: Any, kind: Any, path: str) -> tuple[Any, list[str]]:
    """Read an optional part: `kind` is `X | None`."""
    try:
        return msgspec.convert(value, kind), []
    except msgspec.ValidationError:
        (inner,) = (each for each in get_args(kind) if each is not type(None))
        if get_origin(inner) is list and isinstance(value, list):
            (element,) = get_args(inner)
            whole = [one for one in value if _fits(one, element)]
            return [msgspec.convert(one, element) for one in whole], [f"{path}[]"]
        if isinstance(inner, type) and issubclass(inner, Struct) and isinstance(value, dict):
            return lenient(value, inner, path=f"{path}.")
        return None, [path]


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
