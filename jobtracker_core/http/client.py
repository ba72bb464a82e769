"""The polite client: what a collector knows as `ctx.http`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from urllib.parse import urljoin

import msgspec

from jobtracker_core.contract.context import Response
from jobtracker_core.contract.errors import (
    Blocked,
    Cancelled,
    CollectError,
    ErrorClass,
    LayoutChanged,
    RateLimited,
    Transient,
)
from jobtracker_core.contract.host import RunHost
from jobtracker_core.contract.info import Limits
from jobtracker_core.http.address import Address, ForbiddenHost, Hosts, is_secret, read_address
from jobtracker_core.http.classify import classify
from jobtracker_core.http.exchange import (
    Answer,
    BadAddress,
    Method,
    Request,
    TooLarge,
)
from jobtracker_core.http.proxies import Route
from jobtracker_core.http.record import Recorder

ATTEMPTS: Final = 3
"""Times that one call sends the same request, all its redirects together."""
HOPS: Final = 5
"""Redirects that one call follows."""
LONGEST_COOLING: Final = 60.0
"""Seconds that a run waits for a site which asked for quiet; for a longer time it ends."""
_BACKOFF_BASE, _BACKOFF_CAP = 1.0, 20.0
_JITTER = 0.3

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TURN_INTO_GET = frozenset({301, 302, 303})
_BUSY = 503
_PROXY_LOGIN = 407
_WALLS = ("/authwall", "/login", "/signup", "/checkpoint", "/uas/login")
_ORIGIN_ONLY = frozenset({"authorization", "cookie", "proxy-authorization"})
_WHY_COOLING: Mapping[ErrorClass | None, str] = {"blocked": "it refused this program as a robot"}
_BODY_HEADERS = frozenset({"content-type", "content-length", "content-encoding"})


class Client:
    """`contract.context.Http` over a route. For the thread of one run.

    Before every request, redirects and retries included, it asks whether the run is to stop, and
    gets a grant under `site:<site>`, for which it waits up to a third longer than it must. All
    the collector's own hosts are one site; the operator's `base_url` is another. Refusals are told
    to the host, so that all runs leave the site alone; a request that a proxy may have lost is sent
    again through the next one, which counts as no attempt.

    Args:
        route: Directly, or through the run's proxies.
        hosts: Hosts that the collector named, exact or `*.example.org`.
        base_url: The operator's address of the site; adds exactly its host and port.
        limits: `timeout` and `burst` are used.
        per_minute: The rate in force: the operator's, or that of the limits.
        host: Gives the grants and takes the log.
        check: Raises `Cancelled` if the run is to stop.
        pause: Waits that many seconds; raises `Cancelled` too.
        now: The present, aware.
        random: For jitter and back-off.
        remaining: Seconds until the run's deadline; None where it has none.
        max_requests: Requests that may be sent, redirects and retries included; None is any number.
        recorder: Gets every answer, redirects and failures included.
    """

    def __init__(
        self,
        *,
        route: Route,
        hosts: Collection[str],
        base_url: str | None,
        limits: Limits,
        per_minute: float,
        host: RunHost,
        check: Callable[[], None],
        pause: Callable[[float], None],
        now: Callable[[], datetime],
        random: Random,
        remaining: Callable[[], float | None],
        max_requests: int | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self._route = route
        self._hosts = Hosts(hosts, base_url)
        self._limits = limits
        self._per_minute = per_minute
        self._host = host
        self._check = check
        self._pause = pause
        self._now = now
        self._random = random
        self._remaining = remaining
        self._max_requests = max_requests
        self._recorder = recorder
        self._requests = 0
        self._bytes_in = 0
        self._told: BaseException | None = None

    @property
    def requests(self) -> int:
        """Requests sent so far, redirects, retries and turns taken included."""
        return self._requests

    @property
    def bytes_in(self) -> int:
        """Bytes of all bodies so far, after decompression; what broke off half-way is not in it."""
        return self._bytes_in

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str | None] | None = None,
        accept: Collection[int] = (200,),
    ) -> Response:
        """Send a GET request. Raises `ForbiddenHost` for an address outside the hosts."""
        address = self._read(url, params)
        request = Request(method="GET", url=address.url, headers=tuple((headers or {}).items()))
        return self._call(request, address, frozenset(accept))

    def post(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str | None] | None = None,
        json: Any = None,
        data: bytes | None = None,
        accept: Collection[int] = (200,),
    ) -> Response:
        """Send a POST request with a JSON body or with bytes (`application/octet-stream`).

        A content type among `headers` wins. Raises `TypeError` if both bodies are given and
        `ForbiddenHost` for an address outside the hosts.
        """
        if json is not None and data is not None:
            raise TypeError("a request has one body: give either json or data")
        address = self._read(url, params)
        pairs = tuple((headers or {}).items())
        if not any(name.lower() == "content-type" for name, _ in pairs):
            kind = "application/octet-stream" if json is None else "application/json"
            pairs = (*pairs, ("Content-Type", kind))
        body = (data or b"") if json is None else msgspec.json.encode(json)
        request = Request(method="POST", url=address.url, headers=pairs, body=body)
        return self._call(request, address, frozenset(accept))

    def take_turn(self) -> None:
        """Wait until the run's site may be asked once, as before a request of the client's own.

        For collectors that do their own HTTP: each turn counts as one request. Raises RateLimited
        while the site is cooling down, and Cancelled where no request is left.
        """
        self._wait_for_turn(self._hosts.rate_key)
        self._requests += 1

    def tell(self, error: BaseException, key: str | None = None) -> None:
        """Tell the host of a refusal or of a proxy's failure, unless it has been told of this one.

        `key` is the rate limit of the site that refused; by default that of the run.
        """
        if self._told is not None and self._told in _with_causes(error):
            return
        refused = isinstance(error, Blocked)
        lost = isinstance(error, Transient) and error.error_class == "proxy"
        if (refused or lost) and self._route.proxy is not None:
            self._told = error
            self._leave("blocked" if refused else "proxy")
        elif isinstance(error, Blocked | RateLimited):
            said = error.retry_after if isinstance(error, RateLimited) else None
            # A collector may have raised it with anything.
            wait = said if isinstance(said, int | float) else None
            self._slow_down(error, key or self._hosts.rate_key, wait)

    def _leave(self, cause: ErrorClass) -> None:
        # That none is left is the next request's business; this one has failed already.
        with contextlib.suppress(Transient):
            self._route.leave(cause)

    def _slow_down(self, error: CollectError, key: str, wait: float | None) -> None:
        self._told = error
        self._host.slow_down(key, cause=error.error_class, retry_after=wait)

    def _read(self, url: str, params: Mapping[str, str] | None) -> Address:
        try:
            address = read_address(url, params)
        except BadAddress as error:
            raise ForbiddenHost(str(error)) from error
        if not self._hosts.allow(address):
            raise ForbiddenHost(
                f"{address.site} is none of the collector's hosts ({self._hosts}): "
                "add it to info.hosts"
            )
        return address

    def _call(self, request: Request, address: Address, accept: frozenset[int]) -> Response:
        attempt, hops = 1, 0
        while True:
            outcome = self._try(request, address, accept, attempt)
            match outcome:
                case Response():
                    return outcome
                case (next_request, next_address):
                    hops += 1
                    if hops > HOPS:
                        raise LayoutChanged("redirect", f"more than {HOPS} at {address.site}")
                    request, address = next_request, next_address
                case Transient() if self._route.is_at_fault(outcome):
                    self._route.leave(outcome.error_class)
                case Transient() if attempt < ATTEMPTS and outcome.error_class != "proxy":
                    limit = min(_BACKOFF_CAP, _BACKOFF_BASE * 2 ** (attempt - 1))
                    self._pause(self._random.uniform(0, limit))
                    attempt += 1
                case _:
                    raise outcome

    def _try(
        self, request: Request, address: Address, accept: frozenset[int], attempt: int
    ) -> Response | tuple[Request, Address] | CollectError:
        try:
            answer = self._exchange(request, address, attempt)
        except Transient as error:
            return error
        key = self._hosts.rate_key_of(address)
        if answer.status in _REDIRECTS - accept:
            followed = self._follow(request, address, answer)
            if isinstance(followed, Blocked):
                self.tell(followed, key)
            return followed
        headers = _fold_headers(answer.headers)
        refusal = classify(
            answer.status,
            headers,
            answer.content,
            accept,
            self._now(),
            where=address.path,
        )
        if isinstance(refusal, Blocked | RateLimited):
            self.tell(refusal, key)
        elif refusal is not None and answer.status == _BUSY:
            self._slow_down(refusal, key, None)
        return refusal or Response(
            status=answer.status,
            url=request.url,
            headers=headers,
            content=answer.content,
            elapsed=answer.elapsed,
        )

    def _exchange(self, request: Request, address: Address, attempt: int) -> Answer:
        """Send one request when its turn has come."""
        self._wait_for_turn(self._hosts.rate_key_of(address))
        timeout = self._limits.timeout
        left = self._remaining()
        if left is not None:
            if left <= 0:
                raise Cancelled("deadline")
            timeout = min(timeout, left)
        fields: dict[str, object] = {
            "method": request.method,
            "host": address.site,
            "path": address.path,
            "attempt": attempt,
        }
        if (proxy := self._route.take()) is not None:
            fields["proxy"] = proxy.label
        self._requests += 1
        started = self._now()
        try:
            answer = self._route.send(request, timeout=timeout)
        except (Transient, TooLarge) as error:
            fields["ms"] = round((self._now() - started).total_seconds() * 1000)
            if isinstance(error, Transient):
                self._host.log("debug", "request", {**fields, "error": error.error_class})
                raise
            self._bytes_in += error.received
            self._host.log("debug", "request", {**fields, "error": "too_large"})
            raise LayoutChanged(address.path, str(error), error_class="too_large") from error
        self._bytes_in += len(answer.content)
        fields |= {
            "status": answer.status,
            "ms": round(answer.elapsed * 1000),
            "bytes": len(answer.content),
        }
        self._host.log("debug", "request", fields)
        # What a proxy says for itself is no exchange with the site.
        if self._recorder is not None and not (proxy and answer.status == _PROXY_LOGIN):
            self._recorder.record(request, answer)
        return answer

    def _wait_for_turn(self, key: str) -> None:
        self._check()
        if self._max_requests is not None and self._requests >= self._max_requests:
            raise Cancelled("requests")
        rate, burst = self._per_minute, self._limits.burst
        while (grant := self._host.acquire(key, per_minute=rate, burst=burst)).wait > 0:
            if grant.cooling and grant.wait > LONGEST_COOLING:
                until = self._now() + timedelta(seconds=grant.wait)
                told = RateLimited(
                    f"{key.removeprefix('site:')} is left alone until {until:%Y-%m-%d %H:%M:%S} "
                    f"UTC: {_WHY_COOLING.get(grant.cause, 'it asked for quiet')}",
                    retry_after=grant.wait,
                )
                told.error_class = grant.cause or told.error_class
                # Nothing was sent, so there is nothing to tell of either.
                self._told = told
                raise told
            # The random part is waited before the grant: between a grant and its request another
            # run may learn that the site wants quiet.
            self._pause(grant.wait * self._random.uniform(1, 1 + _JITTER))

    def _follow(
        self, request: Request, address: Address, answer: Answer
    ) -> tuple[Request, Address] | CollectError:
        location = answer.header("location")
        if not location:
            return LayoutChanged("redirect", f"HTTP {answer.status} without a target")
        try:
            target = read_address(urljoin(request.url, location))
        except ValueError as error:
            return LayoutChanged("redirect", f"to what cannot be followed: {error}")
        if any(
            target.path.lower() == wall or target.path.lower().startswith(f"{wall}/")
            for wall in _WALLS
        ):
            return Blocked(f"sent to a login wall, {target.path} at {target.site}")
        if not self._hosts.allow(target):
            return LayoutChanged(
                "redirect", f"leads to {target.site}, none of the collector's hosts ({self._hosts})"
            )
        downgrade = address.scheme == "https" and target.scheme == "http"
        if downgrade and not self._hosts.is_base(target):
            return LayoutChanged("redirect", f"leads from https to http, at {target.site}")
        return _redirect(request, answer.status, target, stays=target.site == address.site), target


def _with_causes(error: BaseException) -> list[BaseException]:
    """Return an error and what it was raised for: a collector may say it in its own words."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) and cause not in chain:
        chain.append(cause)
    return chain


def _redirect(request: Request, status: int, target: Address, *, stays: bool) -> Request:
    method: Method = "GET" if status in _TURN_INTO_GET else request.method
    dropped: frozenset[str] = _BODY_HEADERS if method != request.method else frozenset()
    headers = tuple(
        (name, value)
        for name, value in request.headers
        if name.lower() not in dropped
        and (stays or not (name.lower() in _ORIGIN_ONLY or is_secret(name)))
    )
    body = request.body if method == "POST" else None
    return Request(method=method, url=target.url, headers=headers, body=body)


def _fold_headers(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Make one value of repeated headers; a comma may stand within a cookie, so those get lines."""
    folded: dict[str, str] = {}
    for name, value in pairs:
        between = "\n" if name == "set-cookie" else ", "
        folded[name] = f"{folded[name]}{between}{value}" if name in folded else value
    return folded
