"""What a person enters, as a page with one form: an application, a company, a contact, an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from litestar import Request, Response
from msgspec import Struct

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.errors import StorageError
from jobtracker_core.web.form import Form, status_of
from jobtracker_core.web.job_fields import JobField as EntryField
from jobtracker_core.web.login import is_ours
from jobtracker_core.web.pages import Pages
from jobtracker_core.web.said import Said, fits

__all__ = [
    "Entry",
    "EntryField",
    "ask_first",
    "changed",
    "go_back",
    "refuse",
    "texts_in",
    "texts_of",
    "theirs",
]

Texts = Mapping[str, str]
_TICKED = "on"


class Entry(Struct, frozen=True, kw_only=True):
    """A page with one form.

    Attributes:
        title: The page's.
        section: Which of `navigation.PLACES` it belongs to.
        back: Where it leads to without saving, below the prefix.
        action: Where it is sent, below the prefix.
        hidden: What is sent with it that nobody fills in.
        note: Told above it.
    """

    title: str
    section: str
    back: str
    back_label: str
    action: str
    button: str
    fields: Sequence[EntryField]
    hidden: Mapping[str, str | int] = {}
    note: str = ""

    def show(
        self,
        request: Request[Any, Any, Any],
        pages: Pages,
        texts: Texts,
        *,
        version: int | None = None,
        problems: Mapping[str, str] | None = None,
        differing: Sequence[tuple[str, str]] | None = None,
    ) -> Response[str]:
        """Answer with the page; `version` is the one that the form is for."""
        return pages.render(
            request,
            "entry.html",
            section=self.section,
            status=status_of(problems, differing),
            entry=self,
            texts={field.name: texts.get(field.name, "") for field in self.fields},
            version=version,
            problems=problems or {},
            theirs=differing,
        )

    def refused(
        self,
        request: Request[Any, Any, Any],
        pages: Pages,
        form: Form,
        error: FormError,
    ) -> Response[str]:
        """Answer with what was typed, and what is wrong with it."""
        return self.show(
            request,
            pages,
            texts_in(self.fields, form),
            version=form.version(),
            problems=error.problems,
        )

    def stale(
        self,
        request: Request[Any, Any, Any],
        pages: Pages,
        typed: Texts,
        now: Texts,
        version: int,
    ) -> Response[str]:
        """Answer with what was typed, and what of the stored thing differs from it by now."""
        return self.show(
            request,
            pages,
            {**now, **typed},
            version=version,
            differing=theirs(self.fields, typed, now),
        )


def texts_of(fields: Sequence[EntryField], thing: Struct) -> dict[str, str]:
    """Return a stored thing as the texts of its form."""
    return {field.name: _text(getattr(thing, field.name)) for field in fields}


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return _TICKED
    return value.isoformat() if isinstance(value, date) else str(value)


def texts_in(fields: Sequence[EntryField], form: Form) -> dict[str, str]:
    """Return what a form sends of these fields: a part of a page may be about a few of them."""
    return {field.name: form.text(field.name) for field in fields if field.name in form}


def changed(fields: Sequence[EntryField], texts: Texts, before: Texts) -> dict[str, Any]:
    """Return the values of those that are different; empty ones are None if they may be missing."""
    needed = {field.name for field in fields if field.required}
    return {
        name: text or ("" if name in needed else None)
        for name, text in texts.items()
        if text != before.get(name, "")
    }


def theirs(fields: Sequence[EntryField], typed: Texts, now: Texts) -> list[tuple[str, str]]:
    """Return what differs from what was typed, by the names that the form gives it."""
    return [
        (field.label, now[field.name])
        for field in fields
        if field.name in typed and typed[field.name] != now[field.name]
    ]


def go_back(
    request: Request[Any, Any, Any], pages: Pages, form: Form, otherwise: str, message: Said
) -> Response[Any]:
    """Lead to the page that a form was on; to another one if it does not say."""
    base = pages.base(request)
    back = form.text("back")
    inside = is_ours(back, base)
    return pages.go(request, back.removeprefix(base) if inside else otherwise, message)


def ask_first(
    request: Request[Any, Any, Any],
    pages: Pages,
    form: Form,
    page: Entry,
    name: str,
    message: Said,
) -> Response[str] | None:
    """Ask before something is deleted whose text is too long for an undo; None if all is well.

    `page` is the one that it is edited on, and `message` what would be told afterwards.
    """
    if fits(message) or form.flag("confirmed"):
        return None
    return pages.render(
        request,
        "sure.html",
        section=page.section,
        entry=page,
        name=name,
        action=f"{page.action}/delete",
        hidden={"version": form.text("version"), "back": form.text("back"), "confirmed": 1},
    )


def refuse(error: FormError | StorageError) -> Said:
    """Tell that a step was not done, and why."""
    if isinstance(error, FormError):
        return Said(text=f"Nothing was changed: {error}.", tone="wrong")
    return Said(text=f"Nothing was changed: {error}. {error.hint}", tone="wrong")
