"""The query language: words, "phrases", -not, OR, parentheses and fields."""

from __future__ import annotations

from typing import Final

from jobtracker_core.search import facts
from jobtracker_core.search.folding import WORD
from jobtracker_core.search.lexer import Token, tokens
from jobtracker_core.search.nodes import (
    TEXT_FIELDS,
    All,
    AnyOf,
    Fact,
    Field,
    Name,
    Node,
    Not,
    Operator,
    SearchError,
    Term,
)
from jobtracker_core.search.show import show

__all__ = [
    "All",
    "AnyOf",
    "Fact",
    "Field",
    "Name",
    "Node",
    "Not",
    "Operator",
    "SearchError",
    "Term",
    "parse",
    "show",
]

LONGEST: Final = 1_000
"""Characters of a query."""

MOST_WORDS: Final = 50
"""Words and facts of a query; each word of a phrase counts."""

MOST_BEGUN: Final = 10
"""Words and phrases that end in a "*": a database looks up all that begins so."""

DEEPEST: Final = 20
"""Parentheses and signs within each other."""


def parse(text: str) -> Node | None:
    """Read a query; None if it asks for nothing. Raises SearchError, and nothing else."""
    if len(text) > LONGEST:
        raise SearchError(
            f"The search has more than {LONGEST:,} characters",
            "Leave something out.",
            LONGEST,
            len(text),
        )
    return _Parser(text).read()


class _Parser:
    """Recursive descent over the tokens of one query."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0
        self._words = 0
        self._begun = 0
        self._depth = 0
        # Within the parentheses of `title:(…)`.
        self._field: Field | None = None

    def read(self) -> Node | None:
        node = self._all()
        rest = self._peek()
        if rest is not None:
            raise _error(
                "This parenthesis closes nothing", "Take it away, or open one before it.", rest
            )
        return node

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next_is(self, *kinds: str) -> bool:
        token = self._peek()
        return token is not None and token.kind in kinds

    def _all(self) -> Node | None:
        found: list[Node] = []
        while (token := self._peek()) is not None and token.kind != "close":
            node = self._any_of(token)
            if node is not None:
                found += node.nodes if isinstance(node, All) else (node,)
        return _joined(All, found)

    def _any_of(self, first: Token) -> Node | None:
        node = self._one(first)
        if not self._next_is("or"):
            return node
        found: list[Node] = []
        while True:
            if node is None:
                raise _error("There is nothing to search for beside OR", _BESIDE, first)
            found += node.nodes if isinstance(node, AnyOf) else (node,)
            joint = self._peek()
            if joint is None or joint.kind != "or":
                return _joined(AnyOf, found)
            self._at += 1
            following = self._peek()
            if following is None or following.kind in {"close", "or"}:
                raise _error("There is nothing after OR", _BESIDE, joint)
            first = following
            node = self._one(following)

    def _one(self, token: Token) -> Node | None:
        self._at += 1
        match token.kind:
            case "or":
                raise _error("There is nothing before OR", _BESIDE, token)
            case "and":
                return None
            case "not":
                return self._not(token)
            case "open":
                return self._group(token)
            case "field":
                return self._fielded(token)
            case _:
                return self._term(token, token.start)

    def _not(self, token: Token) -> Node:
        following = self._peek()
        if following is None or following.kind in {"close", "or", "and"}:
            raise _error(f"There is nothing after {token.text}", _BEFORE, token)
        if token.text == "-" and following.start > token.end:
            raise _error("There is a space after -", f"{_BEFORE} Else take it away.", token)
        self._deeper(token)
        node = self._one(following)
        self._depth -= 1
        if node is None:
            raise _error(f"There is no word after {token.text}", _BEFORE, token)
        return node.node if isinstance(node, Not) else Not(node)

    def _group(self, token: Token) -> Node:
        self._deeper(token)
        node = self._all()
        self._depth -= 1
        closing = self._peek()
        if closing is None:
            raise _error("This parenthesis is not closed", "Put ) behind what it holds.", token)
        self._at += 1
        if node is None:
            raise SearchError(
                "There is nothing in these parentheses",
                "Put words into them, or take them away.",
                token.start,
                closing.end,
            )
        return node

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _error(
                f"More than {DEEPEST} parentheses or signs within each other",
                "Write it with fewer.",
                token,
            )

    def _fielded(self, token: Token) -> Node:
        name = facts.known_name(token)
        if self._field is not None:
            raise _error(
                f"{token.text}: stands within {self._field}:",
                f"Put it before or behind the parentheses of {self._field}:.",
                token,
            )
        value = self._peek()
        if value is not None and value.start > token.end:
            value = None
        field = next((field for field in TEXT_FIELDS if field == name), None)
        node: Node | None = None
        if value is not None and value.kind in {"word", "phrase"}:
            self._at += 1
            if field is None:
                self._count(1, value)
                return facts.read(name, token.start, value)
            self._field = field
            node = self._term(value, token.start)
        elif value is not None and value.kind == "open" and field is not None:
            self._at += 1
            self._field = field
            node = self._group(value)
        self._field = None
        if node is None:
            raise _no_value(token, value, facts.EXAMPLES[name])
        return node

    def _term(self, token: Token, start: int) -> Term | None:
        text = token.text
        is_prefix = token.is_prefix
        size = len(WORD.findall(text))
        if size == 0:
            return None
        if token.kind == "word" and "*" in text:
            raise _error(
                "A * may stand only at the end of a word",
                "Write the beginning of a word, such as develop*.",
                token,
            )
        self._count(size, token)
        self._begun += is_prefix
        if self._begun > MOST_BEGUN:
            raise _error(f"More than {MOST_BEGUN} words end in *", "Write some of them out.", token)
        return Term(text=text, field=self._field, is_prefix=is_prefix, start=start, end=token.end)

    def _count(self, words: int, token: Token) -> None:
        self._words += words
        if self._words > MOST_WORDS:
            raise _error(f"The search has more than {MOST_WORDS} words", "Leave some out.", token)


_BEFORE = "Put it right before what to leave out, such as -manager."
_BESIDE = "Put a word on each side of it, or write it in small letters."


def _joined(kind: type[All | AnyOf], nodes: list[Node]) -> Node | None:
    if len(nodes) > 1:
        return kind(tuple(nodes))
    return nodes[0] if nodes else None


def _error(message: str, hint: str, token: Token) -> SearchError:
    return SearchError(message, hint, token.start, token.end)


def _no_value(field: Token, value: Token | None, example: str) -> SearchError:
    end = value.end if value is not None and value.kind in {"word", "phrase"} else field.end
    hint = f"Write it like {example}, with no space."
    if value is not None and value.kind == "not":
        hint = f"To leave something out, put - first: -{example}."
    return SearchError(f"{field.text}: needs a value", hint, field.start, end)
