"""A job as the fields of a form: texts out of it, and what of them became different."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from msgspec import Struct

from jobtracker_core.contract.posting import Employment, PayInterval, Remote, Seniority
from jobtracker_core.storage.jobs import JobDetail
from jobtracker_core.web.form import Form
from jobtracker_core.web.present import words

Texts = Mapping[str, str | tuple[str, ...]]


class JobField(Struct, frozen=True, kw_only=True):
    """A field: `kind` as the macro of forms knows it; `wide` takes a line of its own.

    Attributes:
        suggestions: Offered while somebody types; anything else is taken too.
    """

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    maxlength: int | None = None
    options: tuple[tuple[str, str], ...] = ()
    multiple: bool = False
    required: bool = False
    wide: bool = False
    rows: int = 4
    suggestions: tuple[str, ...] = ()


def _options(kinds: Any, *, empty: bool = True) -> tuple[tuple[str, str], ...]:
    named = tuple((kind.value, words(kind.value).capitalize()) for kind in kinds)
    return (("", "Not known"), *named) if empty else named


FIELDS: Final = (
    JobField(name="title", label="Title", maxlength=500, required=True, wide=True),
    JobField(
        name="url",
        label="Address of the posting",
        kind="url",
        maxlength=2_000,
        required=True,
        wide=True,
    ),
    JobField(name="company", label="Company", maxlength=300),
    JobField(
        name="place",
        label="Place",
        maxlength=300,
        hint="As the posting writes it; city and country are read out of it.",
    ),
    JobField(name="remote", label="Work", kind="choice", options=_options(Remote)),
    JobField(name="seniority", label="Level", kind="choice", options=_options(Seniority)),
    JobField(
        name="employment",
        label="Employment",
        kind="choice",
        options=_options(Employment, empty=False),
        multiple=True,
    ),
    JobField(name="skills", label="Skills", hint="With commas between them."),
    JobField(
        name="pay_text",
        label="Pay, as written",
        maxlength=300,
        hint="Amounts are read out of it where none are given.",
        wide=True,
    ),
    JobField(name="pay_min", label="Pay from", kind="number"),
    JobField(name="pay_max", label="Pay to", kind="number"),
    JobField(name="pay_currency", label="Currency", maxlength=3, hint="Three letters, as EUR."),
    JobField(name="pay_interval", label="For each", kind="choice", options=_options(PayInterval)),
    JobField(name="posted_at", label="Posted on", kind="date"),
    JobField(name="language", label="Language", maxlength=100, hint="As in: en"),
    JobField(name="apply_url", label="Where to apply", kind="url", maxlength=2_000, wide=True),
    JobField(
        name="description",
        label="Description",
        kind="textarea",
        maxlength=65_536,
        wide=True,
        rows=12,
    ),
    JobField(name="closed", label="Closed: nobody can apply any more", kind="switch", wide=True),
)
"""In the order of the page."""

_PAY: Final = ("pay_text", "pay_min", "pay_max", "pay_currency", "pay_interval")
"""They are one field of a job: given together, or not at all."""


def texts_of(detail: JobDetail) -> dict[str, str | tuple[str, ...]]:
    """Return what the fields of a stored job show."""
    job = detail.job
    found: dict[str, str | tuple[str, ...]] = {
        field.name: _text(getattr(job, field.name, None)) for field in FIELDS
    }
    posted = job.posted_at
    found |= {
        "employment": tuple(each.value for each in job.employment or ()),
        "skills": ", ".join(job.skills or ()),
        "posted_at": "" if posted is None else f"{posted:%Y-%m-%d}",
        "closed": "on" if job.closed_at is not None else "",
        "description": detail.description or "",
    }
    return found


def texts_in(form: Form) -> dict[str, str | tuple[str, ...]]:
    """Return what a form sent."""
    return {
        field.name: form.all(field.name) if field.multiple else form.text(field.name)
        for field in FIELDS
    }


def to_values(texts: Texts) -> dict[str, Any]:
    """Return the texts as a draft or changes take them: what is empty is None."""
    values: dict[str, Any] = {}
    for name, text in texts.items():
        values[name] = text or None
        if name == "skills" and isinstance(text, str):
            values[name] = [each.strip() for each in text.split(",") if each.strip()] or None
        elif name == "posted_at" and text:
            values[name] = f"{text}T{time()}Z"
        elif name == "closed":
            values[name] = bool(text)
        elif name == "pay_currency" and isinstance(text, str):
            values[name] = text.upper() or None
    return values


def changed(texts: Texts, before: Texts) -> dict[str, Any]:
    """Return the values of the fields that differ, and all those of pay if one of them does.

    What is not touched goes on to follow the site.
    """
    names = {name for name, text in texts.items() if _same(text) != _same(before[name])}
    if names.intersection(_PAY):
        names.update(_PAY)
    return to_values({name: text for name, text in texts.items() if name in names})


def _same(text: str | tuple[str, ...]) -> object:
    return text.strip().replace("\r\n", "\n") if isinstance(text, str) else sorted(text)


def _text(value: Any) -> str:
    if value is None or isinstance(value, tuple):
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
