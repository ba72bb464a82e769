"""A server as a facade: the same names, parameters and results as those of `JobTracker`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from jobtracker_core.client.address import read_server
from jobtracker_core.client.applications import Applications
from jobtracker_core.client.collectors import Collectors
from jobtracker_core.client.companies import Companies
from jobtracker_core.client.errors import NoToken
from jobtracker_core.client.jobs import Jobs
from jobtracker_core.client.maintenance import Maintenance
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
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.runner.ending import Collected
from jobtracker_core.runner.inline import LogSink, ProgressSink
from jobtracker_core.settings import Settings


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

    def collect(
        self,
        name: str,
        query: CommonQuery | Mapping[str, Any],
        *,
        settings: Settings | None = None,
        stop: threading.Event | None = None,
        on_progress: ProgressSink = lambda _: None,
        on_log: LogSink = lambda *_: None,
    ) -> Collected:
        """Run a collector of this machine here and now, and send its pages to the server.

        Only postings whose own pages the server lacks are asked for details. A page that does not
        arrive is sent again for five minutes, and is stored once. The new jobs are not in the
        result: the server has them.

        Args:
            name: The collector; its plugin is installed here.
            query: A query of its type, or the words of one.
            settings: How collectors are set up on this machine; None reads the configuration file
                and the environment.
            stop: Set it from another thread or a signal handler to end the run.
            on_progress: Called in this thread after every page and detail.
            on_log: Called in this thread with level, event and fields.

        Raises UnknownCollector, Unavailable, FormError, ConfigError, NarrowToken and StorageError
        before anything is sent; RemoteError also later. What goes wrong with the site or in the
        plugin is in the result.
        """
        from jobtracker_core.client.collecting import Sender  # noqa: PLC0415  (loads the runner)

        read = Settings.load() if settings is None else settings
        sender = Sender(self.ingest, read, url=self.url)
        task = sender.task(name, query)
        sender.check(self.whoami(), name)
        return sender.run(
            task, stop=stop or threading.Event(), on_progress=on_progress, on_log=on_log
        )

    @cached_property
    def jobs(self) -> Jobs:
        """Stored jobs."""
        return Jobs(self._session)

    @cached_property
    def maintenance(self) -> Maintenance:
        """Sizes of the database, and what is to go of it."""
        return Maintenance(self._session)

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
