"""Standing before the session of a scraper: each of its requests is seen before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

_MOVED = frozenset({301, 302, 303, 307, 308})
_MOST_MOVES = 10
_PORTS = {"http": 80, "https": 443}
_OK = 200


class Halt(BaseException):
    """Ends a call from within a request.

    Scrapers swallow every `Exception` of a request, so that one of the run would be lost.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Watch:
    """Sees the requests of one scraper's session. For one call and one thread.

    Args:
        hosts: Hosts that may be asked, by HTTPS at its own port.
        base: The address of a stand-in for the site, which may be asked too.
        on_request: Called with the address before a request. What it raises ends the call.
        curl: Options for curl, where the session is one of curl's.

    Attributes:
        listed: The body of the list page announced last; None if it was not had.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        base: str | None,
        on_request: Callable[[str], None],
        curl: Mapping[Any, str],
    ) -> None:
        addresses = [f"https://{host}" for host in hosts] + ([base] if base else [])
        self._allowed = frozenset(map(_origin, addresses))
        self._on_request = on_request
        self._curl = curl
        self._announced = False
        self.listed: str | None = None

    def announce(self) -> None:
        """Take the next answer that is had for a list page."""
        self._announced = True
        self.listed = None

    def stand_before(self, scraper: Any) -> None:
        """See all requests of this one scraper, which makes its session itself, later."""
        name = "_watched_session"

        def take(holder: Any, session: Any) -> None:
            self._wrap(session)
            vars(holder)[name] = session

        kind = type(scraper)
        session = property(lambda holder: vars(holder)[name], take)
        watched = type(kind.__name__, (kind,), {"session": session, "__module__": kind.__module__})
        scraper.__class__ = watched

    def _wrap(self, session: Any) -> None:
        if hasattr(session, "curl_options"):
            session.curl_options = {**session.curl_options, **self._curl}
        send = session.request

        def request(method: str, url: str, **words: Any) -> Any:
            follow = words.pop("allow_redirects", getattr(session, "allow_redirects", True))
            answer = self._send(send, method, url, words)
            for _ in range(_MOST_MOVES if follow and method == "GET" else 0):
                target = answer.headers.get("location")
                if answer.status_code not in _MOVED or not target:
                    break
                url = urljoin(answer.url, target)
                answer = self._send(send, method, url, {**words, "params": None})
            if self._announced and answer.status_code == _OK:
                self._announced = False
                self.listed = answer.text
            return answer

        session.request = request

    def _send(self, send: Any, method: str, url: str, words: dict[str, Any]) -> Any:
        if _origin(url) not in self._allowed:
            raise ValueError(f"led to {urlsplit(url).hostname}, which is no host of the site")
        try:
            self._on_request(url)
        except Exception as error:
            raise Halt(error) from error
        return send(method, url, **words, allow_redirects=False)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
