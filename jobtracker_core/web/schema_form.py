"""Forms of a page made of a struct's fields: a collector's queries and settings, any options.

A field of the page is called as the facade names it in its problems (`query.text`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from jobtracker_core.contract.info import FilterSupport
from jobtracker_core.plugins.forms import FormField
from jobtracker_core.settings.hidden import is_secret
from jobtracker_core.web.form import Form
from jobtracker_core.web.present import words

Control = Literal[
    "text", "lines", "number", "switch", "choice", "boxes", "several", "secret", "span"
]

_BOXES: Final = 12
"""So many choices are shown at once; more are in a list."""

_LONG: Final = 1_000
"""Texts that may be longer are typed into several lines."""

UNITS: Final = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))
_SIZES: Final = {str(size): size for size, _ in UNITS}

_LABELS: Final = {
    "text": "What",
    "location": "Where",
    "distance_km": "Distance (km)",
    "remote": "Place of work",
    "employment": "Employment",
    "posted_within_days": "Published within (days)",
    "drop_unknown": "Leave out what does not say",
    "limit": "Postings at most",
    "min_pay": "Pay from (a year)",
    "base_url": "Address of the site",
    "per_minute": "Requests a minute",
    "proxy_pool": "Proxy pool",
}
_COMMON: Final = (
    *("text", "location", "distance_km", "remote", "employment", "posted_within_days"),
)
_CORE: Final = ("drop_unknown", "limit")
SETTINGS: Final = "settings."
QUERY: Final = "query."


class SchemaField(Struct, frozen=True, kw_only=True):
    """One field as a page shows it.

    Attributes:
        name: Of the control; what a problem is told by.
        value: Text, a list of texts for `boxes` and `several`, true or false for a `switch`, and
            whether there is one for a `secret`.
        usual: What holds where nothing is filled in, in words.
        note: What else to know, such as who set something stronger.
        weak: The note says that the field changes nothing.
        unit: Seconds in one of what a `span` is counted in.
    """

    name: str
    label: str
    control: Control
    value: Any
    help: str = ""
    required: bool = False
    usual: str = ""
    options: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    max_length: int | None = None
    note: str = ""
    weak: bool = False
    problem: str = ""
    unit: int = 1


class Group(Struct, frozen=True, kw_only=True):
    """Fields under one heading; `folded` ones are shown when somebody asks for them."""

    title: str
    fields: tuple[SchemaField, ...]
    folded: bool = False


def label_of(name: str) -> str:
    """Return how people call a field."""
    text = _LABELS.get(name, name.removesuffix("_s").replace("_", " "))
    return text[:1].upper() + text[1:]


def is_secret_setting(name: str) -> bool:
    """Say whether a setting's value is never shown again."""
    return is_secret(name)


def unset(field: FormField) -> FormField:
    """Return a setting as a field that may be left to whoever else sets it."""
    return replace(field, required=False)


def named(field: SchemaField, label: str | None) -> SchemaField:
    """Return a field under another label."""
    return field if label is None else replace(field, label=label)


def describe(
    field: FormField,
    prefix: str,
    values: Mapping[str, Any],
    problems: Mapping[str, str],
    **also: Any,
) -> SchemaField:
    """Make a field of a page; `values` are by the fields' own names, text or as they are stored."""
    name = f"{prefix}{field.name}"
    control = _control(field, prefix)
    value = values.get(field.name)
    unit = 1
    if control == "span":
        value, unit = _in_units(value, values.get(f"{field.name}.unit"))
    elif control == "switch":
        value = bool(field.default) if value is None else value in {True, "true", "on"}
    elif control in {"boxes", "several"}:
        chosen = field.default if value is None else value
        value = [chosen] if isinstance(chosen, str) else [str(one) for one in chosen or ()]
    elif control == "secret":
        value = isinstance(value, Mapping) and bool(value.get("set"))
    elif control == "lines":
        value = value if isinstance(value, str) else "\n".join(str(one) for one in value or ())
    else:
        value = "" if value is None else _text(value)
    return SchemaField(
        name=name,
        label=label_of(field.name),
        control=control,
        value=value,
        # On a page one sees that several can be chosen.
        help=field.description.replace(" (may be repeated)", ""),
        required=field.required,
        usual=_usual(field),
        options=_options(field, control),
        minimum=field.minimum,
        maximum=field.maximum,
        whole=field.kind == "integer",
        max_length=field.max_length,
        problem=problems.get(name, ""),
        unit=unit,
        **also,
    )


def _control(field: FormField, prefix: str) -> Control:
    # Queries are shown wherever a search is: nothing in them is kept from view.
    if prefix == SETTINGS and is_secret(field.name):
        return "secret"
    if field.multiple:
        if not field.choices:
            return "lines"
        return "boxes" if len(field.choices) <= _BOXES else "several"
    plain: dict[str, Control] = {
        # A switch cannot say "as it comes".
        "boolean": "choice" if field.default is None or prefix == SETTINGS else "switch",
        "choice": "choice",
        "text": "lines" if (field.max_length or 0) > _LONG else "text",
    }
    return plain.get(field.kind, "span" if field.name.endswith("_s") else "number")


