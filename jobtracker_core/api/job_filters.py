"""Which jobs are meant: the parameters of everything that lists jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from litestar.params import QueryParameter

from jobtracker_core.api.operations import FROM_ZERO
from jobtracker_core.contract.info import WHOLE_NAME
from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.search.language import LONGEST
from jobtracker_core.storage.applications import Status
from jobtracker_core.storage.fields import Amount, Moment
from jobtracker_core.storage.job_filters import Dismissed, Filters, Sort
from jobtracker_core.tracker import entries

_LONGEST = 200

Source: TypeAlias = Annotated[
    str | None, QueryParameter(description="Only of this collector", pattern=WHOLE_NAME)
]
Search: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        description='What to look for, in the query language: words, "phrases", -not, OR, and '
        "fields such as title:, company:, place:, source:, remote:, pay:>80k, posted:<7d, "
        "status:applied or is:new",
        max_length=LONGEST,
    ),
]
CompanyText: TypeAlias = Annotated[
    str | None,
    QueryParameter(description="Only with this text in the company's name", max_length=_LONGEST),
]
CompanyNumber: TypeAlias = Annotated[
    int | None, QueryParameter(description="Only of the company of this number", ge=1)
]
PlaceText: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        description="Only with this text in place, city or region, or of the country of these two "
        "letters",
        max_length=_LONGEST,
    ),
]
OfRemote: TypeAlias = Annotated[Remote | None, QueryParameter(description="Only of this kind")]
OfEmployment: TypeAlias = Annotated[
    Employment | None, QueryParameter(description="Only with this among its kinds")
]
OfSeniority: TypeAlias = Annotated[
    Seniority | None, QueryParameter(description="Only of this level")
]
PayFrom: TypeAlias = Annotated[
    float | None,
    QueryParameter(
        description="Only with pay that reaches so much a year",
        ge=0,
        le=1e12,
        schema_extra=FROM_ZERO,
    ),
]
PayCurrency: TypeAlias = Annotated[
    str | None,
    QueryParameter(description="Only with pay in this currency (ISO 4217)", pattern="^[A-Z]{3}$"),
]
PostedSince: TypeAlias = Annotated[
    datetime | None, QueryParameter(description="Only posted at this time or later")
]
NewSince: TypeAlias = Annotated[
    datetime | None, QueryParameter(description="Only first seen at this time or later")
]
SeenSince: TypeAlias = Annotated[
    datetime | None, QueryParameter(description="Only last seen at this time or later")
]
Closed: TypeAlias = Annotated[
    bool | None, QueryParameter(description="Only those that have ended, or only open ones")
]
OfStatus: TypeAlias = Annotated[
    Status | None, QueryParameter(description="Only with an application of this status")
]
HasApplication: TypeAlias = Annotated[
    bool | None, QueryParameter(description="Only with an application, or only without one")
]
OfDismissed: TypeAlias = Annotated[
    Dismissed, QueryParameter(description="Leave out jobs that were dismissed, or others, or none")
]
OfTag: TypeAlias = Annotated[
    str | None, QueryParameter(description="Only with this tag", max_length=_LONGEST)
]
ChangedByRun: TypeAlias = Annotated[
    int | None, QueryParameter(description="Only known jobs that this run found changed", ge=1)
]
InOrder: TypeAlias = Annotated[
    Sort,
    QueryParameter(
        description="The latest first, or the best paid; unknown ones last. By `relevance`, the "
        "latest that are found, at most 1,000, the best of them first"
    ),
]


def read_filters(
    source: Source = None,
    search: Search = None,
    company: CompanyText = None,
    company_id: CompanyNumber = None,
    place: PlaceText = None,
    remote: OfRemote = None,
    employment: OfEmployment = None,
    seniority: OfSeniority = None,
    pay_from: PayFrom = None,
    pay_currency: PayCurrency = None,
    posted_since: PostedSince = None,
    new_since: NewSince = None,
    seen_since: SeenSince = None,
    closed: Closed = None,
    status: OfStatus = None,
    has_application: HasApplication = None,
    dismissed: OfDismissed = "hide",
    tag: OfTag = None,
    changed_by_run: ChangedByRun = None,
) -> Filters:
    """Read which jobs are meant; raises FormError for a year or an amount that is a slip."""
    return Filters(
        source=source,
        text=search,
        company=company,
        company_id=company_id,
        place=place,
        remote=remote,
        employment=employment,
        seniority=seniority,
        pay_from=entries.check_value("pay_from", pay_from, Amount | None),
        pay_currency=pay_currency,
        posted_since=entries.check_value("posted_since", posted_since, Moment | None),
        new_since=entries.check_value("new_since", new_since, Moment | None),
        seen_since=entries.check_value("seen_since", seen_since, Moment | None),
        closed=closed,
        application=status,
        has_application=has_application,
        dismissed=dismissed,
        tag=tag,
        changed_by_run=changed_by_run,
    )
