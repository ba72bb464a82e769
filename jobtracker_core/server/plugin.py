"""JobTracker inside somebody else's Litestar app."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection
from functools import partial
from typing import Any, Final, cast

from litestar import Litestar
from litestar.config.app import AppConfig
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import InitPlugin
from litestar.types import ASGIApp, Method, Receive, Scope, Send

from jobtracker_core.server.application import Application
from jobtracker_core.server.compose import build, checked
from jobtracker_core.settings import Settings
from jobtracker_core.tracker import JobTracker

_METHODS: Final[tuple[Method, ...]] = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
)
_ASGI_KEYS = (
    *("type", "asgi", "http_version", "method", "scheme", "query_string", "headers", "client"),
    *("server", "root_path", "extensions"),
)


class JobTrackerPlugin(InitPlugin):
    """Adds API and portal to a Litestar app, under a prefix.

    They keep to themselves: the app's routes, error handlers, headers, templates and OpenAPI
    document stay as they are; its middleware and guards apply to ours too.

    Args:
        source: An installation that stays the caller's to close, or settings, of which one is
            opened and closed with the app.
        prefix: Where ours begins.
        allowed_hosts: As for `create_app`.
    """

    def __init__(
        self,
        source: Settings | JobTracker,
        prefix: str = "/jobs-home",
        *,
        allowed_hosts: Collection[str] = (),
    ) -> None:
        if not prefix:
            raise ValueError("prefix: it must be like '/jobs-home'; the rest is the app's own")
        self.prefix = checked(prefix)
        self.tracker = JobTracker(source) if isinstance(source, Settings) else source
        self._owned = isinstance(source, Settings)
        self._hosts = allowed_hosts

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the routes, and opening and closing to the app's life."""
        outer = (app_config.path or "").rstrip("/")
        inner = build(self.tracker, outer + self.prefix, self._hosts, ())
        app_config.route_handlers.append(_forward(inner, self.prefix))
        app_config.lifespan.append(partial(self._live, inner))
        return app_config

    @contextlib.asynccontextmanager
    async def _live(self, inner: Application, _app: Litestar) -> AsyncIterator[None]:
        async with inner.lifespan():
            try:
                yield
            finally:
                if self._owned:
                    self.tracker.close()


def _forward(inner: Application, prefix: str) -> HTTPRouteHandler:
    async def pass_on(scope: Scope, receive: Receive, send: Send) -> None:
        # The app around has written its own things into the scope; only the request is passed on.
        request: dict[str, Any] = {key: scope[key] for key in _ASGI_KEYS if key in scope}  # type: ignore[literal-required]
        request["path"] = scope.get("root_path", "") + scope["path"]
        request["state"] = {}
        await inner(cast("Scope", request), receive, send)

    # Routes, not a mount: Litestar's mounts also take every address that begins alike.
    @HTTPRouteHandler(
        [prefix, f"{prefix}/{{path:path}}"],
        http_method=_METHODS,
        include_in_schema=False,
        after_request=_unchanged,
    )
    async def forward() -> ASGIApp:
        return pass_on

    return forward


async def _unchanged(response: Any) -> Any:
    """Stand where a hook of the app's would be called, which expects answers of its own."""
    return response
