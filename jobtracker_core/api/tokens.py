"""`/api/v1/tokens`: what programs may do."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any

from litestar import Request, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from jobtracker_core.api.operations import ANY, operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.info import WHOLE_NAME
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.tokens import Token
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.tokens import DEFAULT_LIFE, LONGEST_LIFE, NewToken


class TokenRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token that is to be made."""

    name: Annotated[
        str, Meta(description="What it is for, as lists show it", min_length=1, max_length=100)
    ]
    scopes: Annotated[
        list[Scope], Meta(description="What it may do", min_length=1, max_length=len(Scope))
    ]
    days: (
        Annotated[
            int,
            Meta(
                description="How long it is good; null makes one that does not expire",
                ge=1,
                le=LONGEST_LIFE.days,
            ),
        ]
        | None
    ) = DEFAULT_LIFE.days
    collector: (
        Annotated[
            str,
            Meta(
                description="The only collector that it may send pages of; for `ingest`",
                pattern=WHOLE_NAME,
            ),
        ]
        | None
    ) = None


class Current(Struct, frozen=True, kw_only=True):
    """The token that a request brought, and the program that it came to."""

    token: Token
    version: str


@get(
    "/current",
    **operation(
        "getCurrentToken",
        "Show the token that is sent",
        description="With the version of the server. Every token may ask, whatever it allows.",
        scope=ANY,
    ),
)
def get_current_token(request: Request[Actor, Token, Any]) -> Current:
    """Show the token that is sent."""
    return Current(token=request.auth, version=version("jobtracker-core"))


@get(
    "/",
    **operation(
        "listTokens",
        "List tokens, the newest first",
        description="Without their secrets.",
        scope=Scope.ADMIN,
    ),
)
def list_tokens(
    tracker: NamedDependency[JobTracker],
    revoked: Annotated[bool, QueryParameter(description="With those that were revoked")] = False,  # noqa: FBT002
) -> tuple[Token, ...]:
    """List tokens."""
    return tracker.tokens.list(with_revoked=revoked)


@post(
    "/",
    **operation(
        "createToken",
        "Make a token",
        description="`text` is what programs send; it is shown this once, and not even to the same "
        "request sent again.",
        scope=Scope.ADMIN,
        once=True,
    ),
)
def create_token(tracker: NamedDependency[JobTracker], data: JSONBody[TokenRequest]) -> NewToken:
    """Make a token."""
    return tracker.tokens.create(
        data.name,
        data.scopes,
        expires_in=None if data.days is None else timedelta(days=data.days),
        collector=data.collector,
    )


@delete(
    "/{token_id:int}",
    **operation(
        "revokeToken",
        "Have a token open nothing any more",
        description="Here at once, in other processes within a second.",
        scope=Scope.ADMIN,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def revoke_token(
    tracker: NamedDependency[JobTracker],
    token_id: Annotated[int, PathParameter(description="The token's number", ge=1)],
) -> None:
    """Revoke a token."""
    tracker.tokens.revoke(token_id)


def tokens_router() -> Router:
    """Make the routes of this resource."""
    return Router(
        "/tokens",
        route_handlers=[list_tokens, get_current_token, create_token, revoke_token],
        guards=[refuse_unknown_parameters],
        tags=["tokens"],
    )
