"""What the index of words is asked, as a tree, and written for either database.

Nothing of what a person typed reaches a database's own syntax: stems are letters and digits, and
facets are what `index_tokens` makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from jobtracker_core.storage.index_tokens import EVERY, Field, in_field, pairs


class Words(Struct, frozen=True):
    """Stems side by side; the last one may go on if `is_prefix`. Without a field, anywhere."""

    stems: tuple[str, ...]
    field: Field | None = None
    is_prefix: bool = False


class Mark(Struct, frozen=True):
    """A facet's token; `is_prefix` takes all that begin with it."""

    facet: str
    is_prefix: bool = False


class Both(Struct, frozen=True):
    """All of these."""

    parts: tuple[Tokens, ...]


class Either(Struct, frozen=True):
    """Any of these."""

    parts: tuple[Tokens, ...]


class Without(Struct, frozen=True):
    """Not this."""

    part: Tokens


Tokens: TypeAlias = Words | Mark | Both | Either | Without


def both(parts: Iterable[Tokens]) -> Tokens | None:
    """Return what asks for all of these; None for none."""
    found = tuple(dict.fromkeys(parts))
    return Both(found) if len(found) > 1 else (found[0] if found else None)


def either(parts: Iterable[Tokens]) -> Tokens | None:
    """Return what asks for any of these; None for none."""
    found = tuple(dict.fromkeys(parts))
    return Either(found) if len(found) > 1 else (found[0] if found else None)


def in_bodies(tokens: Tokens) -> bool:
    """Tell whether descriptions decide, beside the fields of a job."""
    match tokens:
        case Both() | Either():
            return any(map(in_bodies, tokens.parts))
        case Without():
            return in_bodies(tokens.part)
        case Words():
            return tokens.field is None
        case _:
            return False


def is_dear(tokens: Tokens) -> bool:
    """Tell whether words side by side are asked for, or beginnings."""
    match tokens:
        case Both() | Either():
            return any(map(is_dear, tokens.parts))
        case Without():
            return is_dear(tokens.part)
        case Words():
            return tokens.is_prefix or len(tokens.stems) > 1
        case _:
            return tokens.is_prefix


def short(tokens: Tokens, letters: int) -> Iterator[Words]:
    """Yield the beginnings of fewer letters."""
    match tokens:
        case Both() | Either():
            for part in tokens.parts:
                yield from short(part, letters)
        case Without():
            yield from short(tokens.part, letters)
        case Words():
            if tokens.is_prefix and len(tokens.stems[-1]) < letters:
                yield tokens
        case Mark():
            return


def loosened(tokens: Tokens, letters: int) -> Tokens:
    """Return what finds all that a tree does and more: without beginnings of fewer letters."""
    found = _loose(tokens, letters, widest=True)
    if isinstance(found, bool):
        return Mark(EVERY) if found else Without(Mark(EVERY))
    return found


def _loose(tokens: Tokens, letters: int, *, widest: bool) -> Tokens | bool:
    match tokens:
        case Words():
            if not tokens.is_prefix or len(tokens.stems[-1]) >= letters:
                return tokens
            whole = tokens.stems[:-1]
            return Words(whole, tokens.field) if whole and widest else widest
        case Mark():
            return tokens
        case Without():
            inner = _loose(tokens.part, letters, widest=not widest)
            return not inner if isinstance(inner, bool) else Without(inner)
        case Both() | Either():
            is_both = isinstance(tokens, Both)
            found = [_loose(part, letters, widest=widest) for part in tokens.parts]
            if (not is_both) in found:
                return not is_both
            parts = [part for part in found if not isinstance(part, bool)]
            return (both(parts) if is_both else either(parts)) or is_both


class Lexemes(Struct, frozen=True):
    """A tree as queries of PostgreSQL, whose entries know of pairs by a short hash alone.

    Attributes:
        widest: Finds all that the tree asks for, and perhaps more.
        surest: Finds nothing but that, and perhaps not all; None: nothing is sure.
        driver: As `widest` without beginnings of words, which are dear to look up; None where
            nothing would be left of it.
        ways: Queries of which one at least finds what `widest` does.
    """

    widest: str
    surest: str | None
    driver: str | None
    ways: tuple[str, ...]


