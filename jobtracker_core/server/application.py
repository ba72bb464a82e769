"""What holds for each request, whatever becomes of it: host check, headers, HEAD."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, cast

from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.exceptions import ClientException
from litestar.routes import HTTPRoute
from litestar.types import (
    HTTPDisconnectEvent,
    HTTPScope,
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Message,
    Receive,
    Scope,
    Send,
)

from jobtracker_core.api import problems
from jobtracker_core.server.forwarded import Forwarded
from jobtracker_core.server.hosts import Hosts

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""On every answer, errors too."""

SECURE = {"strict-transport-security": "max-age=31536000"}
"""On every answer to whoever came by HTTPS, to this server or to a trusted proxy before it."""


OnAnswer = Callable[[str, str | None, int, float], None]


class Application(Litestar):
    """Our Litestar app.

    Args:
        hosts: What it answers to.
        trusted_proxies: Whose word on where a request came from is taken.
        stopping: Says whether the process is about to end.
        on_answer: Called when an answer begins: with the method, the pattern of the address (None
            where nothing is), the status, and the seconds since the request.
        options: Litestar's own.
    """

    def __init__(
        self,
        *,
        hosts: Collection[str],
        trusted_proxies: Collection[str] = (),
        stopping: Callable[[], bool] = lambda: False,
        on_answer: OnAnswer = lambda *_: None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._hosts = Hosts(hosts)
        self._forwarded = Forwarded(trusted_proxies)
        self._stopping = stopping
        self._on_answer = on_answer
        self._allowed = {
            route.path_format: ", ".join(
                sorted({*route.methods, *(["HEAD"] if "GET" in route.methods else [])})
            )
            for route in self.routes
            if isinstance(route, HTTPRoute)
        }

    async def __call__(
        self,
        scope: Scope | LifeSpanScope,
        receive: Receive | LifeSpanReceive,
        send: Send | LifeSpanSend,
    ) -> None:
        """Answer one connection (ASGI)."""
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        elif scope["type"] == ScopeType.HTTP:
            await self._answer(scope, cast("Receive", receive), cast("Send", send))
        elif self._hosts.refuse(scope["headers"]):
            await cast("Send", send)({"type": "websocket.close", "code": 1008, "reason": "host"})
        else:
            await super().__call__(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        self._forwarded.apply(scope)
        head = scope["method"] == "HEAD"
        answering = False
        note = self._noting(scope)

        def begun(status: int) -> None:
            nonlocal answering
            answering = True
            note(status)

        if head:
            scope["method"] = "GET"
            # What is sent until somebody goes away ends with its headers.
            receive = _gone
            # What compresses holds the headers back until there is a body.
            scope["headers"] = [one for one in scope["headers"] if one[0] != b"accept-encoding"]
        wanted = HEADERS | SECURE if scope["scheme"] == "https" else HEADERS
        send = partial(_send, send, wanted=wanted, head=head, begun=begun)
        if scope["method"] == "OPTIONS":
            send = partial(self._send_methods, scope, send)
        if self._hosts.refuse(scope["headers"]):
            error = ClientException(
                "This server does not answer to that host name. Whoever runs it can add the name: "
                "`jobtracker serve --host-name NAME`, or `allowed_hosts` in code."
            )
            await self._explain(error, scope, receive, send)
            return
        try:
            await super().__call__(scope, receive, send)
        except asyncio.CancelledError:
            if answering or not self._stopping():
                raise
            # The server ends, and its patience with what is under way is over.
            unfinished = problems.Unavailable(
                "The server ends and has not finished this request; it may be done all the same. "
                "Under one Idempotency-Key it can be sent again."
            )
            await self._explain(unfinished, scope, receive, send)

    async def _explain(
        self, error: Exception, scope: HTTPScope, receive: Receive, send: Send
    ) -> None:
        scope["app"] = scope["litestar_app"] = self
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        answer = problems.respond(problems.explain(error))
        await answer.to_asgi_response(app=None, request=request)(scope, receive, send)

    async def _send_methods(self, scope: HTTPScope, send: Send, message: Message) -> None:
        """Name all methods of an address: Litestar names those of one handler there."""
        allowed = self._allowed.get(scope.get("path_template") or "")
        if message["type"] == "http.response.start" and allowed is not None:
            others = [each for each in message["headers"] if each[0].lower() != b"allow"]
            message["headers"] = [*others, (b"allow", allowed.encode())]
        await send(message)

    def _noting(self, scope: HTTPScope) -> Callable[[int], None]:
        since, method = time.monotonic(), str(scope["method"])

        def note(status: int) -> None:
            # Known once the request has found its route.
            route = scope.get("path_template") or None
            self._on_answer(method, route, status, time.monotonic() - since)

        return note


async def _gone() -> HTTPDisconnectEvent:
    return {"type": "http.disconnect"}


async def _send(
    send: Send,
    message: Message,
    *,
    wanted: Mapping[str, str],
    head: bool,
    begun: Callable[[int], None],
) -> None:
    if message["type"] == "http.response.start":
        begun(message["status"])
        headers = list(message["headers"])
        given = {name.lower() for name, _ in headers}
        all_of = {"cache-control": "no-store", **wanted}
        headers += [(n.encode(), v.encode()) for n, v in all_of.items() if n.encode() not in given]
        message["headers"] = headers
        if head:
            await send(message)
            message = {"type": "http.response.body", "body": b"", "more_body": False}
    elif head:
        return
    await send(message)
