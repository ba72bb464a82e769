"""`/admin/config`: how this installation is set up, taken away and brought in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.configuration import Document, ImportReport
from jobtracker_core.web import query
from jobtracker_core.web.form import Form
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said

_BIGGEST: Final = 4 * 1024 * 1024
"""Bytes of a document; that of an installation with a thousand searches has fewer."""


@get("/admin/config", sync_to_thread=True, include_in_schema=False)
def show_config(
    request: Request[Any, Any, Any],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show what would be exported, and the form of an import."""
    query.read(request.query_params, {})
    return _page(request, tracker, pages)


@get("/admin/config/export", sync_to_thread=True, include_in_schema=False)
def export_config(
    request: Request[Any, Any, Any], tracker: NamedDependency[JobTracker]
) -> Response[bytes]:
    """Give the document as a file."""
    query.read(request.query_params, {})
    document = msgspec.json.encode(tracker.configuration.export())
    return Response(
        msgspec.json.format(document, indent=2) + b"\n",
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="jobtracker-config.json"'},
    )


@post(
    "/admin/config/check",
    sync_to_thread=True,
    status_code=HTTPStatus.OK,
    request_max_body_size=_BIGGEST,
)
def check_config(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[str]:
    """Show what a document would change, and change nothing."""
    text = _text(form)
    try:
        document = _read(text)
    except _NoDocument as error:
        return _wrong(request, tracker, pages, text, str(error))
    report = tracker.configuration.load(document, dry_run=True)
    return _differences(request, pages, text, report)


@post(
    "/admin/config/apply",
    sync_to_thread=True,
    status_code=HTTPStatus.OK,
    request_max_body_size=_BIGGEST,
)
def apply_config(
    request: Request[Any, Any, Any],
    form: NamedDependency[Form],
    tracker: NamedDependency[JobTracker],
    pages: NamedDependency[Pages],
) -> Response[Any]:
    """Make the changes that were shown, unless others would be made by now."""
    text = form.exact("document")
    try:
        document = _read(text)
    except _NoDocument as error:
        return _wrong(request, tracker, pages, text, str(error))
    done = tracker.configuration.load_as_shown(document, form.text("seen"))
    if done.dry_run:
        return _differences(
            request, pages, text, done, status=HTTPStatus.PRECONDITION_FAILED, moved=True
        )
    counts = ((done.count("created"), "added"), (done.count("changed"), "changed"))
    parts = [f"{number} {word}" for number, word in counts if number]
    refused = done.count("impossible")
    text = f"Imported: {', '.join(parts)}" if parts else "Imported: nothing had to be changed"
    if refused:
        text += f"; {refused} refused"
    return pages.go(request, "/admin/config", Said(text=text))


class _NoDocument(Exception):  # noqa: N818  (never leaves this module)
    """What was sent is no document; its text says where and why."""


def _text(form: Form) -> str:
    chosen = form.file("file")
    return chosen.decode("utf-8", "replace") if chosen else form.exact("document")


def _read(text: str) -> Document:
    if not text.strip():
        raise _NoDocument("Choose a file, or paste its text.")
    try:
        return msgspec.json.decode(text, type=Document)
    except msgspec.DecodeError as error:
        # Its words name the field: "… - at `$.searches[0].name`".
        raise _NoDocument(f"This is no configuration: {error}.") from error


def _wrong(
    request: Request[Any, Any, Any], tracker: JobTracker, pages: Pages, text: str, problem: str
) -> Response[str]:
    return _page(
        request,
        tracker,
        pages,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        text=text,
        problem=problem,
    )


def _page(
    request: Request[Any, Any, Any],
    tracker: JobTracker,
    pages: Pages,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    text: str = "",
    problem: str = "",
) -> Response[str]:
    return pages.render(
        request,
        "admin/config.html",
        status=status,
        section="config",
        document=tracker.configuration.export(),
        text=text,
        problem=problem,
        root=pages.root(request),
    )


def _differences(
    request: Request[Any, Any, Any],
    pages: Pages,
    text: str,
    report: ImportReport,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    moved: bool = False,
) -> Response[str]:
    return pages.render(
        request,
        "admin/config_check.html",
        status=status,
        section="config",
        text=text,
        report=report,
        seen=report.mark,
        moved=moved,
        value=_value,
    )


def _value(value: Any) -> str:
    """Write a value of a document as a person reads it."""
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


HANDLERS = (show_config, export_config, check_config, apply_config)
