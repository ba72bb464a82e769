"""`/api/v1/contacts`: people at companies, as the person entered them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from jobtracker_core.api.links import NEXT, leading_on
from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.preconditions import ETAG, IfMatch, IfNoneMatch, expected_version, tagged
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.storage.contacts import Contact, ContactChanges, ContactDraft, ContactList
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.tracker import JobTracker

MOST_PER_PAGE = 200
_LONGEST_MARK = 64

ContactId = Annotated[int, PathParameter(description="The contact's number", ge=1)]
OfCompany = Annotated[int | None, QueryParameter(description="Only of this company", ge=1)]
OfApplication = Annotated[int | None, QueryParameter(description="Only of this application", ge=1)]
_GONE = (HTTPStatus.NOT_FOUND,)
_CHANGED = (HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED)


@get(
    "/",
    **operation(
        "listContacts",
        "List contacts, the latest first",
        description="Go on with `after`, or follow the Link header.",
        scope=Scope.JOBS_READ,
        headers=[NEXT],
    ),
)
def list_contacts(
    tracker: NamedDependency[JobTracker],
    company_id: OfCompany = None,
    application_id: OfApplication = None,
    limit: Annotated[
        int, QueryParameter(description="Contacts at most", ge=1, le=MOST_PER_PAGE)
    ] = 50,
    after: Annotated[
        str | None,
        QueryParameter(description="Go on after this mark", max_length=_LONGEST_MARK),
    ] = None,
) -> Response[ContactList]:
    """List contacts."""
    try:
        found = tracker.contacts.list(
            company_id=company_id, application_id=application_id, limit=limit, after=after
        )
    except NotFound as error:
        raise wrong("after", str(error)) from error
    words = {"company_id": company_id, "application_id": application_id, "limit": limit}
    return leading_on(found, None if found.after is None else {**words, "after": found.after})


@post(
    "/",
    **operation(
        "createContact",
        "Enter a contact",
        description="Of a company, or of an application.",
        scope=Scope.JOBS_WRITE,
        errors=_GONE,
        headers=[ETAG],
        once=True,
    ),
)
def create_contact(
    tracker: NamedDependency[JobTracker], data: JSONBody[ContactDraft]
) -> Response[Contact]:
    """Enter a contact."""
    made = tracker.contacts.create(data)
    return tagged(made, made.version)


@get(
    "/{contact_id:int}",
    **operation(
        "getContact",
        "Show a contact",
        description="The `ETag` of the answer is its version.",
        scope=Scope.JOBS_READ,
        errors=_GONE,
        headers=[ETAG],
    ),
)
def get_contact(
    tracker: NamedDependency[JobTracker],
    contact_id: ContactId,
    if_none_match: IfNoneMatch = None,
) -> Response[Contact]:
    """Show a contact."""
    found = tracker.contacts.get(contact_id)
    return tagged(found, found.version, if_none_match)


@put(
    "/{contact_id:int}",
    **operation(
        "updateContact",
        "Change a contact",
        description="What is absent stays, null empties.",
        scope=Scope.JOBS_WRITE,
        errors=_CHANGED,
        headers=[ETAG],
    ),
)
def update_contact(
    tracker: NamedDependency[JobTracker],
    contact_id: ContactId,
    data: JSONBody[ContactChanges],
    if_match: IfMatch = None,
) -> Response[Contact]:
    """Change a contact."""
    changed = tracker.contacts.update(contact_id, data, expected_version=expected_version(if_match))
    return tagged(changed, changed.version)


@delete(
    "/{contact_id:int}",
    **operation(
        "deleteContact",
        "Delete a contact",
        description="The company or the application stays.",
        scope=Scope.JOBS_WRITE,
        errors=_CHANGED,
    ),
)
def delete_contact(
    tracker: NamedDependency[JobTracker], contact_id: ContactId, if_match: IfMatch = None
) -> None:
    """Delete a contact."""
    tracker.contacts.delete(contact_id, expected_version=expected_version(if_match))


def contacts_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/contacts",
        route_handlers=[list_contacts, create_contact, get_contact, update_contact, delete_contact],
        guards=[refuse_unknown_parameters],
        tags=["contacts"],
    )
