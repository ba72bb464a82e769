"""Looking over a collector's shoulder: what it asks for, and what it does past its context."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jobtracker_core.contract.context import Http, Response, RunContext


class SpyHttp:
    """A client that notes each error that it gives back."""

    def __init__(self, inner: Http) -> None:
        self._inner = inner
        self.raised: list[Exception] = []

    def get(self, url: str, **options: Any) -> Response:
        """See Http."""
        return self._note(lambda: self._inner.get(url, **options))

    def post(self, url: str, **options: Any) -> Response:
        """See Http."""
        return self._note(lambda: self._inner.post(url, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _note(self, call: Callable[[], Response]) -> Response:
        try:
            return call()
        except Exception as error:
            self.raised.append(error)
            raise


class SpyContext:
    """A run's context with another client in it."""

    def __init__(self, ctx: RunContext, http: Http) -> None:
        self._ctx = ctx
        self.http = http

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ctx, name)


@contextmanager
def side_doors() -> Iterator[list[str]]:
    """Note what this thread does past its context, and let it do none of it.

    Seen are sleeping by `time.sleep`, and connections and name look-ups by Python's own sockets.
    """
    seen: list[str] = []
    me = threading.get_ident()
    real: dict[tuple[Any, str], Any] = {
        (time, "sleep"): time.sleep,
        (socket, "getaddrinfo"): socket.getaddrinfo,
        (socket.socket, "connect"): socket.socket.connect,
    }

    def watched(name: str, original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != me:
                return original(*args, **kwargs)
            if name == "sleep":
                seen.append(f"time.sleep({args[0]!r})")
                return None
            target = args[1] if name == "connect" else args[0]
            seen.append(f"socket.{name}({target!r})")
            raise OSError(f"the kit lets nobody use socket.{name} here")

        return call

    for (owner, name), original in real.items():
        setattr(owner, name, watched(name, original))
    try:
        yield seen
    finally:
        for (owner, name), original in real.items():
            if owner is socket.socket:
                delattr(owner, name)  # it was inherited
            else:
                setattr(owner, name, original)


@contextmanager
def no_sleep() -> Iterator[None]:
    """Make `time.sleep()` return at once, in all threads."""
    real = time.sleep
    time.sleep = lambda _seconds: real(0)
    try:
        yield
    finally:
        time.sleep = real
