"""Objects in scripts, attributes and escaped strings: found by their keys, not by parsing."""

from __future__ import annotations

import re
from functools import lru_cache

from jobtracker_core.ingest.emails import replace_emails
from jobtracker_core.ingest.jsontext import SECRET, empty_like, is_secret

# Only from the first of several backslashes on: a search from each would cost their square.
_QUOTE = r"(?<!\\)\\*[\"']|&quot;|&#0*34;|&#x0*22;|\\u0022"
_START = re.compile(_QUOTE)
_QUOTED_KEY = re.compile(rf"(?P<quote>{_QUOTE})(?P<key>[^\"'\\&<>\s]{{1,100}})(?P=quote)\s*:\s*")
_SCRIPT_KEY = re.compile(
    rf"(?:(?P<quote>{_QUOTE})(?P<key>[^\"'\\&<>\s]{{1,100}})(?P=quote)\s*:|"
    r"(?<![\w$.])(?P<name>[A-Za-z_$][\w$]{0,60})\s*(?::(?!:)|=(?![=>])))\s*"
)
_OPENING = frozenset("{[(")
_CLOSING = frozenset("}])")
_BRACKET_OR_QUOTE = re.compile(rf"[{{}}\[\]]|{_QUOTE}")
_SCALAR_END = re.compile(r"[,;}\])\s<>&\"'\\]|\Z")
_NAMED_BRACKET = re.compile(rf"[{{}}\[\]()]|{_QUOTE}")
_LINE_END = re.compile(r"[;\r\n]|\Z")


def blank_loose(source: str, private: frozenset[str], *, script: bool = False) -> str:
    """Blank private values, secrets and e-mail addresses in text that holds objects somewhere.

    Keys count in any quotes (escaped, as entities), and with `script` also without. A value that
    does not end goes to the end of the text.
    """
    pattern = _SCRIPT_KEY if script else _QUOTED_KEY
    out: list[str] = []
    written = position = 0
    while match := pattern.search(source, position):
        position = match.end()
        key = match["key"] or match.groupdict().get("name") or ""
        if not (key in private or is_secret(key)) or position >= len(source):
            continue
        end, blanked = _value(source, position, secret=key not in private)
        out += (source[written:position], blanked)
        written = position = max(end, position)
    out.append(source[written:])
    return replace_emails("".join(out))


def blank_named(source: str, private: frozenset[str]) -> str:
    """Blank the values of private names in messages: "name: a, b", "name=[…]", "'name': (…)".

    What is no string and no bracket goes to the end of its line, since nothing else ends it.
    """
    if not private:
        return source
    out: list[str] = []
    position = 0
    pattern = _named(private)
    while match := pattern.search(source, position):
        start = match.end()
        out.append(source[position:start])
        if start < len(source) and (source[start] in "{[(" or _START.match(source, start)):
            position, blanked = _value(source, start, secret=False, brackets=_NAMED_BRACKET)
            out.append(blanked)
        else:
            ending = _LINE_END.search(source, start)
            position = ending.start() if ending else len(source)
    return "".join([*out, source[position:]])


@lru_cache(maxsize=64)
def _named(private: frozenset[str]) -> re.Pattern[str]:
    names = "|".join(map(re.escape, sorted(private, key=len, reverse=True)))
    return re.compile(rf"(?<![\w$])(?:{names})(?:{_QUOTE})?[^\S\r\n]{{0,20}}[:=](?!=)[^\S\r\n]*")


def _value(
    source: str, start: int, *, secret: bool, brackets: re.Pattern[str] = _BRACKET_OR_QUOTE
) -> tuple[int, str]:
    if quote := _START.match(source, start):
        end = _closing_quote(source, quote)
        is_empty = source[quote.end() : end] == quote[0]
        return end, quote[0] + (SECRET if secret and not is_empty else "") + quote[0]
    if brackets.match(source, start) and source[start] in "{[(":
        blanked = "()" if source[start] == "(" else empty_like(source[start])
        return _closing_bracket(source, start, brackets), blanked
    found = _SCALAR_END.search(source, start)
    end = found.start() if found else len(source)
    return end, empty_like(source[start:end]) if end > start else ""


def _closing_quote(source: str, opened: re.Match[str]) -> int:
    quote = opened[0]
    escapes = len(quote) - 1
    for match in _START.finditer(source, opened.end()):
        closing = match[0]
        if closing[-1] != quote[-1] or (closing[0] == "&") != (quote[0] == "&"):
            continue
        if quote[-1] not in "\"'":
            if closing == quote:
                return match.end()
        # Deeper quotes carry more backslashes; an even number escapes only itself.
        elif len(closing) - 1 <= escapes or (escapes == 0 and (len(closing) - 1) % 2 == 0):
            return match.end()
    return len(source)


def _closing_bracket(source: str, start: int, brackets: re.Pattern[str]) -> int:
    depth = 0
    position = start
    while match := brackets.search(source, position):
        position = match.end()
        if match[0] in _OPENING:
            depth += 1
        elif match[0] in _CLOSING:
            depth -= 1
            if depth == 0:
                return position
        else:
            position = _closing_quote(source, match)
    return len(source)
