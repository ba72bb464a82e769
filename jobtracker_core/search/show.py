"""A query in its canonical form."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from jobtracker_core.search.lexer import QUOTES, field_at
from jobtracker_core.search.nodes import All, AnyOf, Fact, Node, Not, Term

_UNUSUAL = re.compile(rf"[\s()*{QUOTES}]|^-|^(?:OR|AND|NOT)$")
_UNITS: Final = (("y", 365 * 24), ("m", 30 * 24), ("w", 7 * 24), ("d", 24), ("h", 1))


def show(node: Node) -> str:
    """Write a query so that it is read as the same again; equal queries give equal texts."""
    match node:
        case Term():
            star = "*" if node.is_prefix else ""
            field = f"{node.field}:" if node.field else ""
            return f"{field}{_quoted(node.text)}{star}"
        case Fact():
            return _fact(node)
        case Not():
            return f"-{_within(node.node)}"
        case All():
            return " ".join(map(_within, node.nodes))
        case AnyOf():
            return " OR ".join(map(_within, node.nodes))


def _within(node: Node) -> str:
    return f"({show(node)})" if isinstance(node, All | AnyOf) else show(node)


def _quoted(text: str) -> str:
    return f'"{text}"' if _UNUSUAL.search(text) or field_at(text) else text


def _fact(fact: Fact) -> str:
    # Without a sign, pay is at least so much.
    operator = "" if fact.operator == "=" and fact.name != "pay" else fact.operator
    return f"{fact.name}:{operator}{_value(fact)}"


def _value(fact: Fact) -> str:
    value = fact.value
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, timedelta):
        return _age(int(value / timedelta(hours=1)))
    if isinstance(value, date):
        return value.isoformat()
    return _money(value) + (fact.currency or "")


def _age(hours: int) -> str:
    for unit, size in _UNITS:
        if hours >= size and hours % size == 0:
            return f"{hours // size}{unit}"
    return "0h"


def _money(value: float) -> str:
    for suffix, size in (("M", 1_000_000), ("k", 1_000)):
        if value and value % size == 0:
            return f"{value / size:.0f}{suffix}"
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"
