"""Options made of what a person may enter: the fields of a draft, or of changes."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Literal, TypeVar

import click
from msgspec import Meta, Struct, UnsetType

F = TypeVar("F", bound=Callable[..., Any])


def entry_options(
    struct: type[Struct], helps: Mapping[str, str], *, without: tuple[str, ...] = ()
) -> Callable[[F], F]:
    """Add an option for each field of a struct to a command.

    Values stay text where the facade converts and refuses them, in the same words everywhere.
    """
    hints = typing.get_type_hints(struct, include_extras=True)
    names = [name for name in struct.__struct_fields__ if name not in without]

    def add(command: F) -> F:
        for name in reversed(names):
            command = _option(name, hints[name], helps.get(name))(command)
        return command

    return add


def entered(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given; an empty one empties its field."""
    given = {name: value for name, value in options.items() if value is not None}
    return {name: None if value == "" else value for name, value in given.items()}


def changes_of(options: Mapping[str, Any], command: str) -> dict[str, Any]:
    """Return what is to become different; raises UsageError if that is nothing."""
    given = entered(options)
    if not given:
        raise click.UsageError(f"say what to change; see: jobtracker {command} --help")
    return given


def _option(name: str, hint: Any, text: str | None) -> Callable[[F], F]:
    kinds, meta = _unwrap(hint)
    option = "--" + name.replace("_", "-")
    described = text or meta.description
    if bool in kinds:
        return click.option(
            f"{option}/--not{option[1:]}", name, is_flag=True, default=None, help=described
        )
    choices = [word for kind in kinds for word in _words(kind)]
    metavar = "|".join(choices)
    if datetime in kinds:
        return click.option(option, name, metavar="TIME", callback=moment, help=described)
    if date in kinds:
        return click.option(option, name, metavar="DATE", callback=_day, help=described)
    if not metavar:
        metavar = "N" if int in kinds or float in kinds else "TEXT"
    return click.option(option, name, metavar=metavar, help=described)


def moment(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> datetime | str | None:
    """Read a time, with or without an offset; an empty text stays one."""
    if not value:
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no time such as 2026-03-31T14:00 or 2026-03-31T14:00+02:00"
        ) from None


def _day(_ctx: click.Context, _param: click.Parameter, value: str | None) -> date | str | None:
    if not value:
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no day such as 2026-03-31") from None


def _words(kind: Any) -> list[str]:
    return [str(word) for word in typing.get_args(kind)] if _is_choice(kind) else []


def _is_choice(kind: Any) -> bool:
    return typing.get_origin(kind) is Literal


def _unwrap(hint: Any) -> tuple[list[Any], Meta]:
    """Return the types that a hint allows, and what it says of them."""
    if typing.get_origin(hint) is typing.Annotated:
        bare, *metas = typing.get_args(hint)
        return _unwrap(bare)[0], next(meta for meta in metas if isinstance(meta, Meta))
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        parts = [_unwrap(part) for part in typing.get_args(hint)]
        kinds = [k for found, _ in parts for k in found if k not in {type(None), UnsetType}]
        metas = [meta for _, meta in parts if meta != Meta()]
        return kinds, metas[0] if metas else Meta()
    return [hint], Meta()
