"""`/api/v1/proxies` and `/api/v1/proxy-pools`: ways out that runs can take."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from jobtracker_core.api.operations import operation
from jobtracker_core.api.parameters import refuse_unknown_parameters
from jobtracker_core.api.problems import wrong
from jobtracker_core.contract.access import Scope
from jobtracker_core.contract.info import WHOLE_NAME
from jobtracker_core.storage.proxies import ProxyPool, ProxyStatus
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.proxies import DEFAULT_POOL, ProxyTest

_LONGEST = 100
_LONGEST_ADDRESS = 2_000

Pool = Annotated[
    str | None, QueryParameter(description="Only of this pool", min_length=1, max_length=_LONGEST)
]


class NewProxy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A proxy that is to be used."""

    url: Annotated[
        str,
        Meta(
            description="`SCHEME://[USER:PASSWORD@]HOST:PORT`; the user and the password are never "
            "shown again",
            min_length=1,
            max_length=_LONGEST_ADDRESS,
        ),
    ]
    pool: Annotated[
        str, Meta(description="Its pool, made if need be", min_length=1, max_length=_LONGEST)
    ] = DEFAULT_POOL
    label: (
        Annotated[
            str,
            Meta(description="What it is shown as; host and port if absent", max_length=_LONGEST),
        ]
        | None
    ) = None


class ProxyTrial(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What proxies are to be tested with: either a collector or an address."""

    collector: (
        Annotated[
            str,
            Meta(description="Its site's homepage is asked for", pattern=WHOLE_NAME),
        ]
        | None
    ) = None
    url: (
        Annotated[
            str,
            Meta(
                description="An http(s) address that is asked for; it may lead inside only where "
                "the setting `allow_private_addresses` says so",
                min_length=1,
                max_length=_LONGEST_ADDRESS,
            ),
        ]
        | None
    ) = None
    pool: (
        Annotated[str, Meta(description="Only this pool", min_length=1, max_length=_LONGEST)] | None
    ) = None


@get(
    "/",
    **operation(
        "listProxies",
        "List proxies by pool",
        description="Without users and passwords.",
        scope=Scope.ADMIN,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def list_proxies(
    tracker: NamedDependency[JobTracker], pool: Pool = None
) -> tuple[ProxyStatus, ...]:
    """List proxies."""
    return tracker.proxies.list(pool=pool)


@post(
    "/",
    **operation(
        "createProxy",
        "Add a proxy to a pool",
        description="Its pool is made if need be. 409 where the pool has one of that label.",
        scope=Scope.ADMIN,
        errors=(HTTPStatus.CONFLICT,),
        once=True,
    ),
)
def create_proxy(tracker: NamedDependency[JobTracker], data: JSONBody[NewProxy]) -> ProxyStatus:
    """Add a proxy."""
    return tracker.proxies.add(data.url, pool=data.pool, label=data.label)


@delete(
    "/{proxy_id:int}",
    **operation(
        "deleteProxy",
        "Remove a proxy",
        description="Its pool stays, and a run that is to go through it never goes out directly.",
        scope=Scope.ADMIN,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def delete_proxy(
    tracker: NamedDependency[JobTracker],
    proxy_id: Annotated[int, PathParameter(description="The proxy's number", ge=1)],
) -> None:
    """Remove a proxy."""
    tracker.proxies.remove(proxy_id)


@post(
    "/test",
    status_code=HTTPStatus.OK,
    **operation(
        "testProxies",
        "Ask a site once through each proxy",
        description="At the site's pace, one after the other: with many proxies it takes a while. "
        "One through which an answer came is taken out of quarantine.",
        scope=Scope.ADMIN,
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
def try_proxies(
    tracker: NamedDependency[JobTracker], data: JSONBody[ProxyTrial]
) -> tuple[ProxyTest, ...]:
    """Test proxies."""
    if (data.collector is None) == (data.url is None):
        raise wrong("url", "give either a collector or an address")
    return tracker.proxies.test(collector=data.collector, url=data.url, pool=data.pool)


@get(
    "/",
    **operation(
        "listProxyPools",
        "List pools of proxies by name",
        description="With how many proxies each has.",
        scope=Scope.JOBS_READ,
    ),
)
def list_proxy_pools(tracker: NamedDependency[JobTracker]) -> tuple[ProxyPool, ...]:
    """List pools."""
    return tracker.proxies.pools()


@delete(
    "/{name:str}",
    **operation(
        "deleteProxyPool",
        "Remove a pool with its proxies",
        description="A run that is to go through it never goes out directly.",
        scope=Scope.ADMIN,
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
def delete_proxy_pool(
    tracker: NamedDependency[JobTracker],
    name: Annotated[str, PathParameter(description="The pool's name", max_length=_LONGEST)],
) -> None:
    """Remove a pool."""
    tracker.proxies.remove_pool(name)


def proxies_router() -> Router:
    """Make the routes of proxies and of pools."""
    return Router(
        "/",
        route_handlers=[
            Router(
                "/proxies", route_handlers=[list_proxies, create_proxy, delete_proxy, try_proxies]
            ),
            Router("/proxy-pools", route_handlers=[list_proxy_pools, delete_proxy_pool]),
        ],
        guards=[refuse_unknown_parameters],
        tags=["proxies"],
    )
