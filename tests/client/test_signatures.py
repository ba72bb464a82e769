"""The two facades have the same methods, and each takes and gives the same."""

from __future__ import annotations

import inspect
import typing
from functools import cached_property
from typing import Any

import pytest

from jobtracker_core import JobTracker, RemoteTracker

HERE_ONLY = {
    "today": "what the portal shows first; `stats` and `calendar` give the same and more",
    "accounts": "users log in with passwords, and tokens do not",
    "sessions": "a browser's",
    "throttle": "the server's own",
    "secrets": "the key is at the server",
}
"""Parts of an installation that no server opens to programs."""

LEFT_OUT = {
    ("configuration", "load_as_shown"): "the portal's, between two pages; `load()` does it",
    ("collectors", "list"): "a card holds Python classes; `reports()` does it",
    ("collectors", "set_enabled"): "the same; `update()` does it",
    ("maintenance", "total"): "the portal's; `stats()` gives it",
    ("maintenance", "plan_vacuum"): "nobody else can write meanwhile: it is done at the server",
    ("maintenance", "vacuum"): "the same",
    ("maintenance", "reindex"): "the same; the server's workers index what comes",
    ("maintenance", "backup"): "a file at the server",
    ("runs", "announced"): "the portal's; `events()` has them",
    ("runs", "before_newest"): "the server's own, for runs of very many lines",
    ("runs", "story"): "the portal's; `events()` has the lines",
    ("tokens", "verify"): "the server does it with each request",
    ("tokens", "recall"): "the same",
}
OWN = {("tokens", "current")}
OTHER_PARAMETERS = {("ingest", "put"): {"bound_to"}}
"""Who a sender is bound to, the server knows of his token."""


def parts(cls: type) -> dict[str, type]:
    """Return the classes of a facade's parts."""
    found = {}
    for base in cls.__mro__:
        for name, value in vars(base).items():
            if isinstance(value, cached_property) and name not in found:
                made: Any = value.func
                if not inspect.isclass(made):
                    made = typing.get_type_hints(made)["return"]
                found[name] = made
    return found


def methods(cls: type) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(cls).items()
        if callable(value) and not name.startswith("_")
    }


LOCAL, REMOTE = parts(JobTracker), parts(RemoteTracker)


def test_every_part_is_there() -> None:
    assert set(LOCAL) - set(REMOTE) == set(HERE_ONLY)
    assert set(REMOTE) <= set(LOCAL)


@pytest.mark.parametrize("part", sorted(REMOTE))
def test_every_method_is_there_and_takes_the_same(part: str) -> None:
    local, remote = methods(LOCAL[part]), methods(REMOTE[part])
    left_out = {name for where, name in LEFT_OUT if where == part}
    assert set(local) - set(remote) == left_out
    assert set(remote) - set(local) == {name for where, name in OWN if where == part}
    for name in set(local) & set(remote):
        mine = inspect.signature(local[name], eval_str=True)
        other = inspect.signature(remote[name], eval_str=True)
        without = OTHER_PARAMETERS.get((part, name), set())
        wanted = [p for p in mine.parameters.values() if p.name not in without]
        assert list(other.parameters.values()) == wanted, f"{part}.{name}"
        assert other.return_annotation == mine.return_annotation, f"{part}.{name}"
