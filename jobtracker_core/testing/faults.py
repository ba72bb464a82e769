"""Faults that strike between a collector and its site, whatever the site is."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct, structs

from jobtracker_core.contract.errors import Transient
from jobtracker_core.http.exchange import Answer, Request, TooLarge, Transport
from jobtracker_core.runner.clock import Clock
from jobtracker_core.testing.practice import CHALLENGE, MOVED_TO, RETRY_AFTER
from jobtracker_core.testing.spoil import spoil_items

Ask = Callable[[], Answer]


class Strike(Struct, frozen=True, kw_only=True):
    """A request that a fault falls on.

    Attributes:
        timeout: Seconds that it was given.
        ask: Asks the site.
        before: The last answer that was let through; None if there was none.
    """

    request: Request
    timeout: float
    ask: Ask
    clock: Clock
    before: Answer | None


def _answer(
    status: int, body: str | bytes, kind: str, **headers: str
) -> Callable[[Strike], Answer]:
    content = body.encode() if isinstance(body, str) else body
    pairs = (("content-type", kind), *((k.replace("_", "-"), v) for k, v in headers.items()))

    def give(strike: Strike) -> Answer:
        return Answer(
            status=status, url=strike.request.url, headers=pairs, content=content, elapsed=0.0
        )

    return give


def _moved(strike: Strike) -> Answer:
    target = MOVED_TO + urlsplit(strike.request.url).path
    return _answer(308, b"", "text/plain", location=target)(strike)


def _reset(strike: Strike) -> Answer:
    raise Transient(f"{strike.request.url}: the connection was reset", error_class="network")


def _timeout(strike: Strike) -> Answer:
    strike.clock.wait(strike.timeout)
    raise Transient(f"no whole answer within {strike.timeout:g} s", error_class="timeout")


def _too_large(strike: Strike) -> Answer:
    raise TooLarge(f"the body of {strike.request.url} is larger than the cap")


def _truncated(strike: Strike) -> Answer:
    answer = strike.ask()
    return structs.replace(answer, content=answer.content[: len(answer.content) // 2])


def _empty(strike: Strike) -> Answer:
    return structs.replace(strike.ask(), content=b"", status=200)


def _other_form(strike: Strike) -> Answer:
    if strike.ask().content.lstrip()[:1] in {b"{", b"["}:
        return _answer(200, "<!DOCTYPE html><html><body><p>Welcome</p></body></html>", "text/html")(
            strike
        )
    return _answer(200, '{"message": "welcome"}', "application/json")(strike)


def _bad_items(strike: Strike) -> Answer:
    answer = strike.ask()
    return structs.replace(answer, content=spoil_items(answer.content))


def _repeated(strike: Strike) -> Answer:
    return strike.before or strike.ask()


class Fault(Struct, frozen=True, kw_only=True):
    """One kind of fault: what it does, in words and in deed."""

    name: str
    does: str
    strike: Callable[[Strike], Answer]


_ALL: Final = (
    (
        "rate_limit",
        "429 with Retry-After",
        _answer(
            429, '{"error": "Too many requests"}', "application/json", retry_after=str(RETRY_AFTER)
        ),
    ),
    ("challenge", "403 with a browser challenge", _answer(403, CHALLENGE, "text/html")),
    ("challenge_200", "a browser challenge with status 200", _answer(200, CHALLENGE, "text/html")),
    (
        "login_wall",
        "a redirect to a login wall",
        _answer(302, b"", "text/plain", location="/login"),
    ),
    ("unauthorized", "401", _answer(401, '{"error": "Unauthorized."}', "application/json")),
    ("server_error", "500", _answer(500, "<h1>Internal Server Error</h1>", "text/html")),
    ("unavailable", "503", _answer(503, "<h1>Service Unavailable</h1>", "text/html")),
    (
        "busy",
        "503 with Retry-After",
        _answer(503, "<h1>Service Unavailable</h1>", "text/html", retry_after=str(RETRY_AFTER)),
    ),
    ("moved", "a redirect to another host", _moved),
    ("reset", "a connection that is reset", _reset),
    ("timeout", "an answer that drips until the time is up", _timeout),
    ("truncated", "an answer cut in half", _truncated),
    ("empty_body", "200 with an empty body", _empty),
    ("other_form", "HTML for JSON, or JSON for HTML", _other_form),
    ("half_bad", "an answer of which more than half of the items are unreadable", _bad_items),
    ("too_large", "a body beyond the cap", _too_large),
    ("repeated", "the page before once more", _repeated),
)

FAULTS: Final = {name: Fault(name=name, does=does, strike=deed) for name, does, deed in _ALL}
"""By name. Those that a practice site knows too have the same name there."""


class _Active(Struct, kw_only=True):
    fault: Fault
    path: str
    after: int
    times: int | None


class FaultTransport:
    """Puts faults between a collector and any transport.

        transport = FaultTransport(CurlTransport(), clock)
        transport.fail("reset", path="/api/*", after=2, times=1)

    Attributes:
        struck: Requests that a fault fell on.
    """

    def __init__(self, inner: Transport, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._active: list[_Active] = []
        self._before: Answer | None = None
        self.struck: list[Request] = []

    def fail(self, name: str, *, path: str = "*", after: int = 0, times: int | None = None) -> None:
        """Show a fault on the requests that fit.

        Args:
            name: One of `FAULTS`.
            path: Shell pattern for the request's path.
            after: So many fitting requests are let through first.
            times: So many are struck then; None is for ever.
        """
        if name not in FAULTS:
            raise ValueError(f"no fault {name!r}; there are {', '.join(sorted(FAULTS))}")
        self._active.append(_Active(fault=FAULTS[name], path=path, after=after, times=times))

    def send(self, request: Request, *, timeout: float) -> Answer:
        """See Transport."""

        def ask() -> Answer:
            return self._inner.send(request, timeout=timeout)

        for active in self._active:
            if self._falls(active, request):
                self.struck.append(request)
                return active.fault.strike(
                    Strike(
                        request=request,
                        timeout=timeout,
                        ask=ask,
                        clock=self._clock,
                        before=self._before,
                    )
                )
        self._before = ask()
        return self._before

    def close(self) -> None:
        """See Transport."""
        self._inner.close()

    def _falls(self, active: _Active, request: Request) -> bool:
        if active.times == 0 or not fnmatchcase(urlsplit(request.url).path or "/", active.path):
            return False
        if active.after:
            active.after -= 1
            return False
        if active.times is not None:
            active.times -= 1
        return True
