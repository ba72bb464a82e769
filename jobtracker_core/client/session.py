"""Requests to a server of ours: encoded, repeated where that is safe, decoded or explained."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from enum import Enum
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from jobtracker_core import __version__
from jobtracker_core.client.errors import Lost, NotJobTracker, OtherVersion, RemoteError
from jobtracker_core.client.problems import is_json, retry_after, to_exception
from jobtracker_core.client.transport import Answer, Request, Wire
from jobtracker_core.plugins.forms import FormError
from jobtracker_core.search.nodes import SearchError
from jobtracker_core.search.pointing import point

T = TypeVar("T")

TIMEOUT_S: Final = 60.0
PATIENCE_S: Final = 15.0
"""Seconds that a request waits at most when the server asks for it; then it fails."""

_API: Final = "/api/v1"
_WAITING: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_SAFE: Final = frozenset({"GET", "HEAD"})


class Session:
    """Asks one server with one token. Safe to share between threads.

    Args:
        url: The server's address, for messages.
        wait: Lets time pass; a test may be quicker.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        url: str,
        token: str,
        timeout: float = TIMEOUT_S,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._wire = wire
        self._token = token
        self._timeout = timeout
        self._wait = wait
        self.url = url

    def __repr__(self) -> str:
        return f"Session({self.url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def get(self, path: str, kind: type[T], /, **query: object) -> T:
        """Read something; parameters that are None are left out."""
        with _pointing(query):
            return self._decoded(self._ask(self._request("GET", path, query)), kind)

    def text(self, path: str) -> str:
        """Read a text from an address outside the API, without showing the token."""
        answer = self._ask(Request(method="GET", path=path), raw=True)
        return answer.body.decode("utf-8", "replace")

    def lines(self, path: str, kind: type[T], /, **query: object) -> Iterator[T]:
        """Read JSON lines as they come; raises Lost if they are cut off."""
        request = self._request("GET", path, query)
        decoder = msgspec.json.Decoder(kind)
        for line in self._wire.stream(request, timeout=self._timeout):
            if isinstance(line, Answer):
                with _pointing(query):
                    raise to_exception(line, self.url)
            try:
                yield decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise self._undecodable(error) from error

    def post(
        self,
        path: str,
        kind: type[T],
        body: object = None,
        /,
        *,
        once: bool = True,
        timeout: float | None = None,
        **query: object,
    ) -> T:
        """Have something made or done.

        With `once` it happens once although the request may be sent twice, because its answer got
        lost. Without it, a request whose answer got lost is not sent again.
        """
        key = {"Idempotency-Key": str(uuid.uuid4())} if once else {}
        request = self._request("POST", path, query, body, key)
        return self._decoded(self._ask(request, repeatable=once, timeout=timeout), kind)

    def do(self, path: str, body: object = None) -> None:
        """Have something done that says nothing."""
        self._ask(self._request("POST", path, {}, body))

    def put(self, path: str, kind: type[T], body: object, *, version: int | None = None) -> T:
        """Change something, if it still is of that version; raises Stale."""
        request = self._request("PUT", path, {}, body, _if_match(version))
        return self._decoded(self._ask(request), kind)

    def delete(self, path: str, *, version: int | None = None) -> None:
        """Delete something, if it still is of that version; raises Stale."""
        self._ask(self._request("DELETE", path, {}, None, _if_match(version)))

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        words = {name: _word(value) for name, value in query.items() if value is not None}
        try:
            asked = f"?{urlencode(words)}" if words else ""
            data = None if body is None else msgspec.json.encode(body)
        except UnicodeEncodeError:
            raise FormError({"request": "holds a text that is no Unicode"}) from None
        sent = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/json",
            "User-Agent": f"jobtracker/{__version__}",
            **({} if data is None else {"Content-Type": "application/json"}),
            **(headers or {}),
        }
        return Request(method=method, path=f"{_API}{path}{asked}", headers=sent, body=data)

    def _ask(
        self,
        request: Request,
        *,
        repeatable: bool = False,
        raw: bool = False,
        timeout: float | None = None,
    ) -> Answer:
        """Return a good answer; raise what any other one stands for."""
        repeatable = repeatable or request.method in _SAFE
        left, is_second = PATIENCE_S, False
        while True:
            try:
                answer = self._wire.send(request, timeout=timeout or self._timeout)
            except Lost:
                if is_second or not repeatable:
                    raise
                is_second = True
                continue
            wait = retry_after(answer) if answer.status in _WAITING else None
            # Nothing was done of what was too much; of the rest nobody can be sure.
            again = repeatable or answer.status == HTTPStatus.TOO_MANY_REQUESTS
            if wait is None or wait > left or not again:
                return self._good(answer, raw=raw)
            left -= max(wait, 0.5)
            self._wait(wait)

    def _good(self, answer: Answer, *, raw: bool) -> Answer:
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise to_exception(answer, self.url)
        if answer.status != HTTPStatus.NO_CONTENT and not raw and not is_json(answer):
            kind = answer.headers.get("content-type", "something").partition(";")[0][:60]
            raise NotJobTracker(
                f"{self.url} answers with {kind}, as no JobTracker does",
                "Give the address that the portal has in a browser; if a login page stands before "
                "it, have it let /api/v1 through.",
            )
        return answer

    def _decoded(self, answer: Answer, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise self._undecodable(error) from error

    def _undecodable(self, error: Exception) -> RemoteError:
        if not isinstance(error, msgspec.ValidationError):
            return NotJobTracker(
                f"{self.url} answers with what is no JSON",
                "Give the address that the portal has in a browser.",
            )
        said = f"what {self.url} answers is not understood here: {str(error)[:300]}"
        other = self._version()
        if other is None:
            return NotJobTracker(said, "Give the address that the portal has in a browser.")
        return OtherVersion(
            f"{said}. It is JobTracker {other[:40]}, this is {__version__}",
            "Bring the older one of the two up to date.",
        )

    def _version(self) -> str | None:
        """Return the server's version, None if it tells none; nothing is raised for that."""
        request = self._request("GET", "/tokens/current", {})
        try:
            answer = self._wire.send(request, timeout=self._timeout)
            said: object = msgspec.json.decode(answer.body)
        except (RemoteError, msgspec.MsgspecError, RecursionError):
            return None
        version = said.get("version") if isinstance(said, dict) else None
        return version if isinstance(version, str) else None


def segment(name: object) -> str:
    """Return a name as one part of a path."""
    try:
        return quote(str(name), safe="")
    except UnicodeEncodeError:
        raise FormError({"name": "holds a text that is no Unicode"}) from None


@contextmanager
def _pointing(query: Mapping[str, object]) -> Iterator[None]:
    """Show in a search that was refused where its mistake is."""
    try:
        yield
    except SearchError as error:
        raise point(error, str(query.get("search", ""))) from None


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"v{version}"'}


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    return str(value.value if isinstance(value, Enum) else value)
