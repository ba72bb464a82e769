"""`/api/v1/companies`: employers, by name."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from jobtracker_core.api.links import NEXT, leading_on
from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.preconditions import ETAG, IfMatch, IfNoneMatch, expected_version, tagged
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.companies import (
    Company,
    CompanyChanges,
    CompanyDraft,
    CompanyList,
    FoundCompany,
)
from jobtracker_core.storage.company_figures import CompanyFigures
from jobtracker_core.storage.fields import Name
from jobtracker_core.tracker import JobTracker

_LONGEST_MARK = 1_000
_MOST_AT_ONCE = 500

CompanyId = Annotated[int, PathParameter(description="The company's number")]
CompanyText = Annotated[
    str | None,
    QueryParameter(description="Only with this text in the name", max_length=200),
]


class CompanyName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A company's name in whatever spelling."""

    name: Annotated[Name, Meta(description="In whatever spelling")]


@get(
    "/",
    **operation(
        "listCompanies",
        "List companies by name",
        description="Go on with `after`, or follow the Link header.",
        scope=Scope.JOBS_READ,
        headers=[NEXT],
    ),
)
def list_companies(
    tracker: NamedDependency[JobTracker],
    search: CompanyText = None,
    limit: Annotated[int, QueryParameter(description="Companies at most", ge=1, le=200)] = 50,
    after: Annotated[
        str | None,
        QueryParameter(description="Go on after the mark a list gave", max_length=_LONGEST_MARK),
    ] = None,
    before: Annotated[
        str | None,
        QueryParameter(description="Go back before this mark", max_length=_LONGEST_MARK),
    ] = None,
) -> Response[CompanyList]:
    """List companies."""
    if after is not None and before is not None:
        raise wrong("before", "cannot stand together with `after`")
    found = tracker.companies.list(text=search, limit=limit, after=after, before=before)
    words = {"search": search, "limit": limit, "after": found.after}
    return leading_on(found, None if found.after is None else words)


@get(
    "/figures",
    **operation(
        "countOfCompanies",
        "Count the jobs and applications of several companies",
        description="In the order of the numbers; companies that are not there have none.",
        scope=Scope.JOBS_READ,
    ),
)
def count_of_companies(
    tracker: NamedDependency[JobTracker],
    company_ids: Annotated[
        str,
        QueryParameter(
            description=f"Numbers of at most {_MOST_AT_ONCE} companies, with commas between them",
            pattern=r"^\d{1,18}(,\d{1,18})*$",
            max_length=19 * _MOST_AT_ONCE,
        ),
    ],
) -> tuple[CompanyFigures, ...]:
    """Count the jobs and applications of several companies."""
    return tracker.companies.figures([int(number) for number in company_ids.split(",")])


@post(
    "/",
    **operation(
        "createCompany",
        "Enter a company",
        description="409 where the name is another spelling of one that is there.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.CONFLICT,),
        headers=[ETAG],
        once=True,
    ),
)
def create_company(
    tracker: NamedDependency[JobTracker], data: JSONBody[CompanyDraft]
) -> Response[Company]:
    """Enter a company."""
    made = tracker.companies.create(data)
    return tagged(made, made.version)


@post(
    "/find-or-create",
    status_code=HTTPStatus.OK,
    **operation(
        "findOrCreateCompany",
        "Find the company of a name, or make it",
        description="All spellings of a name are one company.",
        scope=Scope.JOBS_WRITE,
        once=True,
    ),
)
def find_or_create_company(
    tracker: NamedDependency[JobTracker], data: JSONBody[CompanyName]
) -> FoundCompany:
    """Find the company of a name, or make it."""
    return tracker.companies.find_or_create(data.name)


@get(
    "/{company_id:int}",
    **operation(
        "getCompany",
        "Show a company",
        description="The `ETag` of the answer is its version.",
        scope=Scope.JOBS_READ,
        errors=(HTTPStatus.NOT_FOUND,),
        headers=[ETAG],
    ),
)
def get_company(
    tracker: NamedDependency[JobTracker], company_id: CompanyId, if_none_match: IfNoneMatch = None
) -> Response[Company]:
    """Show a company."""
    found = tracker.companies.get(company_id)
    return tagged(found, found.version, if_none_match)


@put(
    "/{company_id:int}",
    **operation(
        "updateCompany",
        "Change a company",
        description="What is absent stays, null empties. Another name is how it is shown; what "
        "sites call it still finds it.",
        scope=Scope.JOBS_WRITE,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED),
        headers=[ETAG],
    ),
)
def update_company(
    tracker: NamedDependency[JobTracker],
    company_id: CompanyId,
    data: JSONBody[CompanyChanges],
    if_match: IfMatch = None,
) -> Response[Company]:
    """Change a company."""
    expected = expected_version(if_match)
    changed = tracker.companies.update(company_id, data, expected_version=expected)
    return tagged(changed, changed.version)


def companies_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/companies",
        route_handlers=[
            *(list_companies, count_of_companies, create_company, find_or_create_company),
            *(get_company, update_company),
        ],
        guards=[refuse_unknown_parameters],
        tags=["companies"],
    )
