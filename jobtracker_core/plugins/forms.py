"""Structs as forms: what can be filled in, and filling them in with errors that name the field.

The same description serves the command line's options, the API's schema and the web form.
"""

from __future__ import annotations

import enum
import hashlib
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

T = TypeVar("T", bound=Struct)

Kind = Literal["text", "integer", "number", "boolean", "choice"]
_KINDS: dict[type, Kind] = {str: "text", int: "integer", float: "number", bool: "boolean"}


class FormField(Struct, frozen=True, kw_only=True):
    """One field of a form.

    Attributes:
        multiple: It takes several values.
        choices: The only values allowed, in the order in which they were declared.
        minimum: Smallest number allowed, or with `exclusive` the number it must exceed.
    """

    name: str
    kind: Kind
    description: str
    multiple: bool = False
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    exclusive: bool = False
    maximum: float | None = None
    max_length: int | None = None
    pattern: str | None = None

    @property
    def allowed(self) -> str:
        """What may be filled in, in words."""
        if self.choices:
            text = "one of " + ", ".join(self.choices)
        elif self.kind in {"integer", "number"}:
            text = "a whole number" if self.kind == "integer" else "a number"
            if self.minimum is not None and self.maximum is not None:
                text += f" from {self.minimum:,.10g} to {self.maximum:,.10g}"
            elif self.minimum is not None:
                text += f" {'above' if self.exclusive else 'of at least'} {self.minimum:,.10g}"
            elif self.maximum is not None:
                text += f" of at most {self.maximum:,.10g}"
        elif self.kind == "boolean":
            text = "true or false"
        else:
            text = (
                "text" if self.max_length is None else f"text of up to {self.max_length} characters"
            )
            if self.pattern:
                text += f" that matches {self.pattern}"
        return text


class FormError(Exception):
    """Values do not fit a form. `problems` maps each field to what is wrong with it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in problems.items()))
        self.problems = dict(problems)


def fields(struct: type[Struct]) -> tuple[FormField, ...]:
    """Describe a struct's fields, in the order of declaration.

    Raises TypeError for a field that no form can hold (a mapping, a nested struct, a union).
    """
    hints = typing.get_type_hints(struct, include_extras=True)
    return tuple(_field(info, hints[info.name]) for info in msgspec.structs.fields(struct))


def fill(struct: type[T], values: Mapping[str, Any]) -> T:
    """Make a struct of values, which may be text as forms and command lines give it.

    Raises FormError naming every field that is wrong, unknown or missing, and what is allowed.
    """
    described = {field.name: field for field in fields(struct)}
    problems = {
        name: "there is no such field; there are " + ", ".join(described)
        for name in values
        if name not in described
    }
    hints = typing.get_type_hints(struct, include_extras=True)
    converted: dict[str, Any] = {}
    for name, field in described.items():
        if name not in values:
            if field.required:
                problems[name] = f"must be given: {field.allowed}"
            continue
        try:
            converted[name] = msgspec.convert(values[name], hints[name], strict=False)
        except msgspec.ValidationError:
            problems[name] = f"{_shown(values[name])} is not allowed; it takes {field.allowed}"
            continue
        if isinstance(converted[name], float) and not math.isfinite(converted[name]):
            problems[name] = f"{_shown(values[name])} is not allowed; it takes {field.allowed}"
    if problems:
        raise FormError(problems)
    try:
        return struct(**converted)
    except (ValueError, TypeError) as error:  # a struct's own __post_init__
        raise FormError({"query": str(error)}) from error


def as_words(query: Struct) -> dict[str, Any]:
    """Return what a query sets, as plain JSON values that `fill()` takes back."""
    words: dict[str, Any] = msgspec.to_builtins(query)
    return {name: value for name, value in words.items() if value not in (None, [], ())}


def digest(query: Struct) -> str:
    """Return a short text that is equal for equal queries of one type."""
    return hashlib.blake2b(msgspec.json.encode(query), digest_size=16).hexdigest()


def _shown(value: Any) -> str:
    text = ", ".join(map(repr, value)) if isinstance(value, list | tuple) else repr(value)
    return text if len(text) <= 80 else text[:77] + "…"  # noqa: PLR2004  (a line's worth)


def _field(info: msgspec.structs.FieldInfo, hint: Any) -> FormField:
    bare, metas = _unwrap(hint)
    multiple = False
    if typing.get_origin(bare) is tuple:
        item, rest = typing.get_args(bare)
        if rest is not Ellipsis:
            raise TypeError(f"{info.name}: only tuples of any length can be filled in")
        bare, inner = _unwrap(item)
        metas += inner
        multiple = True
    if typing.get_origin(bare) is Literal:
        kind: Kind = "choice"
        choices = tuple(str(value) for value in typing.get_args(bare))
    elif isinstance(bare, type) and issubclass(bare, enum.Enum):
        kind = "choice"
        choices = tuple(str(member.value) for member in bare)
    elif bare in _KINDS:
        kind = _KINDS[bare]
        choices = ()
    else:
        raise TypeError(f"{info.name}: a form cannot hold {bare}")
    return FormField(
        name=info.name,
        kind=kind,
        description=_first(metas, "description") or "",
        multiple=multiple,
        required=info.required,
        default=None if info.default is msgspec.NODEFAULT else info.default,
        choices=choices,
        minimum=_first(metas, "ge", "gt"),
        exclusive=_first(metas, "gt") is not None,
        maximum=_first(metas, "le"),
        max_length=_first(metas, "max_length"),
        pattern=_first(metas, "pattern"),
    )


def _unwrap(hint: Any) -> tuple[Any, list[Meta]]:
    """Take `Annotated` and `| None` off a type; return it with the constraints it carried."""
    metas: list[Meta] = []
    while True:
        if typing.get_origin(hint) is typing.Annotated:
            hint, *extra = typing.get_args(hint)
            metas += [meta for meta in extra if isinstance(meta, Meta)]
        elif typing.get_origin(hint) in {typing.Union, types.UnionType}:
            rest = [a for a in typing.get_args(hint) if a is not types.NoneType]
            if len(rest) != 1:
                return hint, metas
            hint = rest[0]
        else:
            return hint, metas


def _first(metas: list[Meta], *names: str) -> Any:
    for name in names:
        for meta in metas:
            value = getattr(meta, name)
            if value is not None:
                return value
    return None
