"""One request and its answer, as they cross the wire, and what a transport is."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

Method = Literal["GET", "POST"]


class BadAddress(ValueError):  # noqa: N818  (what is wrong is the address)
    """No request is ever sent to such an address: its scheme or its form is not http(s)'s."""


class TooLarge(Exception):  # noqa: N818  (what is wrong is the size)
    """A body or its headers grew beyond the cap; reading stopped there.

    Args:
        message: What grew, and beyond which size.
        received: Bytes of the body taken in before the cut, after decompression.
    """

    def __init__(self, message: str, *, received: int = 0) -> None:
        super().__init__(message)
        self.received = received


class Request(Struct, frozen=True, kw_only=True):
    """What is sent. `url` is absolute and already quoted; a transport sends it as it stands.

    A header whose value is None is one that the transport must not add by itself.
    """

    method: Method
    url: str
    headers: tuple[tuple[str, str | None], ...] = ()
    body: bytes | None = None


class Answer(Struct, frozen=True, kw_only=True):
    """What came back, whatever its status.

    Attributes:
        headers: Pairs in the server's order, names in lower case; `set-cookie` may repeat.
        content: The body after decompression.
        elapsed: Seconds from connecting to the last byte.
    """

    status: int
    url: str
    headers: tuple[tuple[str, str], ...]
    content: bytes
    elapsed: float

    def header(self, name: str) -> str | None:
        """Return the first value of a header; `name` in lower case."""
        return next((value for key, value in self.headers if key == name), None)


class Transport(Protocol):
    """Sends one request and follows nothing. Keeps cookies. For one thread only."""

    def send(self, request: Request, *, timeout: float) -> Answer:
        """Send a request and read the whole answer within `timeout` seconds.

        Raises `Transient` where no complete answer came, `TooLarge` where it never ended, and
        `BadAddress` before anything is sent.
        """
        ...

    def close(self) -> None:
        """Give up connections and cookies. May be called twice."""
        ...
