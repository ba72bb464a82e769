"""What a query asks for, as a tree."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

Field: TypeAlias = Literal["title", "company", "place", "skill"]
Name: TypeAlias = Literal[
    "source",
    "remote",
    "employment",
    "seniority",
    "country",
    "language",
    "pay",
    "posted",
    "seen",
    "status",
    "is",
    "tag",
]
TEXT_FIELDS: Final[tuple[Field, ...]] = get_args(Field)
FACT_NAMES: Final[tuple[Name, ...]] = get_args(Name)

Operator: TypeAlias = Literal["=", "<", "<=", ">", ">="]


class Term(Struct, frozen=True, kw_only=True):
    """A word or a phrase.

    Attributes:
        text: As it was typed, without quotes and the "*" of a prefix; holds a letter or a digit.
        field: Where it must stand; anywhere if None.
        is_prefix: Its last word may go on.
        start: Where it begins in the query.
        end: Where it ends there.
    """

    text: str
    field: Field | None = None
    is_prefix: bool = False
    start: int = 0
    end: int = 0


class Fact(Struct, frozen=True, kw_only=True):
    """Something that a job has, or that was done with it.

    Attributes:
        name: What it is.
        operator: How it compares with the value; "=" alone but for `pay`, `posted` and `seen`.
        value: Money per year for `pay`; for `posted` and `seen` an age (smaller is later) or a day;
            else a word: countries in upper case, all that has fixed words as the contract has them.
        currency: Of the pay, where it is given.
        start: Where it begins in the query.
        end: Where it ends there.
    """

    name: Name
    value: str | float | timedelta | date
    operator: Operator = "="
    currency: str | None = None
    start: int = 0
    end: int = 0


class Not(Struct, frozen=True):
    """All jobs but these; never of another Not."""

    node: Node


class All(Struct, frozen=True):
    """Jobs that all of these find: two or more, none of them an All."""

    nodes: tuple[Node, ...]


class AnyOf(Struct, frozen=True):
    """Jobs that any of these finds: two or more, none of them an AnyOf."""

    nodes: tuple[Node, ...]


Node: TypeAlias = Term | Fact | Not | All | AnyOf


def sought(node: Node) -> tuple[Term, ...]:
    """Return the words and phrases that a query looks for, without those that it leaves out."""
    match node:
        case Term():
            return (node,)
        case All() | AnyOf():
            return tuple(term for part in node.nodes for term in sought(part))
        case _:
            return ()


class SearchError(ValueError):
    """A query that cannot be read.

    Attributes:
        message: What is wrong.
        hint: What to write instead.
        start: Where the mistake begins in the query, in characters.
        end: Where it ends there, behind `start`.
    """

    def __init__(self, message: str, hint: str, start: int, end: int) -> None:
        super().__init__(message, hint, start, end)
        self.message = message
        self.hint = hint
        self.start = start
        self.end = end

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}"
