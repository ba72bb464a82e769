"""One call of a scraper: made for it, listened to, and thrown away."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from jobtracker_core import ConfigError
from jobtracker_jobspy import library
from jobtracker_jobspy.board import Board
from jobtracker_jobspy.listening import Ear
from jobtracker_jobspy.query import JobspySettings
from jobtracker_jobspy.watching import Halt, Watch

_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


class Answer(Struct, frozen=True, kw_only=True):
    """What a call gave.

    Attributes:
        rows: `JobPost` objects of python-jobspy.
        error: Why it ended early, in its words; the rows before that are there all the same.
        warnings: What it warned of, each once.
        skipped: Items that could not be read: the list page they stood on, and why.
        details: Why descriptions could not be had.
        page: The last list page that it asked for; 0 if none.
        site: The address that links of the real site begin with.
        listed: The body of the last list page; None if none was had.
    """

    rows: tuple[Any, ...]
    error: str | None
    warnings: tuple[str, ...]
    skipped: tuple[tuple[int, str], ...]
    details: tuple[str, ...]
    page: int
    site: str
    listed: str | None


class Caller:
    """Calls one site's scraper on behalf of one run.

    Raises ConfigError for settings that python-jobspy would not keep to.
    """

    def __init__(
        self,
        board: Board,
        settings: JobspySettings,
        *,
        hosts: Iterable[str],
        on_page: Callable[[], None],
        on_request: Callable[[str], None],
    ) -> None:
        self._board = board
        self._base = settings.base_url and settings.base_url.rstrip("/")
        # Only a server of this machine, for practice, may be asked without pauses.
        self._here = bool(self._base) and urlsplit(self._base).hostname in _HERE
        self._ca_cert = settings.ca_cert
        self._on_page = on_page
        self._on_request = on_request
        self._site_hosts = tuple(hosts)
        stand_in = (urlsplit(self._base).hostname or "",) if self._base else ()
        self._hosts = (*self._site_hosts, *stand_in)
        if self._base and not board.addresses:
            raise ConfigError(
                "base_url",
                f"python-jobspy fixes the addresses of {board.scraper}: unset it; only a proxy "
                "that terminates TLS can stand in for the site (settings proxy_pool and ca_cert)",
            )
        if settings.ca_cert is not None and not Path(settings.ca_cert).is_file():
            raise ConfigError("ca_cert", f"there is no file {settings.ca_cert}")

    @property
    def delay(self) -> float:
        """Seconds to wait between two calls."""
        return 0.0 if self._here else self._board.delay

    def call(
        self, words: Mapping[str, Any], *, offset: int, wanted: int, proxy: str | None
    ) -> Answer:
        """Ask for `wanted` results from `offset` on.

        Raises what `on_page` and `on_request` raise.
        """
        scraper = library.scraper(self._board.scraper)
        site = self._aim(scraper)
        watch = Watch(
            self._site_hosts,
            base=self._base,
            on_request=self._on_request,
            curl={} if proxy is None else library.no_detour(),
        )
        watch.stand_before(scraper)

        def announced() -> None:
            watch.announce()
            self._on_page()

        ear = Ear(announced)
        scraper.log = ear.logger(scraper.log.name)
        asked = library.scraper_input(
            {
                **words,
                "offset": offset,
                "results_wanted": wanted,
                "proxies": [] if proxy is None else [kept(proxy, self._hosts)],
                "ca_cert": self._ca_cert,
            }
        )
        try:
            rows = scraper.scrape(asked)
        except Halt as halt:
            raise halt.error from None
        told = (*scraper.warnings, *(text for text in ear.others if text != scraper.error))
        return Answer(
            rows=tuple(rows),
            error=scraper.error,
            warnings=tuple(dict.fromkeys(told)),
            skipped=tuple(ear.skipped),
            details=tuple(ear.details),
            page=ear.page,
            site=site,
            listed=watch.listed,
        )

    def _aim(self, scraper: Any) -> str:
        """Give this one instance the setting's address; return the one of the real site."""
        real: dict[str, str] = {}
        for name in self._board.addresses:
            address = getattr(scraper, name, None)
            if not isinstance(address, str) or not address.startswith("https://"):
                raise ConfigError(
                    library.LIBRARY,
                    f"{library.version()} has no address `{self._board.scraper}.{name}`; "
                    f"install {library.WANTED}",
                )
            real[name] = address
        if self._base:
            for name, address in real.items():
                parts = urlsplit(address)
                setattr(scraper, name, self._base + parts.path)
        scraper.delay = (0, 0)
        return real.get(self._board.links, "")

    def public(self, url: str | None, site: str) -> str | None:
        """Return an address as a person opens it, whatever `base_url` says."""
        if url is None or not self._base:
            return url
        inside = url == self._base or url.startswith(f"{self._base}/")
        return site + url.removeprefix(self._base) if inside else url


def kept(proxy: str, hosts: Iterable[str]) -> str:
    """Return a proxy's address if every request will go through it; else raise ConfigError.

    python-jobspy takes "localhost" and "http://localhost" for "no proxy"
    (`RotatingProxySession.format_proxy`), and curl goes around a proxy for the hosts that the
    environment's NO_PROXY names.
    """
    if not proxy or not all(library.proxies(proxy).values()):
        raise ConfigError(
            "proxy_pool",
            "python-jobspy takes this proxy's address for no proxy at all: write 127.0.0.1 in "
            "place of localhost, and the port",
        )
    around = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    for host in hosts:
        if entry := _naming(host, around):
            raise ConfigError(
                "proxy_pool",
                f"the environment's NO_PROXY has {entry!r}, so requests to {host} would go around "
                "the proxy: take it out",
            )
    return proxy


def _naming(host: str, around: str) -> str | None:
    """Return the entry of a NO_PROXY that names a host."""
    name = host.removeprefix("*.").lower().rstrip(".")
    for entry in around.replace(",", " ").split():
        bare = entry.lower().strip(".").removeprefix("*.")
        if entry == "*" or name == bare or name.endswith(f".{bare}") or _within(name, bare):
            return entry
    return None


def _within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
