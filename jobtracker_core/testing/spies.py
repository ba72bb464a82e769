"""Looking over a collector's shoulder: what it asks for, and what it does past its context."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import MappingProxyType, ModuleType
from typing import Any
from unittest.mock import patch

from jobtracker_core.contract.context import Http, Response, RunContext
from jobtracker_core.http import transport
from jobtracker_core.http.exchange import Answer, Request, Transport

_OTHER_SEED = 0x5EED


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


class _Watch:
    """The process's audit hook: refuses and notes what is done past the context while it is on.

    An audit hook cannot be taken away, so there is one, and `seen` turns it on and off.
    """

    target = MappingProxyType(
        {
            "socket.connect": 1,
            "socket.sendto": 1,
            "socket.sendmsg": 1,
            "socket.getaddrinfo": 0,
            "socket.gethostbyname": 0,
            "socket.gethostbyaddr": 0,
            "subprocess.Popen": 1,
            "os.system": 0,
            "os.exec": 0,
            "os.posix_spawn": 1,
            "os.fork": None,
            "os.forkpty": None,
        }
    )
    """Which argument of an event says where to, or what with. `connect_ex` is a connect too."""

    def __init__(self) -> None:
        self.seen: list[str] | None = None
        self.passing = threading.local()
        self._installed = False

    def install(self) -> None:
        """Hook into this process, once."""
        if not self._installed:
            sys.addaudithook(self)
            self._installed = True

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.seen is not None and event in self.target:
            which = self.target[event]
            self.refuse(event, "" if which is None else repr(args[which]))

    def refuse(self, name: str, target: str) -> None:
        """Note a use and raise OSError, if the kit itself is not the one who does it."""
        seen = self.seen
        if seen is None or getattr(self.passing, "on", False):
            return
        seen.append(f"{name}({target})")
        raise OSError(f"the kit lets nobody use {name} here")


_WATCH = _Watch()

# The only module that may import curl_cffi holds its class.
_CURL: Any = vars(transport)["Curl"]
_URL: Any = vars(transport)["CurlOpt"].URL


class Passing:
    """The kit's own way to the answers, which `side_doors()` lets through."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def send(self, request: Request, *, timeout: float) -> Answer:
        """See Transport."""
        _WATCH.passing.on = True
        try:
            return self._inner.send(request, timeout=timeout)
        finally:
            _WATCH.passing.on = False

    def close(self) -> None:
        """See Transport."""
        self._inner.close()


@contextmanager
def side_doors() -> Iterator[list[str]]:
    """Note what is done past the context, and let none of it happen.

    Seen are, in all threads: connections, datagrams and name look-ups by Python's own sockets,
    whatever library uses them; requests by curl_cffi; and other processes. Sleeping by
    `time.sleep` is seen in this thread alone. Requests through `Passing` are the kit's.
    """
    seen: list[str] = []
    me = threading.get_ident()
    sleep, perform, setopt = time.sleep, _CURL.perform, _CURL.setopt

    def watched_sleep(seconds: Any) -> None:
        if threading.get_ident() == me:
            seen.append(f"time.sleep({seconds!r})")
        else:
            sleep(seconds)

    def watched_perform(curl: Any, *args: Any, **options: Any) -> Any:
        _WATCH.refuse("curl_cffi.Curl.perform", "")
        return perform(curl, *args, **options)

    def watched_setopt(curl: Any, option: Any, value: Any) -> Any:
        # An asynchronous session never calls perform(), but it too says where to.
        if option == _URL:
            _WATCH.refuse("curl_cffi.Curl.setopt", f"URL, {value!r}")
        return setopt(curl, option, value)

    _WATCH.install()
    time.sleep, _CURL.perform, _CURL.setopt = watched_sleep, watched_perform, watched_setopt
    _WATCH.seen = seen
    try:
        yield seen
    finally:
        _WATCH.seen = None
        time.sleep, _CURL.perform, _CURL.setopt = sleep, perform, setopt


@contextmanager
def other_process(collector: type[Any]) -> Iterator[None]:
    """Let a plugin's modules see another process id, and another seed of Python's `hash()`.

    Only the modules of the collector's top-level package get the other `hash()`: everybody
    else's dictionaries go on.
    """
    real_pid, real_hash = os.getpid, hash

    def other_pid() -> int:
        return real_pid() + 1

    def other_hash(value: object) -> int:
        # A class's own __hash__ must not change while its objects lie in dictionaries.
        own = sys._getframe(1).f_code.co_name == "__hash__"  # noqa: SLF001
        return real_hash(value) if own else real_hash(value) ^ _OTHER_SEED

    top = collector.__module__.partition(".")[0]
    with ExitStack() as stack:
        stack.enter_context(patch.object(os, "getpid", other_pid))
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] != top or not isinstance(module, ModuleType):
                continue
            copies = {key: other_pid for key, v in vars(module).items() if v is real_pid}
            stack.enter_context(patch.dict(vars(module), {"hash": other_hash, **copies}))
        yield


@contextmanager
def no_sleep() -> Iterator[None]:
    """Make `time.sleep()` return at once, in all threads."""
    real = time.sleep
    time.sleep = lambda _seconds: real(0)
    try:
        yield
    finally:
        time.sleep = real
