"""What is given in an address: looked at before Litestar reads it, which forgives too much."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from litestar.connection import ASGIConnection
from litestar.exceptions import ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from litestar.typing import FieldDefinition

from jobtracker_core.api.bodies import alternatives, choices
from jobtracker_core.storage.fields import FIRST_YEAR, LAST_YEAR

_LONGEST_SHOWN = 40
_PARAMETERS = "parameters"
"""The name under which a handler's `opt` holds what it takes, once it was asked for."""

_TIMES: dict[Any, str] = {
    datetime: "takes a time such as 2026-03-31T14:00:00Z",
    date: "takes a day such as 2026-03-31",
}


async def refuse_unknown_parameters(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Guard: a query parameter that nobody reads, or that comes twice, is a mistake.

    So is a word that is none of those there are, and a text that is none.

    Raises:
        ValidationException: It names each of them, and those that there are.
    """
    known, required = _parameters(handler)
    query = connection.query_params
    problems = _texts_that_are_none(connection)
    for name in dict.fromkeys(query):
        if name not in known:
            names = ", ".join(sorted(known))
            allowed = f"there are only: {names}" if known else "there are no parameters here"
            problems.setdefault(name[:_LONGEST_SHOWN], f"unknown parameter; {allowed}")
        elif len(query.getall(name)) > 1:
            problems.setdefault(name, "given more than once")
        else:
            said = _no_value(query[name], known[name].annotation)
            if said is not None:
                problems.setdefault(name, said)
    for name in required:
        if name not in query:
            problems.setdefault(name, "must be given")
    if problems:
        raise ValidationException(
            extra=[{"key": name, "message": said} for name, said in problems.items()]
        )


def _parameters(
    handler: BaseRouteHandler,
) -> tuple[dict[str, FieldDefinition], tuple[str, ...]]:
    """Return the parameters of a handler, and the names of those that must be given."""
    # Kept where Litestar keeps what belongs to it: what comes here is a copy, of each request anew.
    kept: tuple[dict[str, FieldDefinition], tuple[str, ...]] | None = handler.opt.get(_PARAMETERS)
    if kept is None:
        known = _read_parameters(handler)
        required = tuple(name for name, one in known.items() if one.is_required)
        kept = handler.opt[_PARAMETERS] = known, required
    return kept


def _read_parameters(handler: BaseRouteHandler) -> dict[str, FieldDefinition]:
    own = handler.parsed_fn_signature.parameters
    provided = (
        provider.parsed_fn_signature.parameters
        for name, provider in handler.resolve_dependencies().items()
        if name in own
    )
    return {
        parameter.kwarg_definition.name or name: parameter
        for parameters in (own, *provided)
        for name, parameter in parameters.items()
        if isinstance(parameter.kwarg_definition, QueryParameter)
    }


def _no_value(value: str, hint: Any) -> str | None:
    """Say what is wrong with a value that Litestar would take for another one."""
    words = choices(hint)
    if words and value not in words:
        return f"{value[:_LONGEST_SHOWN]!r} is none of: {', '.join(words)}"
    kind = next((kind for kind in alternatives(hint) if kind in _TIMES), None)
    if kind is not None and (wrong := _no_time(value, kind)) is not None:
        return wrong
    if value.lower() == "null" and str not in alternatives(hint):
        return "leave it out if it does not matter"
    return None


def _no_time(value: str, kind: Any) -> str | None:
    if value.replace(".", "", 1).isdecimal():
        # It would be so many seconds since 1970.
        return _TIMES[kind]
    if value[:4].isdecimal() and not FIRST_YEAR <= int(value[:4]) <= LAST_YEAR:
        return f"the year {int(value[:4])} is not one from {FIRST_YEAR} to {LAST_YEAR}"
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return _TIMES[kind]
    return None


def _texts_that_are_none(connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, str]:
    problems: dict[str, str] = {}
    try:
        unquote_to_bytes(connection.scope["query_string"]).decode()
    except UnicodeDecodeError:
        problems["query"] = "is not UTF-8"
    given = [*connection.query_params.multi_items(), *connection.path_params.items()]
    for name, value in given:
        if isinstance(value, str) and "\0" in value:
            problems[str(name)[:_LONGEST_SHOWN]] = "holds a NUL character, which no text has"
    return problems
