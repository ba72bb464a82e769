"""Pools of proxies as their user sees them. Credentials go in and never come out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct, structs

from jobtracker_core.contract.errors import CollectError, ErrorClass, Transient
from jobtracker_core.contract.host import Proxy
from jobtracker_core.contract.info import Limits
from jobtracker_core.http.address import Address, Hosts, read_address
from jobtracker_core.http.classify import classify
from jobtracker_core.http.exchange import BadAddress, Request, TooLarge
from jobtracker_core.http.guard import Guard, Refused
from jobtracker_core.http.proxies import BadProxy, check_proxy
from jobtracker_core.http.ranges import Allowed
from jobtracker_core.plugins import discovery
from jobtracker_core.runner.clock import Clock
from jobtracker_core.storage import proxies, rates
from jobtracker_core.storage.errors import Busy
from jobtracker_core.storage.proxies import ProxyPool, ProxyStatus
from jobtracker_core.tracker.names import LONGEST_NAME, is_name
from jobtracker_core.tracker.stored import Installation

__all__ = ["BadAddress", "BadProxy", "LeftAlone", "Proxies", "ProxyTest"]

DEFAULT_POOL = "default"

_ANYWHERE = Limits(per_minute=60, burst=5)
"""The pace of tests at an address that is no collector's."""

_ANSWERS = range(200, 400)
_OWN_FAULTS: frozenset[ErrorClass] = frozenset({"proxy", "blocked"})


class LeftAlone(Busy):
    """The site asked for quiet: it is not asked now."""


class ProxyTest(Struct, frozen=True, kw_only=True):
    """How a proxy did.

    Attributes:
        proxy: Its state afterwards.
        ok: An answer came through it that was no refusal.
        ms: Milliseconds to the end of the answer.
        status: The HTTP status.
    """

    proxy: ProxyStatus
    ok: bool
    ms: int | None = None
    status: int | None = None
    error_class: ErrorClass | None = None
    message: str | None = None


