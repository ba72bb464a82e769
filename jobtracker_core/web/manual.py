"""The API's OpenAPI document as pages to read: rendered here, without any script of others."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

_NAMES: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
    "null": "null",
}
_FORMATS: Final = {"date-time": "time", "date": "day"}
_PROBLEM: Final = "application/problem+json"


class Kind(Struct, frozen=True, kw_only=True):
    """What a value is; `link` names a schema that says more."""

    words: str
    link: str | None = None
    bounds: str = ""


class Field(Struct, frozen=True, kw_only=True):
    """A parameter or a field of a body; `place` is where a parameter goes."""

    name: str
    kind: Kind
    required: bool
    description: str
    place: str = ""


class Reply(Struct, frozen=True, kw_only=True):
    """One way to answer."""

    status: str
    description: str
    media_types: tuple[str, ...]
    kind: Kind | None


class Entry(Struct, frozen=True, kw_only=True):
    """One operation."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    parameters: tuple[Field, ...]
    body: Kind | None
    fields: tuple[Field, ...]
    example: str | None
    replies: tuple[Reply, ...]
    curl: str


class Chapter(Struct, frozen=True, kw_only=True):
    """The operations of one tag."""

    name: str
    description: str
    entries: tuple[Entry, ...]


class Schema(Struct, frozen=True, kw_only=True):
    """What something is made of; `words` are all that it can be, where they are few."""

    name: str
    description: str
    fields: tuple[Field, ...]
    words: tuple[str, ...]


class Manual(Struct, frozen=True, kw_only=True):
    """The whole document."""

    title: str
    version: str
    description: str
    access: str
    chapters: tuple[Chapter, ...]
    schemas: tuple[Schema, ...]

    def chapter(self, name: str) -> Chapter | None:
        """Return a chapter by its name."""
        return next((one for one in self.chapters if one.name == name), None)


def read(document: Mapping[str, Any], server: str) -> Manual:
    """Read an OpenAPI 3.1 document of ours; `server` is what its paths stand behind."""
    entries: dict[str, list[Entry]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            entry = _entry(document, server, path, method, operation)
            entries.setdefault(operation["tags"][0], []).append(entry)
    components = document["components"]
    [access] = components["securitySchemes"].values()
    return Manual(
        title=document["info"]["title"],
        version=document["info"]["version"],
        description=document["info"]["description"],
        access=access["description"],
        chapters=tuple(
            Chapter(
                name=tag["name"],
                description=tag["description"],
                entries=tuple(entries.get(tag["name"], ())),
            )
            for tag in document["tags"]
        ),
        schemas=tuple(
            Schema(
                name=name,
                description=schema.get("description", ""),
                fields=tuple(_fields(schema)),
                words=tuple(map(str, schema.get("enum", ()))),
            )
            for name, schema in components["schemas"].items()
        ),
    )


def _entry(
    document: Mapping[str, Any], server: str, path: str, method: str, operation: Mapping[str, Any]
) -> Entry:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    example = None if content is None else content["example"]
    body = None if content is None else content["schema"]
    scopes = [scope for one in operation.get("security", ()) for scope in next(iter(one.values()))]
    return Entry(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation["description"],
        scopes=tuple(scopes),
        parameters=tuple(
            Field(
                name=parameter["name"],
                kind=_kind(parameter["schema"]),
                required=parameter["required"],
                description=parameter["description"],
                place=parameter["in"],
            )
            for parameter in operation.get("parameters", ())
        ),
        body=None if body is None else _kind(body),
        fields=() if body is None else tuple(_fields(_resolved(document, body))),
        example=None if example is None else json.dumps(example, indent=2, ensure_ascii=False),
        replies=tuple(_replies(document, operation)),
        curl=_curl(server + path, method.upper(), operation, example, open_to_all=not scopes),
    )


def _replies(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Reply]:
    for status, answer in sorted(operation["responses"].items()):
        resolved = _resolved(document, answer)
        content = resolved.get("content") or {}
        schema = next((one["schema"] for one in content.values() if "schema" in one), None)
        yield Reply(
            status=status,
            description=resolved["description"],
            media_types=tuple(content),
            kind=None if schema is None or _PROBLEM in content else _kind(schema),
        )


def _resolved(document: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = part.get("$ref")
    if reference is None:
        return part
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    resolved: Mapping[str, Any] = found
    return resolved


def _fields(schema: Mapping[str, Any]) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, facts in schema.get("properties", {}).items():
        yield Field(
            name=name,
            kind=_kind(facts),
            required=name in required,
            description=facts.get("description", ""),
        )


def _kind(schema: Mapping[str, Any]) -> Kind:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Kind(words=name, link=name)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        kinds = [_kind(one) for one in choices]
        return Kind(
            words=" or ".join(kind.words for kind in kinds),
            link=next((kind.link for kind in kinds if kind.link), None),
        )
    if "enum" in schema:
        return Kind(words=" | ".join("null" if one is None else str(one) for one in schema["enum"]))
    types = schema.get("type", "anything")
    first, *others = types if isinstance(types, list) else [types]
    link: str | None = None
    word = _FORMATS.get(str(schema.get("format", "")), _NAMES.get(first, str(first)))
    if first == "array" and schema.get("items"):
        inner = _kind(schema["items"])
        word, link = f"list of {inner.words}", inner.link
    return Kind(
        words=" or ".join([word, *(_NAMES[name] for name in others)]),
        link=link,
        bounds=_bounds(schema),
    )


def _bounds(schema: Mapping[str, Any]) -> str:
    said = []
    for what, low, high in (
        ("", "minimum", "maximum"),
        (" characters", "minLength", "maxLength"),
        (" entries", "minItems", "maxItems"),
    ):
        least, most = schema.get(low), schema.get(high)
        if least is not None and most is not None:
            said.append(f"{_number(least)} to {_number(most)}{what}")
        elif most is not None:
            said.append(f"at most {_number(most)}{what}")
        elif least is not None:
            said.append(f"at least {_number(least)}{what}")
    if schema.get("default") is not None and schema["default"] not in ([], {}):
        said.append(f"{json.dumps(schema['default'])} if absent")
    return "; ".join(said)


def _number(bound: float) -> str:
    return f"{int(bound):,}" if bound == int(bound) else f"{bound:,}"


def _curl(
    url: str, method: str, operation: Mapping[str, Any], example: Any, *, open_to_all: bool
) -> str:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            url = url.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    words = ["curl"]
    if method != "GET" and (method != "POST" or example is None):
        words.append(f"-X {method}")
    if not open_to_all:
        words.append('-H "Authorization: Bearer $JOBTRACKER_TOKEN"')
    words.append(shlex.quote(url))
    if example is not None:
        words.append(f"--json {shlex.quote(json.dumps(example, ensure_ascii=False))}")
    return " ".join(words)
