"""Options of a search on the command line, made of its form, and what they stand for."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import click

from jobtracker_core.cli.place import Tracker
from jobtracker_core.plugins import forms
from jobtracker_core.plugins.forms import FormError, FormField
from jobtracker_core.tracker.searches import SearchForm

F = TypeVar("F", bound=Callable[..., Any])

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_SECONDS = "_s"


def seconds(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | int | None:
    """Return a duration in seconds: a plain number, or one with s, m, h or d. Empty stays so."""
    return read_seconds(value) if value else value


def read_seconds(text: str) -> int:
    """Return a duration in seconds; raises BadParameter."""
    match = re.fullmatch(r"(\d{1,9})([smhd]?)", text, re.ASCII)
    if match is None:
        raise click.BadParameter(f"{text!r} takes a number with s, m, h or d, such as 6h")
    return int(match[1]) * _UNITS[match[2]]


def search_options(command: F) -> F:
    """Add the options of the form, and `--manual`, to a command."""
    command = click.option(
        "--manual", is_flag=True, help="Run only when it is started: no times of its own."
    )(command)
    for field in reversed(forms.fields(SearchForm)):
        command = _option(field)(command)
    return click.option(
        "--query",
        "words",
        multiple=True,
        metavar="WORD=VALUE",
        help="A word of the collector's query, such as text=python (may be repeated).",
    )(command)


def _option(field: FormField) -> Callable[[F], F]:
    is_duration = field.name.endswith(_SECONDS)
    usual = "" if field.default is None else f"  [default: {field.default}]"
    # Other values stay text: the form converts and refuses them, in the same words everywhere.
    return click.option(
        "--" + field.name.removesuffix(_SECONDS).replace("_", "-"),
        field.name,
        callback=seconds if is_duration else None,
        metavar="|".join(field.choices) or ("DURATION" if is_duration else field.kind.upper()),
        help=f"{field.description}.{usual}",
    )


def given(options: Mapping[str, Any], *, manual: bool) -> dict[str, Any]:
    """Return the options that were given; an empty one puts back what is usual."""
    found = {name: value for name, value in options.items() if value is not None}
    if manual:
        if found.get("cron") or found.get("every_s"):
            raise click.UsageError("--manual excludes --cron and --every")
        found |= {"cron": "", "every_s": ""}
    return {name: None if value == "" else value for name, value in found.items()}


def query_words(
    tracker: Tracker, collector: str, pairs: Sequence[str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a query with the given words set; an empty value takes a word out.

    Words that take several values get all that are given. Raises UnknownCollector.
    """
    fields = {field.name: field for field in tracker.collectors.schema(collector).query_fields}
    words, fresh = dict(before), set()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.UsageError(f"--query takes WORD=VALUE, not {pair!r}")
        name = name.strip().replace("-", "_")
        several = name in fields and fields[name].multiple
        if name in fresh and not several:
            raise click.UsageError(f"--query {name} takes one value, and is given twice")
        if not value and name in fields:
            words.pop(name, None)
        elif several:
            words[name] = [*(words[name] if name in fresh else ()), value]
        else:
            words[name] = value
        fresh.add(name)
    return words


@contextlib.contextmanager
def named_as_options() -> Iterator[None]:
    """Let the errors of the form name options."""
    try:
        yield
    except FormError as error:
        raise FormError(
            {
                field.removesuffix(_SECONDS).replace("query.", "query ", 1): problem
                for field, problem in error.problems.items()
            }
        ) from error
