"""API and portal as one Litestar app."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, cast

from litestar import Request, Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.plugins import PluginProtocol

from jobtracker_core.api import problems
from jobtracker_core.api.app import api_router, document_of, follow_runs
from jobtracker_core.api.in_turn import Turns
from jobtracker_core.api.metrics import Metrics
from jobtracker_core.server.application import Application
from jobtracker_core.server.compression import COMPRESSION
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import portal
from jobtracker_core.web.session import LoginNeeded, lead_to_login

_LOG = logging.getLogger("jobtracker.server")
_FOR_PROGRAMS = ("/api/", "/healthz/", "/readyz/", "/metrics/")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")


def create_app(
    tracker: JobTracker,
    *,
    prefix: str = "",
    allowed_hosts: Collection[str] = (),
    stopping: Callable[[], bool] = lambda: False,
) -> Application:
    """Make the app that `jobtracker serve` serves, plugins' additions included.

    Args:
        tracker: Stays the caller's to close, after the app has ended.
        prefix: Where its pages begin: "" or like "/jobs-home".
        allowed_hosts: Host names, addresses and networks to answer to, beside those of this
            machine; "*" answers to all, for where somebody else checks them.
        stopping: Says whether the process is about to end: it still answers, and is not ready.
    """
    with_plugins = partial(build, tracker, checked(prefix), allowed_hosts, stopping=stopping)
    added = _from_hooks(tracker)
    try:
        return with_plugins([plugin for _, plugin in added])
    except Exception:
        if not added:
            raise
    # One of them is the cause: each is taken in only if the app stands with it.
    kept: list[PluginProtocol] = []
    for name, plugin in added:
        try:
            with_plugins([*kept, plugin])
        except Exception:  # noqa: BLE001  (a stranger's code)
            _LOG.exception("plugin %s: its addition to the server is left out", name)
        else:
            kept.append(plugin)
    return with_plugins(kept)


def _from_hooks(tracker: JobTracker) -> list[tuple[str, PluginProtocol]]:
    found: list[tuple[str, PluginProtocol]] = []
    for impl in tracker.registry.hooks.hook.jobtracker_litestar_plugins.get_hookimpls():
        try:
            found += [
                (impl.plugin_name, plugin)
                for plugin in cast("Iterable[PluginProtocol]", impl.function())
            ]
        except Exception:  # noqa: BLE001  (a stranger's code)
            _LOG.exception("plugin %s: its addition to the server is left out", impl.plugin_name)
    return found


def build(
    tracker: JobTracker,
    prefix: str,
    hosts: Collection[str],
    plugins: Sequence[PluginProtocol],
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> Application:
    """Make the app with exactly these plugins."""

    def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        explained = problems.explain(error)
        if not _wants_page(request, prefix):
            return problems.respond(explained)
        problem = explained.problem
        page = portal.error_page(
            request,
            prefix=prefix,
            status=problem.status,
            title=problem.title,
            detail=_told(problem.detail, problem.next),
            incident=problem.instance,
        )
        page.headers.update(explained.headers)
        return page

    def to_login(request: Request[Any, Any, Any], _: LoginNeeded) -> Response[None]:
        return lead_to_login(request, portal.base_of(request, prefix))

    metrics, live, turns = Metrics(tracker.gauges), follow_runs(tracker, stopping), Turns()
    document = partial(document_of, tracker)
    return Application(
        hosts=hosts,
        trusted_proxies=tracker.settings.trusted_proxies,
        stopping=stopping,
        on_answer=metrics.note,
        path=prefix,
        route_handlers=[
            api_router(tracker, metrics=metrics, live=live, turns=turns, stopping=stopping),
            Router(
                "/",
                route_handlers=portal.routes(tracker, prefix, document, live, turns),
                include_in_schema=False,
            ),
        ],
        dependencies={"installation": Provide(lambda: tracker, sync_to_thread=False)},
        exception_handlers={
            **dict.fromkeys((HTTPException, Exception), answer_error),
            LoginNeeded: to_login,
        },
        plugins=list(plugins),
        compression_config=COMPRESSION,
        # Each of these has a default of Litestar's that reads the environment, sets up the logging
        # of the whole process, or serves pages from elsewhere.
        debug=False,
        pdb_on_exception=False,
        logging_config=None,
        openapi_config=None,
    )


def _told(detail: str | None, following: str | None) -> str:
    """Put what happened and what to do next together, as two sentences."""
    if detail and following:
        # Without a next step it may begin with the name of a field, which stays as it is.
        return f"{detail[:1].upper()}{detail[1:].rstrip('.')}. {following}"
    return detail or following or ""


def _wants_page(request: Request[Any, Any, Any], prefix: str) -> bool:
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    if f"{path.removeprefix(prefix)}/".startswith(_FOR_PROGRAMS):
        return False
    return "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers


def checked(prefix: str) -> str:
    """Return a prefix that is one; raises ValueError."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"prefix {prefix!r}: it must be like '/jobs-home', without a last slash")
    return prefix
