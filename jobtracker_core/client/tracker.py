"""A server as a facade: the same names, parameters and results as those of `JobTracker`."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import Self

from jobtracker_core.client.address import read_server
from jobtracker_core.client.applications import Applications
from jobtracker_core.client.collectors import Collectors
from jobtracker_core.client.companies import Companies
from jobtracker_core.client.errors import NoToken
from jobtracker_core.client.jobs import Jobs
from jobtracker_core.client.operating import (
    Audit,
    Configuration,
    Ingest,
    Proxies,
    Sites,
    Tokens,
    WhoAmI,
    Workers,
)
from jobtracker_core.client.owned import Calendar, Contacts, Dismissals, Stats, Tags, Views
from jobtracker_core.client.runs import Runs
from jobtracker_core.client.searches import Searches
from jobtracker_core.client.session import TIMEOUT_S, Session
from jobtracker_core.client.timeline import Timeline
from jobtracker_core.client.transport import HttpWire


class RemoteTracker:
    """An installation on another machine. Make one with `connect()`.

    A context manager. Nothing is sent before it is needed. Safe to share between threads.

    Its parts have the methods of `JobTracker`'s, and raise the same exceptions; what goes wrong on
    the way is a RemoteError. How the installation is opened, how users log in, and what needs
    plugins or the database at hand is not among them.
    """

    def __init__(self, session: Session, *, wait: Callable[[float], object] = time.sleep) -> None:
        self._session = session
        self._wait = wait

    def __repr__(self) -> str:
        return f"RemoteTracker({self._session.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @property
    def url(self) -> str:
        """The server's address in one spelling."""
        return self._session.url

    def whoami(self) -> WhoAmI:
        """Return what the server knows of the token, and its version; raises WrongToken."""
        return self.tokens.current()

    @cached_property
    def jobs(self) -> Jobs:
        """Stored jobs."""
        return Jobs(self._session)

    @cached_property
    def companies(self) -> Companies:
        """Employers."""
        return Companies(self._session)

    @cached_property
    def applications(self) -> Applications:
        """What the person applies to."""
        return Applications(self._session)

    @cached_property
    def timeline(self) -> Timeline:
        """Events."""
        return Timeline(self._session)

    @cached_property
    def contacts(self) -> Contacts:
        """People."""
        return Contacts(self._session)

    @cached_property
    def tags(self) -> Tags:
        """Words on jobs and applications."""
        return Tags(self._session)

    @cached_property
    def views(self) -> Views:
        """Saved lists."""
        return Views(self._session)

    @cached_property
    def dismissals(self) -> Dismissals:
        """Hidden jobs."""
        return Dismissals(self._session)

    @cached_property
    def calendar(self) -> Calendar:
        """What goes on when."""
        return Calendar(self._session)

    @cached_property
    def stats(self) -> Stats:
        """Numbers."""
        return Stats(self._session)

    @cached_property
    def searches(self) -> Searches:
        """Saved queries."""
        return Searches(self._session)

    @cached_property
    def runs(self) -> Runs:
        """What waits, what goes on, what has been."""
        return Runs(self._session, self._wait)

    @cached_property
    def collectors(self) -> Collectors:
        """Which sites are collected."""
        return Collectors(self._session)

    @cached_property
    def workers(self) -> Workers:
        """Processes that execute runs."""
        return Workers(self._session)

    @cached_property
    def proxies(self) -> Proxies:
        """Pools of proxies."""
        return Proxies(self._session)

    @cached_property
    def sites(self) -> Sites:
        """How many runs a site bears at once."""
        return Sites(self._session)

    @cached_property
    def tokens(self) -> Tokens:
        """What programs use the API with."""
        return Tokens(self._session)

    @cached_property
    def audit(self) -> Audit:
        """Who changed what."""
        return Audit(self._session)

    @cached_property
    def ingest(self) -> Ingest:
        """Pages that were read here."""
        return Ingest(self._session)

    @cached_property
    def configuration(self) -> Configuration:
        """How the server is set up, as a document."""
        return Configuration(self._session)


def connect(
    url: str, *, token: str, plain_http: bool = False, timeout: float = TIMEOUT_S
) -> RemoteTracker:
    """Return the installation that a server opens to whoever holds a token. Nothing is sent yet.

    Args:
        url: `http(s)://HOST[:PORT][/PREFIX]`, as the portal has it in a browser.
        token: As `jobtracker tokens create` printed it.
        plain_http: Send the token over plain HTTP to another machine, where whoever is on the way
            can read it.
        timeout: Seconds that each answer may take.

    Raises BadServer, PlainHttp and NoToken.
    """
    server = read_server(url, plain_http=plain_http)
    return RemoteTracker(
        Session(HttpWire(server), url=server.url, token=check_token(token), timeout=timeout)
    )


def check_token(text: str) -> str:
    """Return a token without the spaces around it; raises NoToken for what can be none."""
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise NoToken(
            "this is no token" if token else "no token was given",
            "Give what `jobtracker tokens create` printed; it begins with jt_.",
        )
    return token
