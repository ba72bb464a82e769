"""`/admin/plugins`: what is installed, what it brings, and what is wrong with it."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request, Response, get
from litestar.di import NamedDependency

from jobtracker_core.plugins.discovery import Plugin
from jobtracker_core.tracker import JobTracker
from jobtracker_core.web import query
from jobtracker_core.web.pages import Pages

_ORDER: Final = ("broken", "warning", "ok", "off")
_STAGES: Final = {
    "import": "It could not be imported",
    "hooks": "Its hooks",
    "collectors": "Its collectors could not be asked for",
    "class": "A class of it",
    "info": "The card of a collector",
    "query": "The query of a collector",
    "settings": "The settings of a collector",
    "duplicate": "Two of one name",
}


@get("/admin/plugins", sync_to_thread=True, include_in_schema=False)
def list_plugins(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """List plugins, those with problems first."""
    query.read(request.query_params, {})
    found = sorted(tracker.registry.plugins, key=lambda plugin: _ORDER.index(plugin.status))
    titles = {name: source.info.title for name, source in tracker.registry.sources.items()}
    return pages.render(
        request,
        "admin/plugins.html",
        section="plugins",
        plugins=found,
        titles=titles,
        allowed=tracker.settings.plugins,
        state=_state,
        stage=lambda stage: _STAGES.get(stage, stage.capitalize()),
    )


def _state(plugin: Plugin) -> tuple[str, str]:
    """Return a plugin's state as `status` shows it: its look, and its word."""
    if plugin.status == "ok" and plugin.unavailable:
        return "missed", "Not usable here"
    return {
        "ok": ("on", "Works"),
        "warning": ("partial", "Works, with remarks"),
        "broken": ("broken", "Broken"),
        "off": ("off", "Left out"),
    }[plugin.status]


HANDLERS = (list_plugins,)