def lexemes(tokens: Tokens) -> Lexemes:
    """Write a tree for PostgreSQL."""
    widest, surest = (_query(tokens, widest=wide, begun=True) for wide in (True, False))
    driver = _query(tokens, widest=True, begun=False)
    return Lexemes(
        widest=_asked_for(query=widest),
        surest=None if surest is False else _asked_for(query=surest),
        driver=driver if isinstance(driver, str) else None,
        ways=tuple(_asked_for(query=_query(way, widest=True, begun=True)) for way in _ways(tokens)),
    )


def _ways(tokens: Tokens) -> list[Tokens]:
    """Return what any of is asked for, apart: joined, PostgreSQL reads all that each word has.

    Within one `&` it goes by the rarest, of which it looks up the others.
    """
    if isinstance(tokens, Both):
        for at, part in enumerate(tokens.parts):
            found = _ways(part)
            if len(found) > 1:
                before, behind = tokens.parts[:at], tokens.parts[at + 1 :]
                return [Both((*before, one, *behind)) for one in found]
    elif isinstance(tokens, Either):
        parts = tokens.parts
        if any(isinstance(one, Words) and len(one.stems) > 1 for one in parts):
            return list(parts)
    return [tokens]


def _asked_for(*, query: str | bool) -> str:
    if isinstance(query, str):
        return query
    return _quoted(EVERY) if query else f"!{_quoted(EVERY)}"


def _query(tokens: Tokens, *, widest: bool, begun: bool) -> str | bool:
    match tokens:
        case Words():
            return _words(tokens, widest=widest, begun=begun)
        case Mark():
            return _quoted(tokens.facet) + (":*" if tokens.is_prefix else "")
        case Without():
            inner = _query(tokens.part, widest=not widest, begun=begun)
            return f"!{inner}" if isinstance(inner, str) else not inner
        case Both() | Either():
            is_both = isinstance(tokens, Both)
            found = [_query(part, widest=widest, begun=begun) for part in tokens.parts]
            if (not is_both) in found:
                return not is_both
            texts = [text for text in found if isinstance(text, str)]
            if not texts:
                return is_both
            return texts[0] if len(texts) == 1 else f"({(' & ' if is_both else ' | ').join(texts)})"


def _words(words: Words, *, widest: bool, begun: bool) -> str | bool:
    if (len(words.stems) > 1 and not widest) or (words.is_prefix and not begun):
        return widest
    *_, last = words.stems
    whole = words.stems[:-1] if words.is_prefix else words.stems
    found = list(dict.fromkeys([*whole, *pairs(whole)]))
    if words.field == "body":
        raise ValueError("the index does not tell the words of a body from others")
    of_field = [in_field(words.field, one) for one in found] if words.field else found
    texts = [_quoted(one) for one in of_field]
    if words.is_prefix:
        texts.append(_quoted(in_field(words.field, last) if words.field else last) + ":*")
    return texts[0] if len(texts) == 1 else f"({' & '.join(texts)})"


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def match(tokens: Tokens) -> str:
    """Write a tree for SQLite's FTS5, which finds just that."""
    match tokens:
        case Words():
            star = " *" if tokens.is_prefix else ""
            column = f"{tokens.field} : " if tokens.field else ""
            return f"{column}{_string(' '.join(tokens.stems))}{star}"
        case Mark():
            return f"facets : {_string(tokens.facet)}{' *' if tokens.is_prefix else ''}"
        case Either():
            return f"({' OR '.join(match(part) for part in tokens.parts)})"
        case Both():
            wanted = [part for part in tokens.parts if not isinstance(part, Without)]
            unwanted = [part.part for part in tokens.parts if isinstance(part, Without)]
            return _wanted(wanted, unwanted)
        case Without():
            return _wanted((), (tokens.part,))


def _wanted(wanted: Sequence[Tokens], unwanted: Sequence[Tokens]) -> str:
    found = " AND ".join(match(part) for part in wanted or (Mark(EVERY),))
    if not unwanted:
        return f"({found})"
    return f"(({found}) NOT ({' OR '.join(match(part) for part in unwanted)}))"


def _string(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
