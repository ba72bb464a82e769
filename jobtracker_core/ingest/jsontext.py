"""JSON as text: values are blanked in place, also where the text is cut or is JSON only in part."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from jobtracker_core.ingest.emails import replace_emails

SECRET: Final = "[removed]"  # noqa: S105  (it is what is left of one)
"""What stands where a token or a password was."""

_SECRET_KEY = re.compile(
    r"(?:x?(?:csrf|xsrf|access|refresh|id|auth|bearer|user|visitor|session|security|api|client)?"
    r"token|(?:x|indeed|client)?apikey|(?:proxy)?authorization|(?:client|shared)?secret|passwd|"
    r"password|passphrase|pwd|session|sessionid|sessid|phpsessid|jsessionid|x?csrf|xsrf|jwt|"
    r"(?:set)?cookies?|credentials?|privatekey|secretkey|accesskey)"
)
# A string without its closing quote runs to the end of the text: the text was cut there.
_TOKEN = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:(?P<closed>")|\\?\Z)|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL
)
_COLON_AHEAD = re.compile(r"\s*:")
_CUT_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?\Z")
# Of the text read backwards: forwards, each "@" before the last word would be tried to the end.
_LAST_WORD_REVERSED = re.compile(r"[^\s\"'<>]*")
_CUT_EMAIL = re.compile(r"[^\s\"'<>,:;@]{1,64}@")
_NUMBER_START = frozenset("-0123456789")
_OPENING = frozenset("{[")
_CLOSING = frozenset("}]")
_BRACKETS = _OPENING | _CLOSING
_AFTER_VALUE = _CLOSING | {","}
_EMPTY_STRING = '""'


def is_secret(key: str) -> bool:
    """Say whether a key is one under which sites keep tokens, passwords and sessions."""
    return _SECRET_KEY.fullmatch(re.sub(r"[_\-. ]", "", key).lower()) is not None


def drop_cut_email(text: str) -> str:
    """Remove what may be the first part of an e-mail address at the end of a cut text."""
    if "@" not in text:
        return text
    word = _LAST_WORD_REVERSED.match(text[::-1])
    begin = len(text) - (word.end() if word else 0)
    cut_off = _CUT_EMAIL.search(text, begin)
    return text[: cut_off.start()] if cut_off else text


def blank(source: str, private: frozenset[str], nested: Callable[[str], str]) -> str:
    """Blank private values, secrets and e-mail addresses in a JSON text, or in a prefix of one.

    Private values become the empty value of their type; strings under a secret's key, at any
    depth, become `SECRET`, and numbers 0. All else stays as it is written. `nested` is applied to
    the value of every other string. Takes time linear in the length of the text.
    """
    out: list[str] = []
    levels = _Levels()
    position = 0
    key: str | None = None
    while match := _TOKEN.search(source, position):
        out.append(source[position : match.start()])
        part, position = match[0], match.end()
        if part[0] == '"' and _COLON_AHEAD.match(source, position):
            key = _decode(match)
            out.append(_rewrite(match, replace_emails))
        elif part == ":":
            out.append(part)
        else:
            if key in private and part not in _AFTER_VALUE:
                position = _skip_value(source, match.start())
                part = empty_like(part)
            elif part in _BRACKETS:
                levels.pass_bracket(part, key)
            elif levels.are_secret(key):
                part = _hide(part)
            elif part[0] == '"':
                part = _rewrite(match, nested)
            else:
                # A number or a word; only in what is no JSON may it be an address.
                part = replace_emails(part)
            out.append(part)
            key = None
    out.append(source[position:])
    return "".join(out)


class _Levels:
    """How deep the scan is, and from which depth on everything stands under a secret's key."""

    def __init__(self) -> None:
        self._depth = 0
        self._secret_from: int | None = None

    def pass_bracket(self, bracket: str, key: str | None) -> None:
        if bracket in _OPENING:
            self._depth += 1
            if self._secret_from is None and self.are_secret(key):
                self._secret_from = self._depth
            return
        if self._secret_from == self._depth:
            self._secret_from = None
        self._depth -= 1

    def are_secret(self, key: str | None) -> bool:
        return self._secret_from is not None or (key is not None and is_secret(key))


def empty_like(start: str) -> str:
    """Return the empty value of the type that a JSON value with this start has."""
    if start[0] in '"{[':
        return {'"': '""', "{": "{}", "[": "[]"}[start[0]]
    if start[0] in _NUMBER_START:
        return "0"
    return "false" if start in {"true", "false"} else "null"


def _skip_value(source: str, position: int) -> int:
    depth = 0
    while match := _TOKEN.search(source, position):
        position = match.end()
        if match[0] in _OPENING:
            depth += 1
        elif match[0] in _CLOSING:
            depth -= 1
        if depth <= 0:
            return position
    return len(source)


def _hide(part: str) -> str:
    if part[0] == '"':
        return part if part == _EMPTY_STRING else f'"{SECRET}"'
    return "0" if part[0] in _NUMBER_START else part


def _rewrite(match: re.Match[str], change: Callable[[str], str]) -> str:
    value = _decode(match)
    changed = change(value if match["closed"] else drop_cut_email(value))
    if changed == value:
        return match[0]
    # Within HTML a script must not be closed by its own text.
    written = json.dumps(changed).replace("</", "<\\/")
    return written if match["closed"] else written[:-1]


def _decode(match: re.Match[str]) -> str:
    body = match[0][1:-1] if match["closed"] else _CUT_ESCAPE.sub(r"\1", match[0][1:])
    try:
        value: str = json.loads(f'"{body}"', strict=False)
    except ValueError:
        # An escape that JSON does not know: the text as it is written is the best reading.
        return body
    return value
