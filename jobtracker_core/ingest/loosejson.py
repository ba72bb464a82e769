"""Objects in scripts, attributes and escaped strings: found by their keys, not by parsing."""

from __future__ import annotations

import re

from jobtracker_core.ingest.jsontext import SECRET, empty_like, is_secret
from jobtracker_core.ingest.text import replace_emails

# Only from the first of several backslashes on: a search from each would cost their square.
_QUOTE = r"(?<!\\)\\*[\"']|&quot;|&#0*34;|&#x0*22;|\\u0022"
_START = re.compile(_QUOTE)
_QUOTED_KEY = re.compile(rf"(?P<quote>{_QUOTE})(?P<key>[^\"'\\&<>\s]{{1,100}})(?P=quote)\s*:\s*")
_SCRIPT_KEY = re.compile(
    rf"(?:(?P<quote>{_QUOTE})(?P<key>[^\"'\\&<>\s]{{1,100}})(?P=quote)\s*:|"
    r"(?<![\w$.])(?P<name>[A-Za-z_$][\w$]{0,60})\s*(?::(?!:)|=(?![=>])))\s*"
)
_BRACKET_OR_QUOTE = re.compile(rf"[{{}}\[\]]|{_QUOTE}")
_SCALAR_END = re.compile(r"[,;}\])\s<>&\"'\\]|\Z")
_ESCAPED_AT = re.compile(r"(?<=[\w.+-])(?:\\u0040|\\x40|%40|&#0*64;|&#x0*40;|&commat;)(?=[\w-]+\.)")


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
    return replace_emails(_ESCAPED_AT.sub("@", "".join(out)))


def _value(source: str, start: int, *, secret: bool) -> tuple[int, str]:
    if quote := _START.match(source, start):
        end = _closing_quote(source, quote)
        is_empty = source[quote.end() : end] == quote[0]
        return end, quote[0] + (SECRET if secret and not is_empty else "") + quote[0]
    if source[start] in "{[":
        return _closing_bracket(source, start), empty_like(source[start])
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


def _closing_bracket(source: str, start: int) -> int:
    depth = 0
    position = start
    while match := _BRACKET_OR_QUOTE.search(source, position):
        position = match.end()
        if match[0] in {"{", "["}:
            depth += 1
        elif match[0] in {"}", "]"}:
            depth -= 1
            if depth == 0:
                return position
        else:
            position = _closing_quote(source, match)
    return len(source)
