"""From a query and filters to what the index is asked, and what the tables of jobs are asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import product
from typing import Any, Final, cast

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import ColumnElement

from jobtracker_core.search.analyzer import alternatives
from jobtracker_core.search.language import (
    All,
    AnyOf,
    Fact,
    Node,
    Not,
    SearchError,
    Term,
    parse,
)
from jobtracker_core.search.pointing import point
from jobtracker_core.storage import find_facts
from jobtracker_core.storage.find_few import Numbers
from jobtracker_core.storage.find_marks import is_driving
from jobtracker_core.storage.find_tokens import (
    Mark,
    Tokens,
    Without,
    Words,
    both,
    either,
)
from jobtracker_core.storage.index_tokens import Field, facet
from jobtracker_core.storage.job_filters import Filters, begins, conditions, plain_text
from jobtracker_core.storage.tables import jobs

MOST_BRANCHES: Final = 16
"""In so many ways may a query mix words and what only the tables know."""

_MARKED: Final = ("source", "remote", "employment", "seniority")
"""Filters that the index has as tokens."""

_FIELDS: Final[dict[str, Field]] = {
    "title": "title",
    "company": "company",
    "place": "place",
    "skill": "skills",
}


class Branch(Struct, frozen=True):
    """Jobs that the index has under these tokens, and that fulfil all these conditions.

    Attributes:
        tokens: None where only the tables are asked.
        few: What selects all of these jobs and others, if they might be few.
        same: What the tables know of what the tokens ask for already.
        along: One of `same` that an index has in the order of arrival.
        marks: What the index knows of all of these jobs, where only the tables are asked.
    """

    tokens: Tokens | None
    where: tuple[ColumnElement[bool], ...]
    few: tuple[Numbers, ...] = ()
    same: tuple[ColumnElement[bool], ...] = ()
    along: ColumnElement[bool] | None = None
    marks: Tokens | None = None


class Plan(Struct, frozen=True):
    """Jobs of any of these branches; `node` is the query, None without one."""

    branches: tuple[Branch, ...]
    node: Node | None


class _Way(Struct, frozen=True):
    tokens: tuple[Tokens, ...] = ()
    hints: tuple[Tokens, ...] = ()
    where: tuple[ColumnElement[bool], ...] = ()
    few: tuple[Numbers, ...] = ()
    same: tuple[ColumnElement[bool], ...] = ()
    source: str | None = None


def is_marked(filters: Filters) -> bool:
    """Tell whether a filter may leave so few jobs that the index is to be asked for them."""
    marks, _ = _marks(filters)
    return _driving(marks) is not None


def read_text(filters: Filters) -> Node | None:
    """Parse the text of filters; raises SearchError, with the place of the mistake as a note."""
    text = plain_text(filters.get("text"))
    try:
        return parse(text)
    except SearchError as error:
        raise point(error, text) from None


def plan(filters: Filters, at: datetime) -> Plan:
    """Read what is asked for.

    Args:
        filters: `text` is in the query language.
        at: The present, from which ages count.

    Raises:
        SearchError: The text cannot be read.
    """
    node = read_text(filters)
    if node is None:
        where, (marks, _) = tuple(conditions(filters)), _marks(filters)
        branch = Branch(None, where, tuple(begins(filters)), marks=_driving(marks))
        return Plan(branches=(branch,), node=None)
    try:
        return _plan(node, filters, at)
    except SearchError as error:
        raise point(error, plain_text(filters.get("text"))) from None


def named(title: str, company: str) -> Plan:
    """Return what finds the jobs of a title and a company; upper and lower case are alike."""
    texts: dict[Field, str] = {"title": title, "company": company}
    tokens = both(
        one
        for field, text in texts.items()
        if (one := either(Words(stems, field) for stems in alternatives(text))) is not None
    )
    columns = (jobs.c.title, title), (jobs.c.company, company)
    same = tuple(sa.func.lower(column) == sa.func.lower(text) for column, text in columns)
    return Plan(branches=(Branch(tokens, same),), node=None)


def _plan(node: Node, filters: Filters, at: datetime) -> Plan:
    if filters.get("dismissed") in {None, "hide"} and _names_dismissed(node):
        # Whoever asks for them says himself which he wants.
        filters = {**filters, "dismissed": "all"}
    ways = _ways(node, at)
    required = tuple(conditions(filters))
    marks, rest = _marks(filters)
    branches = tuple(_branch(way, required, marks, rest, filters) for way in ways)
    return Plan(branches=branches, node=node)


def _branch(
    way: _Way,
    required: tuple[ColumnElement[bool], ...],
    marks: tuple[Tokens, ...],
    rest: Filters,
    filters: Filters,
) -> Branch:
    tokens = both(way.tokens)
    few = (*way.few, *begins(rest))
    if tokens is None:
        found = _driving((*way.hints, *marks))
        return Branch(None, (*required, *way.where), few, marks=found)
    wanted = both((*way.tokens, *way.hints, *marks))
    given: dict[str, Any] = {**filters}
    named = cast("Filters", {name: given.get(name) for name in _MARKED} | {"dismissed": "all"})
    same = (*way.same, *conditions(named))
    source = given.get("source") or way.source
    along = None if source is None else jobs.c.source == source
    return Branch(wanted, (*conditions(rest), *way.where), few, same, along)


def _driving(parts: Sequence[Tokens]) -> Tokens | None:
    tokens = both(parts)
    return tokens if tokens is not None and is_driving(tokens) else None


def _names_dismissed(node: Node) -> bool:
    return any(fact.name == "is" and fact.value == "dismissed" for fact in _facts(node))


def _facts(node: Node) -> Iterator[Fact]:
    match node:
        case Fact():
            yield node
        case Not():
            yield from _facts(node.node)
        case All() | AnyOf():
            for part in node.nodes:
                yield from _facts(part)
        case Term():
            return


def _has_words(node: Node) -> bool:
    match node:
        case Term():
            return True
        case Fact():
            return False
        case Not():
            return _has_words(node.node)
        case All() | AnyOf():
            return any(map(_has_words, node.nodes))


def _marks(filters: Filters) -> tuple[tuple[Tokens, ...], Filters]:
    """Return the filters that the index has as tokens, and the others."""
    rest: dict[str, Any] = {**filters}
    found: list[Tokens] = []
    for name in _MARKED:
        value = rest.pop(name, None)
        if value is not None:
            is_source = name == "source"
            found.append(find_facts.of_source(value) if is_source else Mark(facet(name, value)))
    currency = rest.get("pay_currency")
    if currency is not None:
        found.append(Mark(facet("currency", currency)))
    pay_from = rest.get("pay_from")
    if pay_from is not None:
        found.append(find_facts.pay_bands(">=", pay_from))
    kept: Filters = {**filters, "source": None, "remote": None, "employment": None}
    kept["seniority"] = None
    return tuple(found), kept


def _ways(node: Node, at: datetime) -> list[_Way]:
    """Return the ways in which a job can be what is asked for: it is so if it fits one of them."""
    if not _has_words(node):
        known = _tokens(node)
        hints = _hints(node) if known is None else (known,)
        return [_Way(where=(_condition(node, at),), hints=hints, few=_few(node, at))]
    tokens = _tokens(node)
    if tokens is not None:
        return [_Way(tokens=(tokens,), same=_same(node, at), source=_source(node))]
    match node:
        case All():
            return _joined([_ways(part, at) for part in _grouped(node.nodes, All)], node)
        case AnyOf():
            found = [way for part in _grouped(node.nodes, AnyOf) for way in _ways(part, at)]
            return _bounded(found, node)
        case Not():
            return _ways(_turned(node.node), at)
        case _:
            raise TypeError(f"{node!r} is a token")


def _joined(parts: Sequence[list[_Way]], node: Node) -> list[_Way]:
    size = 1
    for part in parts:
        size *= len(part)
        if size > MOST_BRANCHES:
            raise _too_mixed(node)
    return [
        _Way(
            tokens=tuple(one for way in ways for one in way.tokens),
            hints=tuple(one for way in ways for one in way.hints),
            where=tuple(one for way in ways for one in way.where),
            few=tuple(one for way in ways for one in way.few),
            same=tuple(one for way in ways for one in way.same),
            source=next((way.source for way in ways if way.source is not None), None),
        )
        for ways in product(*parts)
    ]


def _bounded(ways: list[_Way], node: Node) -> list[_Way]:
    if len(ways) > MOST_BRANCHES:
        raise _too_mixed(node)
    return ways


def _too_mixed(node: Node) -> SearchError:
    return SearchError(
        f"The search mixes words and other fields in more than {MOST_BRANCHES} ways",
        "Take some OR apart, and search for one after the other.",
        *_span(node),
    )


def _span(node: Node) -> tuple[int, int]:
    match node:
        case Term() | Fact():
            return node.start, node.end
        case Not():
            return _span(node.node)
        case All() | AnyOf():
            spans = [_span(part) for part in node.nodes]
            return min(start for start, _ in spans), max(end for _, end in spans)


def _grouped(nodes: tuple[Node, ...], kind: type[All | AnyOf]) -> list[Node]:
    """Put together what one database can be asked as a whole."""
    groups: dict[int, list[Node]] = {0: [], 1: [], 2: []}
    for node in nodes:
        groups[0 if _tokens(node) is not None else (1 if not _has_words(node) else 2)].append(node)
    if kind is AnyOf and not groups[2]:
        # All that is one word of the tables or of the index goes with its like.
        facts = [one for one in groups[0] if not _has_words(one)] if groups[1] else []
        groups[0] = [one for one in groups[0] if one not in facts]
        groups[1] += facts
    found: list[Node] = []
    for number in (0, 1):
        group = tuple(groups[number])
        if group:
            found.append(kind(group) if len(group) > 1 else group[0])
    return [*found, *groups[2]]


def _turned(node: Node) -> Node:
    """Return the opposite of something that mixes words and facts, with no Not around it."""
    match node:
        case All():
            return AnyOf(tuple(_not(part) for part in node.nodes))
        case AnyOf():
            return All(tuple(_not(part) for part in node.nodes))
        case _:
            return _not(node)


def _not(node: Node) -> Node:
    return node.node if isinstance(node, Not) else Not(node)


def _tokens(node: Node) -> Tokens | None:
    """Return what asks the index for this alone; None where it does not know."""
    match node:
        case Term():
            return _of_term(node)
        case Fact():
            return find_facts.tokens_of(node) if node.name in find_facts.TOKENS else None
        case Not():
            inner = _tokens(node.node)
            return None if inner is None else Without(inner)
        case All() | AnyOf():
            found = [_tokens(part) for part in node.nodes]
            parts = [part for part in found if part is not None]
            if len(parts) < len(found):
                return None
            return both(parts) if isinstance(node, All) else either(parts)


def _of_term(term: Term) -> Tokens | None:
    field = None if term.field is None else _FIELDS[term.field]
    found = []
    for sequence in alternatives(term.text, prefix=term.is_prefix):
        begun = sequence[-1].endswith("*")
        stems = (*sequence[:-1], sequence[-1].rstrip("*"))
        found.append(Words(stems=stems, field=field, is_prefix=begun))
    return either(found)


def _condition(node: Node, at: datetime) -> ColumnElement[bool]:
    match node:
        case Fact():
            return find_facts.condition(node, at)
        case Not():
            return sa.not_(_condition(node.node, at))
        case All():
            return sa.and_(*(_condition(part, at) for part in node.nodes))
        case AnyOf():
            return sa.or_(*(_condition(part, at) for part in node.nodes))
        case Term():
            raise TypeError(f"{node!r} is no fact")


def _hints(node: Node) -> tuple[Tokens, ...]:
    parts = node.nodes if isinstance(node, All) else (node,)
    found = [find_facts.hint(part) for part in parts if isinstance(part, Fact)]
    return tuple(hint for hint in found if hint is not None)


def _same(node: Node, at: datetime) -> tuple[ColumnElement[bool], ...]:
    parts = node.nodes if isinstance(node, All) else (node,)
    return tuple(find_facts.condition(part, at) for part in parts if isinstance(part, Fact))


def _source(node: Node) -> str | None:
    parts = node.nodes if isinstance(node, All) else (node,)
    named = (p for p in parts if isinstance(p, Fact) and p.name == "source")
    return next((str(part.value) for part in named), None)


def _few(node: Node, at: datetime) -> tuple[Numbers, ...]:
    parts = node.nodes if isinstance(node, All) else (node,)
    found = [_begins(part, at) for part in parts]
    return tuple(numbers for numbers in found if numbers is not None)


def _begins(node: Node, at: datetime) -> Numbers | None:
    match node:
        case Fact():
            return find_facts.begins(node, at)
        case All():
            return next(iter(_few(node, at)), None)
        case AnyOf():
            each = [_begins(part, at) for part in node.nodes]
            known = [numbers for numbers in each if numbers is not None]
            return sa.union_all(*known) if len(known) == len(each) else None
        case _:
            return None
