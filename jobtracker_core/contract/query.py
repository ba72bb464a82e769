"""The words that searches of all sites share."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from jobtracker_core.contract.posting import Employment

RemoteChoice = Literal["onsite", "hybrid", "remote"]
"""What can be asked for; a posting may also be `unknown`."""


class CommonQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every collector's query. A subclass adds what only its site knows.

    The JSON schema of the subclass is the command line's options, the API's body and the web form.
    `CollectorInfo.filters` says how the collector treats each of these words; `drop_unknown` and
    `limit` are the core's own.
    """

    text: (
        Annotated[str, Meta(description="Words to search for", max_length=300, examples=["python"])]
        | None
    ) = None
    location: (
        Annotated[str, Meta(description="Place to search in", max_length=200, examples=["Berlin"])]
        | None
    ) = None
    distance_km: (
        Annotated[int, Meta(description="Radius around the place, in km", ge=1, le=500)] | None
    ) = None
    remote: Annotated[
        tuple[RemoteChoice, ...], Meta(description="Where the work is done (may be repeated)")
    ] = ()
    employment: Annotated[
        tuple[Employment, ...], Meta(description="Kind of engagement (may be repeated)")
    ] = ()
    posted_within_days: (
        Annotated[int, Meta(description="Published within that many days", ge=1, le=365)] | None
    ) = None
    drop_unknown: Annotated[
        bool,
        Meta(
            description="Leave out postings that do not say what a filter applied here asks for; "
            "else they are kept"
        ),
    ] = False
    limit: (
        Annotated[int, Meta(description="Stop after that many postings", ge=1, le=100_000)] | None
    ) = None