class Proxies:
    """Proxies, in pools; a collector goes through the pool that its setting `proxy_pool` names."""

    def __init__(self, tracker: Installation, clock: Clock) -> None:
        self._tracker = tracker
        self._clock = clock

    def add(self, url: str, *, pool: str = DEFAULT_POOL, label: str | None = None) -> ProxyStatus:
        """Add a proxy, `SCHEME://[USER:PASSWORD@]HOST:PORT`; its pool is made if need be.

        The address is not shown again; `label` is, by default host and port. Raises BadProxy and
        Duplicate.
        """
        for field, name in (("pool", pool), ("label", label)):
            if name is not None and not is_name(name):
                raise BadProxy(
                    f"{field}: {name!r} is no name",
                    f"Take 1 to {LONGEST_NAME} printable characters.",
                )
        checked = check_proxy(url)
        with self._tracker.change("proxy.create") as change:
            made = proxies.add(change.db, checked, pool=pool, label=label)
            change.note(pool=made.pool, label=made.label)
            return change.made(made, f"proxy:{made.id}")

    def list(self, *, pool: str | None = None) -> tuple[ProxyStatus, ...]:
        """List proxies; raises NotFound for a pool that does not exist."""
        return proxies.list_proxies(self._tracker.database, pool=pool)

    def pools(self) -> tuple[ProxyPool, ...]:
        """List pools."""
        return proxies.list_pools(self._tracker.database)

    def remove(self, proxy_id: int) -> ProxyStatus:
        """Delete a proxy; its pool stays. Raises NotFound."""
        with self._tracker.change("proxy.delete", f"proxy:{proxy_id}") as change:
            removed = proxies.remove(change.db, proxy_id)
            change.note(pool=removed.pool, label=removed.label)
            return change.made(removed, change.target)

    def remove_pool(self, name: str) -> ProxyPool:
        """Delete a pool with its proxies; raises NotFound."""
        with self._tracker.change("proxy_pool.delete", f"proxy_pool:{name}") as change:
            return change.made(proxies.remove_pool(change.db, name), change.target)

    def test(
        self, *, collector: str | None = None, url: str | None = None, pool: str | None = None
    ) -> tuple[ProxyTest, ...]:
        """Ask for a page once through each proxy; either a collector's homepage or any `url`.

        At the site's pace, and not at all while it is left alone (LeftAlone). A proxy through which
        an answer came is taken out of quarantine. One that failed is set aside, as in a run: where
        no answer came, only if another one had one. Raises BadAddress, UnknownCollector and
        NotFound before anything is sent; of `url`,
        Refused (a BadAddress) where it leads inside.
        """
        guard = Guard(Allowed(self._tracker.settings.allow_private_addresses))
        if url is not None:
            guard.check(url)
        address, key, limits = self._target(collector, url)
        database = self._tracker.database
        asked = []
        for status in self.list(pool=pool):
            proxy = proxies.url_of(database, status.id)
            self._wait_for_turn(key, limits, address)
            said = _ask(guard, proxy, address, limits.timeout, aimed=url is not None)
            asked.append((proxy, said))
        self._note(asked, address.site)
        after = {status.id: status for status in self.list(pool=pool)}
        return tuple(
            ProxyTest(
                proxy=after[proxy.id],
                ok=said.error is None,
                ms=said.ms,
                status=said.status,
                error_class=None if said.error is None else said.error.error_class,
                message=None if said.error is None else str(said.error),
            )
            for proxy, said in asked
            if proxy.id in after
        )

    def _target(self, collector: str | None, url: str | None) -> tuple[Address, str, Limits]:
        if (collector is None) == (url is None):
            raise ValueError("name either a collector or an address")
        if collector is None:
            address = read_address(url or "")
            return address, f"site:{address.site}", _ANYWHERE
        info = discovery.find(self._tracker.registry, collector).info
        settings = self._tracker.collector_settings(collector)
        address = read_address(settings.base_url or info.homepage)
        limits = structs.replace(
            info.limits, per_minute=settings.per_minute or info.limits.per_minute
        )
        return address, Hosts(info.hosts, settings.base_url).rate_key, limits

    def _wait_for_turn(self, key: str, limits: Limits, address: Address) -> None:
        database = self._tracker.database
        rate, burst = limits.per_minute, limits.burst
        while (grant := rates.acquire(database, key, per_minute=rate, burst=burst)).wait > 0:
            if grant.cooling:
                raise LeftAlone(
                    f"{address.site} asked for quiet: it is left alone for {grant.wait:.0f} s more",
                    "Name another address with --url.",
                )
            self._clock.wait(grant.wait)

    def _note(self, asked: Sequence[tuple[Proxy, _Said]], site: str) -> None:
        is_up = any(said.error is None for _, said in asked)
        with self._tracker.change("proxy.test", f"site:{site}") as change:
            for proxy, said in asked:
                if said.error is None:
                    proxies.note_success(change.db, proxy.id)
                elif is_up or said.error.error_class in _OWN_FAULTS:
                    proxies.set_aside(change.db, proxy.id, cause=said.error.error_class)
            change.note(proxies=len(asked), ok=sum(said.error is None for _, said in asked))


class _Said(Struct, frozen=True, kw_only=True):
    ms: int | None = None
    status: int | None = None
    error: CollectError | None = None


def _ask(guard: Guard, proxy: Proxy, address: Address, timeout: float, *, aimed: bool) -> _Said:
    request = Request(method="GET", url=address.url)
    try:
        if aimed:
            answer = guard.fetch(request, timeout=timeout, proxy=proxy.url, redirects=0)
        else:
            answer = guard.fetch_site(request, timeout=timeout, proxy=proxy.url)
    except Refused as error:
        return _Said(error=CollectError(str(error), error_class="config"))
    except Transient as error:
        return _Said(error=error)
    except TooLarge as error:
        return _Said(error=CollectError(str(error), error_class="too_large"))
    headers = dict(answer.headers)
    now = datetime.now(UTC)
    said = classify(answer.status, headers, answer.content, _ANSWERS, now, where=address.path)
    is_refusal = said is not None and said.error_class in _OWN_FAULTS
    return _Said(
        ms=round(answer.elapsed * 1000),
        status=answer.status,
        error=said if is_refusal else None,
    )