def _options(field: FormField, control: Control) -> tuple[tuple[str, str], ...]:
    choices = [(choice, _capital(words(choice))) for choice in field.choices]
    if field.kind == "boolean" and control == "choice":
        choices = [("true", "Yes"), ("false", "No")]
    if control != "choice" or field.required:
        return tuple(choices)
    usual = _usual(field)
    return (("", f"As usual ({usual})" if usual else "Any"), *choices)


def _usual(field: FormField) -> str:
    if field.default is None or field.default == ():
        return ""
    if isinstance(field.default, bool):
        return "yes" if field.default else "no"
    if isinstance(field.default, tuple):
        return ", ".join(words(str(one)) for one in field.default)
    if field.name.endswith("_s") and isinstance(field.default, int):
        number, unit = _in_units(field.default, None)
        return f"{number} {dict(UNITS)[unit]}"
    return words(str(field.default)) if field.kind == "choice" else _text(field.default)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) and value < 1e15 else str(value)  # noqa: PLR2004


def _in_units(value: Any, unit: Any) -> tuple[str, int]:
    """Return a span in the largest unit that it is a whole number of, or as it was typed."""
    if unit is not None and str(unit) in _SIZES:
        return str(value or ""), _SIZES[str(unit)]
    if not isinstance(value, int):
        return "" if value is None else str(value), 60
    size = next(size for size, _ in UNITS if value % size == 0) if value else 60
    return str(value // size), size


def query_groups(
    fields: Sequence[FormField],
    filters: Mapping[str, FilterSupport],
    title: str,
    values: Mapping[str, Any],
    problems: Mapping[str, str],
) -> tuple[Group, ...]:
    """Make the form of a collector's query: the common words, then the site's own, then the few.

    Beside each common word it says who applies it.
    """
    by_name = {field.name: field for field in fields}

    def made(names: Iterable[str]) -> tuple[SchemaField, ...]:
        found = []
        for name in names:
            note, weak = _applied(filters.get(name, FilterSupport.IGNORED), title)
            also = {"note": note, "weak": weak} if name in _COMMON else {}
            found.append(describe(by_name[name], QUERY, values, problems, **also))
        return tuple(found)

    own = [name for name in by_name if name not in (*_COMMON, *_CORE)]
    groups = (
        Group(title="What to look for", fields=made(name for name in _COMMON if name in by_name)),
        Group(title=f"Only {title} knows", fields=made(own)),
        Group(title="More", fields=made(n for n in _CORE if n in by_name), folded=True),
    )
    return tuple(group for group in groups if group.fields)


def _applied(support: FilterSupport, title: str) -> tuple[str, bool]:
    return {
        FilterSupport.NATIVE: (f"{title} filters by it.", False),
        FilterSupport.AFTER: (f"Filtered here, of all that {title} gives.", False),
        FilterSupport.IGNORED: (f"{title} does not know it: it changes nothing.", True),
    }[support]


def read(fields: Iterable[FormField], prefix: str, form: Form) -> dict[str, Any]:
    """Return what a form gives of these fields, by their own names; empty ones are left out.

    What does not fit its field stays as it was typed: the facade says what is wrong with it.
    """
    found: dict[str, Any] = {}
    for field in fields:
        name, control = f"{prefix}{field.name}", _control(field, prefix)
        text = form.text(name)
        if control in {"boxes", "several"}:
            chosen = list(form.all(name))
            if chosen or field.default:
                found[field.name] = chosen
        elif control == "switch":
            if form.flag(name) or field.default:
                found[field.name] = form.flag(name)
        elif control == "lines" and field.multiple:
            if lines := [line.strip() for line in text.split("\n") if line.strip()]:
                found[field.name] = [_value(field, line) for line in lines]
        elif control == "span" and text:
            found[field.name] = seconds(text, form.text(f"{name}.unit"))
        elif text:
            found[field.name] = _value(field, form.exact(name) if control == "secret" else text)
    return found


def typed(fields: Iterable[FormField], prefix: str, form: Form) -> dict[str, Any]:
    """Return what a form says as it was typed, to show it again."""
    found: dict[str, Any] = {}
    for field in fields:
        name, control = f"{prefix}{field.name}", _control(field, prefix)
        if control in {"boxes", "several"}:
            found[field.name] = list(form.all(name))
        elif control == "switch":
            found[field.name] = form.flag(name)
        elif control != "secret":
            found[field.name] = form.text(name)
        if control == "span":
            found[f"{field.name}.unit"] = form.text(f"{name}.unit") or "60"
    return found


def _value(field: FormField, text: str) -> Any:
    if field.kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    try:
        return {"integer": int, "number": float}.get(field.kind, str)(text)
    except ValueError:
        return text


def seconds(text: str, unit: str) -> Any:
    """Return a span in seconds, or as it was typed if it is none."""
    size = _SIZES.get(unit, 1)
    try:
        length = float(text) * size
    except ValueError:
        return text
    # Half an hour is exact; a third of a second is not, and is told as it was typed.
    return int(length) if length == length // 1 and abs(length) < 1e15 else text  # noqa: PLR2004


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
