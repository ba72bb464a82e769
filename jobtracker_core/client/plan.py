"""What a facade would ask of a server, told and not asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from jobtracker_core.client.session import Session
from jobtracker_core.client.tracker import RemoteTracker
from jobtracker_core.client.transport import Answer, Request


class Planned(Exception):  # noqa: N818  (nothing went wrong)
    """A request that was about to be sent; `path` is behind the server's own address."""

    def __init__(self, request: Request) -> None:
        super().__init__(f"{request.method} {request.path}")
        self.path = request.path


class _Plan:
    """A wire that sends nothing."""

    def send(self, request: Request, *, timeout: float) -> NoReturn:  # noqa: ARG002
        raise Planned(request)

    def stream(self, request: Request, *, timeout: float) -> Iterator[bytes | Answer]:  # noqa: ARG002
        raise Planned(request)

    def close(self) -> None:
        """Do nothing."""


def planning() -> RemoteTracker:
    """Return a facade whose first request is raised as Planned."""
    return RemoteTracker(Session(_Plan(), url="", token=""))
