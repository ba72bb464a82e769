"""Bodies of requests, read as exactly what their handler takes."""

from __future__ import annotations

import enum
import json
import re
import types
import typing
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException
from msgspec import Struct

from jobtracker_core.api.operations import FOREIGN
from jobtracker_core.api.problems import BODY, wrong

_STEP: Final = re.compile(r"\.([^.\[]+)|(\[)")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_FIELD: Final = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)
_FRACTION: Final = "got `float`"
_NO_CHOICE: Final = "Invalid enum value"


class ApiRequest(Request[Any, Any, Any]):
    """A request whose body is read strictly.

    Litestar reads it as any JSON first and is not strict with that: to it "1" is a number, and 0 a
    time.
    """

    async def json(self) -> Any:
        """Return the body as what the handler takes.

        Raises:
            ValidationException: It names the field that is wrong.
        """
        handler = self.scope["route_handler"]
        wanted = handler.parsed_fn_signature.parameters["data"].annotation
        foreign = handler.opt.get(FOREIGN)
        body = await self.body()
        try:
            return _read(body, wanted, foreign)
        except msgspec.ValidationError as error:
            raise _invalid(error, wanted) from error
        except RecursionError as error:
            raise wrong(BODY, f"nests too deep: {error}") from error


def _read(body: bytes, wanted: Any, foreign: str | None) -> Any:
    try:
        read = msgspec.json.decode(body, type=wanted)
    except msgspec.ValidationError as error:
        if _FRACTION not in str(error):
            raise
        read = _convert(_decode(body, foreign), wanted)
    except (msgspec.DecodeError, RecursionError) as error:
        read = _convert(_with_halves(body, foreign, error), wanted)
    if b"\\u0000" in body:
        _refuse_nul(_decode(body, foreign), foreign)
    return read


def _convert(given: Any, wanted: Any) -> Any:
    try:
        return msgspec.convert(given, wanted)
    except msgspec.ValidationError as error:
        if _FRACTION not in str(error):
            raise
    # JSON has one kind of numbers: 5.0 is 5.
    return msgspec.convert(_whole(given), wanted)


def _decode(body: bytes, foreign: str | None) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        return _with_halves(body, foreign, error)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    return value


def choices(hint: Any) -> tuple[str, ...]:
    """Return the words that a type allows, in their order; none if it is not one of a few words."""
    found: list[str] = []
    for kind in alternatives(hint):
        if typing.get_origin(kind) is typing.Literal:
            found += map(str, typing.get_args(kind))
        elif isinstance(kind, type) and issubclass(kind, enum.Enum):
            found += (str(member.value) for member in kind)
    return tuple(found)


def alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the types that a hint allows."""
    if typing.get_origin(hint) is typing.Annotated:
        return alternatives(typing.get_args(hint)[0])
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        return tuple(one for part in typing.get_args(hint) for one in alternatives(part))
    return (hint,)


def _invalid(error: msgspec.ValidationError, wanted: Any) -> ValidationException:
    what, _, at = str(error).partition(" - at `")
    path = at.removesuffix("`")
    where = path.removeprefix("$").removeprefix(".")
    field = _FIELD.fullmatch(what)
    if field is not None:
        said = "unknown field" if field[1] == "contains unknown" else "is missing"
        return wrong(f"{where}.{field[2][:80]}" if where else field[2][:80], said)
    if what.startswith(_NO_CHOICE):
        what = f"{what.removeprefix(_NO_CHOICE).strip()} is none of: {', '.join(_at(wanted, path))}"
    return wrong(where or BODY, what)


def _at(hint: Any, path: str) -> tuple[str, ...]:
    """Return the words that are allowed at a place in a body."""
    kinds = list(alternatives(hint))
    for name, _ in _STEP.findall(path):
        inside: list[Any] = []
        for kind in kinds:
            if not name:
                inside += typing.get_args(kind)[-1:] if kind is not tuple else ()
                inside += [one for one in typing.get_args(kind)[:1] if one is not ...]
            elif isinstance(kind, type) and issubclass(kind, Struct):
                hints = typing.get_type_hints(kind)
                inside += [hints[name]] if name in hints else []
        kinds = [one for part in inside for one in alternatives(part)]
    return tuple(dict.fromkeys(word for kind in kinds for word in choices(kind)))


def _with_halves(body: bytes, foreign: str | None, error: Exception) -> Any:
    """Read a body that is JSON but for halves of surrogate pairs, in what others wrote alone.

    Raises ValidationException, which names the first of the others, for any other body.
    """
    try:
        given = json.loads(body.decode("utf-8", "surrogatepass"), parse_constant=_refuse_word)
    except (ValueError, RecursionError):
        raise wrong(BODY, f"is not JSON: {error}") from error
    broken = [path for path, text in _texts(given) if _SURROGATE.search(text)]
    if not broken:
        raise wrong(BODY, f"is not JSON: {error}") from error
    for path in broken:
        if foreign is None or not path.startswith(foreign):
            raise wrong(path, "holds half of a surrogate pair, which is no character") from error
    return given


def _refuse_word(word: str) -> None:
    # Python reads NaN and Infinity, which JSON does not have.
    raise ValueError(word)


def _refuse_nul(given: Any, foreign: str | None) -> None:
    for path, text in _texts(given):
        if "\0" in text and (foreign is None or not path.startswith(foreign)):
            raise wrong(path or BODY, "holds a NUL character, which no text has")


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield all texts of a JSON value, names of fields among them, each with its path."""
    if isinstance(value, str):
        yield path or BODY, value
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _texts(one, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, one in value.items():
            inside = f"{path}.{name}" if path else str(name)
            if "\0" in name or _SURROGATE.search(name):
                yield path or BODY, name
            yield from _texts(one, inside)
