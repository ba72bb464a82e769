"""What may go wrong while collecting, grouped by what the core does next.

Raise these from a collector; anything else that leaves `collect()` or `details()` is reported as a
bug in the plugin, with its traceback. All of them survive pickling.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

ErrorClass = Literal[
    "network",
    "dns",
    "tls",
    "timeout",
    "proxy",
    "http_4xx",
    "http_429",
    "http_5xx",
    "blocked",
    "parse",
    "decode",
    "empty",
    "too_large",
    "validation",
    "config",
    "auth",
    "plugin_import",
    "memory_limit",
    "cpu_limit",
    "runtime_limit",
    "output_limit",
    "page_limit",
    "request_limit",
    "crash_signal",
    "lease_lost",
    "cancelled",
    "drained",
    "db",
    "internal",
]
"""The closed list of causes that a run's row may carry."""


def _restore(cls: type[CollectError], args: tuple[Any, ...], state: dict[str, Any]) -> CollectError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


def _text(value: object) -> str:
    """Return whatever was given as text: an error must not fail while it is being raised."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  (a stranger's __str__)
        return f"{type(value).__name__} without a text ({type(error).__name__})"


class CollectError(Exception):
    """The run cannot go on as it was asked."""

    hint: ClassVar[str] = "See the run's log."
    """One sentence: what the user does next."""

    error_class: ErrorClass = "internal"
    message: str = "no reason given"

    def __init__(self, message: str, *, error_class: ErrorClass | None = None) -> None:
        super().__init__(message)
        self.message = _text(message)
        if error_class is not None:
            self.error_class = error_class

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


class Transient(CollectError):  # noqa: N818  (the names are the contract's own terms)
    """May work in a minute: the client retries it, then the run is retried with back-off."""

    hint = "It usually passes by itself: start it again."
    error_class: ErrorClass = "network"


class RateLimited(CollectError):  # noqa: N818
    """The site asks for fewer requests: the run ends partial and keeps its cursor.

    Args:
        message: What the site said.
        retry_after: Seconds the site asks to wait, where it said so.
    """

    hint = "Leave the site alone for a while; the next run goes on from where this one stopped."
    error_class: ErrorClass = "http_429"
    retry_after: float | None = None

    def __init__(
        self, message: str = "the site asks for fewer requests", *, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Blocked(CollectError):  # noqa: N818
    """Refused as a robot (challenge, login wall, 403, 999): partial, and never retried at once.

    Args:
        evidence: What in the answer shows it, in a few words.
    """

    hint = "The site refuses this machine for now. Wait some hours, or ask it less often."
    error_class: ErrorClass = "blocked"

    def __init__(self, evidence: str) -> None:
        super().__init__(f"refused as a robot: {_text(evidence)}")
        self.evidence = evidence


class LayoutChanged(CollectError):  # noqa: N818
    """The answer is not of the form this plugin knows: our code is out of date.

    Args:
        path: Where in the answer, as a JSON path, a CSS selector or a URL path.
        message: What was expected there and what came.
        sample: The answer, or the part that shows it. The core cuts it and blanks secrets.
        error_class: A closer cause than "parse".
    """

    hint = "Update the plugin; if it is up to date, report this with the run's sample."
    error_class: ErrorClass = "parse"
    path: str = "$"
    sample: str = ""

    def __init__(
        self,
        path: str,
        message: str = "the site's answer has changed",
        *,
        sample: str = "",
        error_class: ErrorClass | None = None,
    ) -> None:
        super().__init__(f"{_text(path)}: {_text(message)}", error_class=error_class)
        self.path = path
        self.sample = _text(sample)


class BadQuery(CollectError):  # noqa: N818
    """The user must edit the query; shown at the form field or the option of that name."""

    hint = "Change the query and start again."
    error_class: ErrorClass = "validation"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class ConfigError(CollectError):
    """The operator must edit the collector's settings; shown at the setting of that name."""

    hint = "Change the collector's settings and start again."
    error_class: ErrorClass = "config"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


CancelReason = Literal["stopped", "deadline", "requests", "shutdown"]


class Cancelled(CollectError):  # noqa: N818
    """Raised *by the core* at `ctx.check()`, `ctx.pause()` and requests; let it pass through."""

    hint = "Start it again; it goes on from where it stopped."
    error_class: ErrorClass = "cancelled"

    def __init__(self, reason: CancelReason) -> None:
        text = {
            "stopped": "stopped on request",
            "deadline": "the run's time is used up",
            "requests": "the run's requests are used up",
            "shutdown": "the worker shuts down",
        }
        causes: dict[CancelReason, ErrorClass] = {
            "stopped": "cancelled",
            "deadline": "runtime_limit",
            "requests": "request_limit",
            "shutdown": "drained",
        }
        super().__init__(text[reason], error_class=causes[reason])
        self.reason: CancelReason = reason
