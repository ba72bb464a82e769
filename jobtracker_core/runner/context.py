"""The run's side of the contract: what a collector's `ctx` really is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from jobtracker_core.contract.context import Http, Items, Log, Response
from jobtracker_core.contract.errors import (
    Cancelled,
    CancelReason,
    CollectError,
    ErrorClass,
    LayoutChanged,
)
from jobtracker_core.contract.host import Ack, Batch, Grant, Progress, Proxy, RunHost
from jobtracker_core.contract.page import Skip
from jobtracker_core.contract.posting import PostingRef
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.filters import QueryFilters
from jobtracker_core.runner.hiding import Hiding

T = TypeVar("T")

_AT = re.compile(r"^(?P<what>.*) - at `(?P<path>[^`]+)`$", re.DOTALL)
_LOOK_EVERY = 0.5
"""Seconds between two looks at the wish to stop, while waiting."""


class HostFailed(Exception):  # noqa: N818
    """The host itself failed while a collector's code was on the stack; `__cause__` says how."""


class GuardedHost:
    """A host whose failures cannot be mistaken for the collector's own.

    Calls of `acquire()` and `cancelled()` come from inside a collector, which may catch what they
    raise. So a failure is also remembered, and `raise_failure()` tells it when control is back.

    Attributes:
        page: The list page that the run is at, from 1; every line of its log names it. While
            details are read, it is the last one.
    """

    def __init__(self, host: RunHost) -> None:
        self.page = 1
        self._host = host
        self._failure: Exception | None = None
        self._hiding = Hiding()

    def _call(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except CollectError:
            raise
        except Exception as error:
            self._failure = self._failure or error
            raise HostFailed(str(error)) from error

    def raise_failure(self) -> None:
        """Raise the host's first failure again, if there was one."""
        if self._failure is not None:
            raise self._failure

    def deliver(self, batch: Batch) -> Ack:
        """See RunHost."""
        return self._call(lambda: self._host.deliver(batch))

    def details_wanted(
        self, refs: Sequence[PostingRef], *, rechecks: int = 0
    ) -> Sequence[PostingRef]:
        """See RunHost."""
        return self._call(lambda: self._host.details_wanted(refs, rechecks=rechecks))

    def acquire(self, key: str, *, per_minute: float, burst: int) -> Grant:
        """See RunHost."""
        return self._call(lambda: self._host.acquire(key, per_minute=per_minute, burst=burst))

    def slow_down(self, key: str, *, cause: ErrorClass, retry_after: float | None = None) -> None:
        """See RunHost."""
        self._call(lambda: self._host.slow_down(key, cause=cause, retry_after=retry_after))

    def proxy(self, *, failed: int | None = None, cause: ErrorClass = "proxy") -> Proxy | None:
        """See RunHost."""
        return self._hiding.note(self._call(lambda: self._host.proxy(failed=failed, cause=cause)))

    def hide(self, text: str) -> str:
        """Return a text without the credentials of the run's proxies."""
        return self._hiding.hide(text)

    def progress(self, progress: Progress) -> None:
        """See RunHost."""
        self._call(lambda: self._host.progress(progress))

    def log(
        self,
        level: Literal["debug", "info", "warning"],
        event: str,
        fields: Mapping[str, object],
    ) -> None:
        """See RunHost."""
        told = named(fields, page=self.page)
        self._call(lambda: self._host.log(level, event, told))

    def cancelled(self) -> CancelReason | None:
        """See RunHost."""
        return self._call(self._host.cancelled)


class HostLog:
    """A collector's log, written through the host."""

    def __init__(self, host: RunHost) -> None:
        self._host = host

    def debug(self, event: str, **fields: object) -> None:
        """See Log."""
        self._write("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """See Log."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """See Log."""
        self._write("warning", event, fields)

    def _write(
        self, level: Literal["debug", "info", "warning"], event: str, fields: Mapping[str, object]
    ) -> None:
        # Whatever a collector logs becomes plain values here, where it is the collector's fault.
        plain = {str(key): _plain(value) for key, value in fields.items()}
        self._host.log(level, str(event), plain)


class Stopwatch:
    """A run's deadline, and the user's wish to stop."""

    def __init__(self, clock: Clock, host: RunHost, *, seconds: float) -> None:
        self._clock = clock
        self._host = host
        self._deadline = clock.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left of the run's time."""
        return self._deadline - self._clock.monotonic()

    def check(self) -> None:
        """Raise `Cancelled` if the run is to stop or its time is used up."""
        reason = self._host.cancelled()
        if reason is None and self.remaining() <= 0:
            reason = "deadline"
        if reason is not None:
            raise Cancelled(reason)

    def pause(self, seconds: float) -> None:
        """Wait, looking at `check()` every half second."""
        end = self._clock.monotonic() + seconds
        self.check()
        while (left := end - self._clock.monotonic()) > 0:
            self._clock.wait(min(left, _LOOK_EVERY, max(self.remaining(), 0.0)))
            self.check()


class Context:
    """Implements `RunContext`. Samples are whole here; `execute` cuts and cleans them.

    `proxy` gives the run's proxy.
    """

    def __init__(
        self,
        *,
        http: Http,
        host: RunHost,
        clock: Clock,
        watch: Stopwatch,
        filters: QueryFilters,
        proxy: Callable[[], Proxy | None] = lambda: None,
    ) -> None:
        self._http = http
        self._proxy = proxy
        self._log = HostLog(host)
        self._clock = clock
        self._watch = watch
        self._filters = filters

    @property
    def http(self) -> Http:
        """See RunContext."""
        return self._http

    @property
    def log(self) -> Log:
        """See RunContext."""
        return self._log

    def now(self) -> datetime:
        """See RunContext."""
        return self._clock.now()

    def check(self) -> None:
        """See RunContext."""
        self._watch.check()

    def pause(self, seconds: float) -> None:
        """See RunContext."""
        self._watch.pause(seconds)

    def proxy_url(self) -> str | None:
        """See RunContext."""
        proxy = self._proxy()
        return None if proxy is None else proxy.url

    def filter_ignored(self, word: str, why: str) -> None:
        """See RunContext."""
        self._filters.ignore(str(word), str(why))
        self._log.info("filter not applied", word=word, why=why)

    def decode(self, response: Response, type: type[T]) -> T:  # noqa: A002
        """See RunContext."""
        try:
            return msgspec.json.decode(response.content, type=type)
        except msgspec.ValidationError as error:
            path, what = locate(error)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            path = "$"
            if response.content.lstrip()[:1] == b"<":
                what = "HTML came where JSON was asked for"
            else:
                what = f"no valid JSON ({error})"
        raise LayoutChanged(path, what, sample=response.text, error_class="decode")

    def each(
        self,
        items: Sequence[Any],
        type: type[T],  # noqa: A002
        *,
        path: str = "$",
    ) -> Items[T]:
        """See RunContext."""
        values: list[T] = []
        raws: list[Any] = []
        skipped: list[Skip] = []
        worst: Any = None
        for index, item in enumerate(items):
            try:
                values.append(msgspec.convert(item, type))
            except msgspec.ValidationError as error:
                inner, what = locate(error)
                worst = item if worst is None else worst
                skipped.append(Skip(path=f"{path}[{index}]{inner[1:]}", reason=what))
            else:
                raws.append(item)
        if len(skipped) > len(values):
            raise LayoutChanged(
                skipped[0].path,
                f"{skipped[0].reason} ({len(skipped)} of {len(items)} items are unreadable)",
                sample=msgspec.json.encode(worst).decode(),
            )
        return Items(values=tuple(values), raws=tuple(raws), skipped=tuple(skipped))


def named(fields: Mapping[str, object], **core: object) -> dict[str, object]:
    """Put the core's own fields before those of a log line.

    What a plugin calls by one of these names is kept as `plugin_NAME`.
    """
    return core | {f"plugin_{k}" if k in core else k: value for k, value in fields.items()}


def locate(error: msgspec.ValidationError) -> tuple[str, str]:
    """Split msgspec's message into a JSON path and what is wrong there."""
    match = _AT.match(str(error))
    return (match["path"], match["what"]) if match else ("$", str(error))


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else str(value)
