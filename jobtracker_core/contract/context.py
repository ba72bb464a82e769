"""What a collector gets to work with. It has no other way to the network, the clock or the log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from jobtracker_core.contract.page import Skip

T = TypeVar("T")


class Response(Struct, frozen=True, kw_only=True):
    """An answer that was accepted. Header names are lower case; `elapsed` is in seconds."""

    status: int
    url: str
    headers: Mapping[str, str]
    content: bytes
    elapsed: float

    @property
    def content_type(self) -> str:
        """The media type without its parameters, lower case; "" where none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body in the charset it names, else UTF-8; what cannot be decoded is replaced."""
        _, _, parameters = self.headers.get("content-type", "").partition(";")
        charset = "utf-8"
        for parameter in parameters.split(";"):
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "charset" and value.strip():
                charset = value.strip().strip("\"'")
        try:
            return self.content.decode(charset, "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")


class Items(Struct, Generic[T], frozen=True, kw_only=True):
    """The readable ones of a list of items, each beside what it was read from."""

    values: tuple[T, ...]
    raws: tuple[Any, ...]
    skipped: tuple[Skip, ...] = ()

    def pairs(self) -> Iterator[tuple[Any, T]]:
        """Yield `(raw item, decoded item)`."""
        return zip(self.raws, self.values, strict=True)


class Http(Protocol):
    """The polite client.

    Every call waits for the site's rate, follows redirects within the collector's hosts, keeps
    cookies for the run, and retries what is `Transient`. A status that is not in `accept` raises
    the class that it stands for; a challenge page raises `Blocked` whatever its status is. Bodies
    are cut off with `LayoutChanged` at 10 MB after decompression.

    Requests look like a current browser's. A header that is given replaces the browser's; one that
    is None takes it out.
    """

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str | None] | None = None,
        accept: Collection[int] = (200,),
    ) -> Response:
        """Send a GET request."""
        ...

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
        """Send a POST request with a JSON body or with bytes."""
        ...


class Log(Protocol):
    """The run's log: an event in words, and fields."""

    def debug(self, event: str, **fields: object) -> None:
        """For whoever mends the plugin."""
        ...

    def info(self, event: str, **fields: object) -> None:
        """Worth a line in the run's history."""
        ...

    def warning(self, event: str, **fields: object) -> None:
        """Something that a user should know of."""
        ...


class RunContext(Protocol):
    """One run's view of the world. Not for use from other threads than the collector's."""

    @property
    def http(self) -> Http:
        """The only way to the site (but for collectors with feature `own_http`)."""
        ...

    @property
    def log(self) -> Log:
        """The run's log."""
        ...

    def now(self) -> datetime:
        """Return the present, aware, UTC. Use it in place of the system's clock."""
        ...

    def check(self) -> None:
        """Raise `Cancelled` if the run is to stop or its time is used up."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait, the only way there is; raises `Cancelled` as `check()` does."""
        ...

    def decode(self, response: Response, type: type[T]) -> T:  # noqa: A002
        """Decode a JSON body; what does not fit raises `LayoutChanged` with the JSON path."""
        ...

    def each(
        self,
        items: Sequence[Any],
        type: type[T],  # noqa: A002
        *,
        path: str = "$",
    ) -> Items[T]:
        """Convert items one by one; a bad one becomes a `Skip`.

        Raises `LayoutChanged` if more than half of them are bad. `path` is where they stood.
        """
        ...

    def filter_ignored(self, word: str, why: str) -> None:
        """Say that this run cannot apply a word of its query that the site otherwise would.

        The run's result shows it with the reason. Raises ValueError if the query has no such word.
        """
        ...

    def proxy_url(self) -> str | None:
        """The run's proxy, for collectors with feature `own_http`.

        With credentials, so it belongs into no log. None only where no pool was asked for: then,
        and only then, a direct connection is allowed. Raises `Transient` if the pool has none left.
        """
        ...
