"""Queries that somebody is still typing."""

from __future__ import annotations

from jobtracker_core.search.language import parse
from jobtracker_core.search.nodes import SearchError, sought


def begun(text: str) -> str:
    """Return a query with a "*" behind its last word, where that word is looked for.

    As it is where a space follows the word, where it is a field's value or left out by "-", and
    where the query cannot be read.
    """
    if not text[-1:].isalnum() or text.rsplit(maxsplit=1)[-1] == "OR":
        return text
    longer = f"{text}*"
    try:
        node = parse(longer)
    except SearchError:
        return text
    terms = () if node is None else sought(node)
    return longer if any(term.is_prefix and term.end == len(longer) for term in terms) else text
