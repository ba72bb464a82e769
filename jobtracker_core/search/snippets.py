"""Where in a text a query hits, and the part of it that is worth showing."""

from __future__ import annotations

from msgspec import Struct

from jobtracker_core.search import analyzer
from jobtracker_core.search.nodes import All, AnyOf, Field, Node, Term


class Part(Struct, frozen=True):
    """A piece of a snippet; the pieces one behind the other are its text."""

    text: str
    is_hit: bool


def marks(
    text: str, node: Node, language: str | None, *, field: Field | None = None
) -> tuple[tuple[int, int], ...]:
    """Return where a plain text holds what a query looks for, in order and without overlap.

    Args:
        text: Plain text.
        node: The query; what it leaves out is not marked.
        language: Of the text.
        field: What the text is: then terms of this field count too, beside those of none.
    """
    words = analyzer.spans(text, language)
    stems = [stem for stem, _, _ in words]
    found: set[int] = set()
    for term in terms(node):
        if term.field in {None, field}:
            for sequence in analyzer.alternatives(term.text, prefix=term.is_prefix):
                for at in analyzer.places(stems, sequence):
                    found.update(range(at, at + len(sequence)))
    return tuple((words[at][1], words[at][2]) for at in sorted(found))


def terms(node: Node) -> tuple[Term, ...]:
    """Return what a query looks for in texts, without what it leaves out."""
    match node:
        case Term():
            return (node,)
        case All() | AnyOf():
            return tuple(term for part in node.nodes for term in terms(part))
        case _:
            return ()


def snippet(text: str, node: Node, language: str | None, width: int = 240) -> tuple[Part, ...]:
    """Return about `width` characters of a text, where most of what is looked for stands."""
    spans = marks(text, node, language)
    start = max(spans[0][0] - width // 4, 0) if spans else 0
    end = min(start + width, len(text))
    parts: list[Part] = []
    at = start
    for begin, stop in spans:
        if stop <= end:
            parts += [Part(text[at:begin], is_hit=False), Part(text[begin:stop], is_hit=True)]
            at = stop
    parts.append(Part(text[at:end], is_hit=False))
    return tuple(part for part in parts if part.text)
