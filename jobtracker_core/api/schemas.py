"""What the OpenAPI document says of the Structs: their names, and what their docstrings tell."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from jobtracker_core.storage.fields import YEARS

_SECTION: Final = re.compile(r"^(?:Attributes|Args|Raises):$", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.+(?:\n {8,}\S.*)*)", re.MULTILINE)
_PYTHON: Final = {"None": "null", "True": "true", "False": "false"}
_PYTHON_WORD: Final = re.compile(rf"\b(?:{'|'.join(_PYTHON)})\b")

_CLEAR_NAMES: Final = {
    "jobtracker_core.contract.info.Limits": "CollectorLimits",
    "jobtracker_core.storage.queue.Limits": "RunLimits",
    "jobtracker_core.storage.events.Event": "RunEvent",
    "jobtracker_core.storage.timeline.Event": "Event",
}
"""Where two Structs have one name."""

_DESCRIBED_BY: Final = {
    "ApplicationChanges": "ApplicationDraft",
    "CompanyChanges": "CompanyDraft",
    "ContactChanges": "ContactDraft",
    "EventChanges": "EventDraft",
    "JobChanges": "JobDraft",
    "ViewChanges": "ViewDraft",
    "Application": "ApplicationDraft",
    "Company": "CompanyDraft",
    "Contact": "ContactDraft",
    "Event": "EventDraft",
    "View": "ViewDraft",
    "Snapshot": "Job",
}
"""Fields of the same name mean the same, where a Struct says nothing of its own."""


def describe_schemas(document: dict[str, Any], app: Litestar) -> None:
    """Say in the document what all that is sent and answered is made of.

    Not with Litestar's schemas, but with those of the library that reads and writes it all: they
    keep bounds that are 0, and know lists of any length.
    """
    kinds = _structs(app)
    _, made = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    told = {_name(kind): _attributes(kind) for kind in kinds}
    schemas = document["components"]["schemas"] = dict(
        sorted((_CLEAR_NAMES.get(name, name), schema) for name, schema in made.items())
    )
    for kind in kinds:
        name = _name(kind)
        schema = schemas[name]
        schema["title"] = name
        schema["description"] = _summary(kind)
        fields = {**told.get(_DESCRIBED_BY.get(name, ""), {}), **told[name]}
        hints = typing.get_type_hints(kind)
        names = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
        for field, facts in schema["properties"].items():
            _join_types(facts)
            _describe(facts, fields.get(names[field]))
            if datetime in _alternatives(hints[names[field]]):
                facts["format"] = "date-time"
    _join_types(document)
    _refer_anew(document)


def names_in(part: Any) -> Iterator[str]:
    """Yield the names of the schemas that a part of the document refers to."""
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for value in part.values():
            yield from names_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from names_in(value)


def never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter: one that is not sent is absent, and never null."""
    found = {name: value for name, value in schema.items() if name != "description"}
    only, *null = found.get("oneOf", (None,))
    if null == [{"type": "null"}]:
        return dict(only)
    if str(found.get("format")) in {"date", "date-time"}:
        found |= YEARS
    if isinstance(found.get("type"), list):
        found["type"] = found["type"][0]
    if None in found.get("enum", ()):
        found |= {"type": "string", "enum": [value for value in found["enum"] if value is not None]}
    return found


def _describe(facts: dict[str, Any], told: str | None) -> None:
    """Put what a docstring tells of a field in front of what its type does."""
    parts = [part for part in (told, facts.get("description")) if part]
    if not parts:
        return
    facts["description"] = " ".join(f"{part.rstrip('.')}." for part in dict.fromkeys(parts))


def _join_types(part: Any) -> None:
    """Write what may be null as one type: its bounds then stand where they belong."""
    if isinstance(part, list):
        for value in part:
            _join_types(value)
    if not isinstance(part, dict):
        return
    for value in part.values():
        _join_types(value)
    if "enum" in part and "type" not in part and all(isinstance(one, str) for one in part["enum"]):
        part["type"] = "string"
    for word in ("anyOf", "oneOf"):
        only, *null = part.get(word, (None,))
        # Litestar takes the dots of tuple[int, ...] for a type.
        if null == [{}]:
            del part[word]
            part |= only
        elif null == [{"type": "null"}] and isinstance(only.get("type"), str):
            del part[word]
            part |= {**only, **part, "type": [only["type"], "null"]}
            if "enum" in part:
                part["enum"] = [*part["enum"], None]


def _alternatives(hint: Any) -> set[Any]:
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        return set(typing.get_args(hint))
    return {hint}


def _refer_anew(part: Any) -> None:
    """Have references that Litestar made lead to the clear names."""
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            place, _, name = reference.rpartition("/")
            part["$ref"] = f"{place}/{_clear(name)}"
        for value in part.values():
            _refer_anew(value)
    elif isinstance(part, list):
        for value in part:
            _refer_anew(value)


def _clear(name: str) -> str:
    for full, clear in _CLEAR_NAMES.items():
        if name == full or ("_" in name and full.replace(".", "_").endswith(name)):
            return clear
    return name


def _name(kind: type) -> str:
    return _CLEAR_NAMES.get(f"{kind.__module__}.{kind.__qualname__}", kind.__name__)


def _structs(app: Litestar) -> list[type[Struct]]:
    """Return all Structs that requests and answers are made of."""
    found: dict[type[Struct], None] = {}
    waiting: list[Any] = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                signature = handler.parsed_fn_signature
                waiting.append(signature.return_type.annotation)
                waiting += [one.annotation for one in signature.parameters.values()]
                waiting += [spec.data_container for spec in (handler.responses or {}).values()]
    while waiting:
        kind = waiting.pop()
        if inspect.isclass(kind) and issubclass(kind, Struct):
            if kind not in found:
                found[kind] = None
                waiting += typing.get_type_hints(kind).values()
        else:
            waiting += typing.get_args(kind)
    return list(found)


def _summary(kind: type) -> str:
    return _plain(_SECTION.split(inspect.getdoc(kind) or "")[0])


def _attributes(kind: type) -> Mapping[str, str]:
    """Return what a Struct, and those that it builds on, say of their fields."""
    told: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base is not Struct and issubclass(base, Struct):
            _, *sections = _SECTION.split(inspect.cleandoc(base.__doc__ or ""))
            for section in sections:
                told |= {name: _plain(text) for name, text in _ATTRIBUTE.findall(section)}
    return told


def _plain(text: str) -> str:
    """Return a docstring's words as those of somebody who speaks JSON."""
    words = _PYTHON_WORD.sub(lambda found: _PYTHON[found[0]], text.replace("``", "`"))
    return re.sub(r"[ \n]+", " ", words).strip()
