"""What whoever runs a server looks after, from elsewhere."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from jobtracker_core.client.session import Session, segment
from jobtracker_core.contract.access import Scope
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.audit_list import AuditEntry, AuditList
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.proxies import ProxyPool, ProxyStatus
from jobtracker_core.storage.tokens import Token
from jobtracker_core.storage.workers import Worker
from jobtracker_core.tracker.configuration import Document, ImportReport
from jobtracker_core.tracker.ingest import IngestBatch, Ingested
from jobtracker_core.tracker.proxies import DEFAULT_POOL, ProxyTest
from jobtracker_core.tracker.sites import SiteStatus
from jobtracker_core.tracker.tokens import DEFAULT_LIFE, NewToken

T = TypeVar("T")

_DAY = timedelta(days=1)
_PER_PROXY_S = 600.0
"""Seconds that a test of proxies may take: it keeps the site's pace."""


class WhoAmI(Struct, frozen=True, kw_only=True):
    """The token as its server knows it, and the server's version."""

    token: Token
    version: str


class Tokens:
    """Tokens with which programs use the API; see `tracker.tokens`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self,
        name: str,
        scopes: Collection[Scope | str],
        *,
        expires_in: timedelta | None = DEFAULT_LIFE,
        collector: str | None = None,
    ) -> NewToken:
        """Make a token; its text is in the answer, and nowhere else ever after.

        Raises FormError naming each fault. Lives are counted in whole days here.
        """
        if expires_in is not None and expires_in % _DAY:
            raise FormError({"expires_in": "a server counts whole days"})
        body = {
            "name": name,
            "scopes": [*scopes],
            "days": None if expires_in is None else expires_in // _DAY,
            "collector": collector,
        }
        return self._session.post("/tokens", NewToken, body)

    def list(self, *, with_revoked: bool = False) -> tuple[Token, ...]:
        """List tokens, the newest first; those that have expired are among them."""
        return self._session.get("/tokens", tuple[Token, ...], revoked=with_revoked)

    def revoke(self, token_id: int) -> Token:
        """Have a token open nothing any more; raises NotFound."""
        known = {token.id: token for token in self.list()}
        own = self.current().token.id
        self._session.delete(f"/tokens/{token_id}")
        if token_id != own:  # else nothing more is answered
            known |= {token.id: token for token in self.list(with_revoked=True)}
        return known[token_id]

    def current(self) -> WhoAmI:
        """Return the token that is sent, and the version of the server; any token may ask."""
        return self._session.get("/tokens/current", WhoAmI)


class Sites:
    """How many runs a site bears at once; see `tracker.sites`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> tuple[SiteStatus, ...]:
        """List the sites that a plugin or the database knows, by name."""
        return self._session.get("/sites", tuple[SiteStatus, ...])

    def get(self, site: str) -> SiteStatus:
        """Return one site; raises NotFound."""
        for found in self.list():
            if found.site == site:
                return found
        raise NotFound(f"there is no site {site!r}", "List the sites to see their names.")

    def set_limit(self, site: str, limit: int) -> SiteStatus:
        """Set how many runs of a site may be alive at once; raises FormError and NotFound."""
        return self._session.put(f"/sites/{segment(site)}", SiteStatus, {"limit": limit})

    def follow_plugins(self, site: str) -> SiteStatus:
        """Let a site's limit follow the plugins again; raises NotFound."""
        return self._session.put(f"/sites/{segment(site)}", SiteStatus, {"limit": None})


class Workers:
    """Processes that execute runs; see `tracker.workers`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> tuple[Worker, ...]:
        """List workers, those last seen first; one that is gone for a week is forgotten."""
        return self._session.get("/workers", tuple[Worker, ...])


class Proxies:
    """Proxies, in pools; see `tracker.proxies`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, url: str, *, pool: str = DEFAULT_POOL, label: str | None = None) -> ProxyStatus:
        """Add a proxy, `SCHEME://[USER:PASSWORD@]HOST:PORT`; its pool is made if need be.

        Raises BadProxy and Duplicate.
        """
        body = {"url": url, "pool": pool, "label": label}
        return self._session.post("/proxies", ProxyStatus, body)

    def list(self, *, pool: str | None = None) -> tuple[ProxyStatus, ...]:
        """List proxies; raises NotFound for a pool that does not exist."""
        return self._session.get("/proxies", tuple[ProxyStatus, ...], pool=pool)

    def pools(self) -> tuple[ProxyPool, ...]:
        """List pools."""
        return self._session.get("/proxy-pools", tuple[ProxyPool, ...])

    def remove(self, proxy_id: int) -> ProxyStatus:
        """Delete a proxy; its pool stays. Raises NotFound."""
        before = [proxy for proxy in self.list() if proxy.id == proxy_id]
        self._session.delete(f"/proxies/{proxy_id}")
        return _there(before, f"proxy {proxy_id}")

    def remove_pool(self, name: str) -> ProxyPool:
        """Delete a pool with its proxies; raises NotFound."""
        before = [pool for pool in self.pools() if pool.name == name]
        self._session.delete(f"/proxy-pools/{segment(name)}")
        return _there(before, f"pool {name!r}")

    def test(
        self, *, collector: str | None = None, url: str | None = None, pool: str | None = None
    ) -> tuple[ProxyTest, ...]:
        """Have a page asked for once through each proxy; a collector's homepage or any `url`.

        Raises UnknownCollector, NotFound and LeftAlone, and FormError for a `url` that is none, or
        that leads inside.
        """
        body = {"collector": collector, "url": url, "pool": pool}
        return self._session.post(
            "/proxies/test", tuple[ProxyTest, ...], body, once=False, timeout=_PER_PROXY_S
        )


def _there(found: builtins.list[T], what: str) -> T:
    if not found:  # made and deleted between the two requests
        raise NotFound(f"there is no {what}", "List them to see.")
    return found[0]


class Configuration:
    """How a server is set up, as a document; see `tracker.configuration`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def export(self) -> Document:
        """Write down how the server is set up, as far as that is stored there."""
        return self._session.get("/config", Document)

    def load(self, document: Document, *, dry_run: bool = False) -> ImportReport:
        """Set the server up as a document says; what it does not name is left as it is."""
        return self._session.post("/config", ImportReport, document, dry_run=dry_run)


class Audit:
    """The audit log; see `tracker.audit`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> AuditList:
        """List changes, the newest first; `after` is the mark that the page before gave."""
        return self._session.get(
            "/audit",
            AuditList,
            actor=actor,
            action=action,
            target=target,
            since=since,
            until=until,
            limit=limit,
            after=after,
        )

    def export(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[AuditEntry]:
        """Yield all changes of a list, however many; it stands in the audit log itself."""
        return self._session.lines(
            "/audit/export",
            AuditEntry,
            format="jsonl",
            actor=actor,
            action=action,
            target=target,
            since=since,
            until=until,
        )


class Ingest:
    """Takes pages of runs that are executed elsewhere; see `tracker.ingest`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, batch: IngestBatch) -> Ingested:
        """Store a batch, once, however often it is sent; a lost answer is asked for again.

        Raises NotYours, RunOver, and KeyReused if another batch came under this number.
        """
        # The batch's own key and number keep it from being stored twice.
        return self._session.post("/collect/ingest", Ingested, batch)
