"""What can go wrong between here and a server, each with the next step."""

from __future__ import annotations


class RemoteError(Exception):
    """The server did not do what was asked, or nobody knows whether it did.

    What the server itself refuses is told by the same exceptions as on a database: NotFound,
    Stale, FormError and so on.

    Args:
        message: What is wrong, naming the server and never the token.
        hint: One sentence: what the user does next.
    """

    is_mistake = False
    """Whether the user must change something before it can work."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class BadServer(RemoteError):  # noqa: N818  (the names say the state, as in storage.errors)
    """The server's address itself is wrong."""

    is_mistake = True

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"this is no server's address: {problem}",
            "Give the address that the portal has in a browser, such as https://jobs.example.",
        )


class PlainHttp(RemoteError):  # noqa: N818
    """The token would go over the network in the clear."""

    is_mistake = True

    def __init__(self, url: str) -> None:
        super().__init__(
            f"{url}: over plain HTTP, everybody on the way can read the token and use it",
            "Use https://, or say --allow-http (plain_http=True) if you know the whole way.",
        )


class NoToken(RemoteError):  # noqa: N818
    """There is nothing to send as a token."""

    is_mistake = True


class WrongToken(RemoteError):  # noqa: N818
    """The server does not know the token, or no longer."""

    is_mistake = True


class NarrowToken(RemoteError):  # noqa: N818
    """The token does not allow this."""

    is_mistake = True


class Unreached(RemoteError):  # noqa: N818
    """No connection, or it was lost."""


class Lost(Unreached):
    """The connection was lost after the request was sent: nobody knows whether it was done."""


class NotJobTracker(RemoteError):  # noqa: N818
    """What answers there is no JobTracker."""


class OtherVersion(RemoteError):  # noqa: N818
    """The server is a JobTracker that speaks otherwise than this one."""


class TooManyRequests(RemoteError):  # noqa: N818
    """The server wants less of this token; `retry_after` are the seconds it said."""

    def __init__(self, message: str, hint: str, *, retry_after: float | None) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


class ServerFailed(RemoteError):  # noqa: N818
    """The server, or what stands before it, cannot answer now."""


class Refused(RemoteError):  # noqa: N818
    """The server refuses, for a reason that has no exception of its own here."""
