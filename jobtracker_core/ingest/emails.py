"""E-mail addresses of people, found in the many ways in which pages hide them from robots."""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from typing import Final
from urllib.parse import unquote

REMOVED: Final = "[e-mail removed]"
"""What stands in prose where an e-mail address was."""

LINE_BREAK: Final = "\ue002"
"""Stands for a tag that ends a line or a cell; an address may go on behind it at its "@"."""

_UNSEEN: Final = "\xad"
_BLOCKS = (
    *(range(0x24B6, 0x24EA), range(0xFE50, 0xFE70), range(0xFF01, 0xFF66)),  # circled, small, wide
    range(0x1D400, 0x1D800),  # letters of formulas
)
_INVISIBLE = (
    *(range(0x200B, 0x2010), range(0x202A, 0x202F), range(0x2060, 0x2070), range(0xFE00, 0xFE10)),
    *(
        (
            0xAD,
            0x34F,
            0x61C,
            0x115F,
            0x1160,
            0x17B4,
            0x17B5,
            0x180B,
            0x180C,
            0x180D,
            0x180E,
            0xFEFF,
        ),
    ),
    range(0xE0000, 0xE0080),
)


def _tell_faces() -> dict[int, str]:
    # One character for one character: places in the folded text are places in the text.
    faces = {0x2024: "."} | {code: _UNSEEN for codes in _INVISIBLE for code in codes}
    for codes in _BLOCKS:
        for code in codes:
            plain = unicodedata.normalize("NFKC", chr(code))
            if len(plain) == 1 and plain != chr(code):
                faces[code] = plain
    return faces


_FACES = _tell_faces()
# Encoded characters of addresses, however often the "&" or the "%" was encoded itself.
_ESCAPE = re.compile(
    r"&(?:amp;){0,9}(?:#0{0,9}(\d{2,3})|#[xX]0{0,9}([0-9a-fA-F]{2})|(commat|period|quot));"
    r"|%(?:25){0,9}([2-7][0-9a-fA-F])|\\{1,16}(?:u00|x)([2-7][0-9a-fA-F])"
)
_NAMED = {"commat": "@", "period": ".", "quot": '"'}
_MEANT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._+-")

# Searched from the "@" to both sides, since long words without one are common in pages (pictures
# within their text) and must cost nothing. An ideographic full stop ends sentences, too.
_DOMAIN = re.compile(
    r"@(?:[\s\ue002]{0,40}\ue002\s{0,20})?"
    r"(?:[\w\xad-]{1,63}(?:\ue002{0,4}\.|\u3002(?=[a-zA-Z0-9]))){1,8}"
    r"(?:xn--[\w\xad-]{1,59}|(?:\xad{0,8}[^\W\d_]){2,63})"
)
_BREAK_REVERSED = re.compile(r"\s{0,20}\ue002[\s\ue002]{0,40}")
_LOCAL_REVERSED = re.compile(r"[^\s@<>()\[\]\",:;\\/?=&|{}^`\ue002]+")
_QUOTED_REVERSED = re.compile(r'"\\{0,16}\w(?:[\w .+\'-]{0,62}\w)?"\\{0,16}')
_LONGEST_LOCAL = 64
# "logo@2x.png" is a picture for fine screens.
_FILE_ENDINGS = frozenset(
    ["css", "gif", "htm", "html", "ico", "jpeg", "jpg", "js", "pdf", "png", "svg", "webp"]
)

# "(at)" is meant as a sign; "at" and " @ " are also words of sentences, so that what follows must
# be a domain beyond doubt: not "look at the dot in it", not "Engineer @ Booking.com".
_SPELT_AT = re.compile(
    r"(?<=[\w.+'%-])(?:\s?(?P<sign>[\[({]\s?(?:at|ät|@)\s?[\])}])\s?|"
    r"\s{1,3}(?P<word>at)\s{1,3}(?!(?:an?|the|this|that|our|your|any|every|some)\s)|(?P<spaced>\s{0,3}@\s{0,3}))(?=\w)",
    re.IGNORECASE,
)
_DOT_SIGN = r"\s?[\[({]\s?(?:dot|punkt|\.)\s?[\])}]\s?|\s{1,3}(?:dot|punkt)\s{1,3}"
_SPELT_DOT = re.compile(_DOT_SIGN, re.IGNORECASE)
_SPELT_DOMAIN = re.compile(
    rf"[\w-]{{1,63}}(?:(?:\.(?=\w)|{_DOT_SIGN})[\w-]{{1,63}}){{1,8}}", re.IGNORECASE
)
_TLDS = (
    "com|org|net|edu|gov|info|biz|io|co|ai|dev|example|eu|de|ch|li|fr|nl|lu|uk|ie|es|pt|pl|cz|sk|"
    "hu|ro|bg|gr|hr|si|se|dk|fi|ee|lv|lt|ua|ru|tr|il|ca|mx|br|ar|cl|au|nz|jp|cn|kr|sg|hk|tw|za"
)
# With a real dot before them these are no words of a sentence.
_MORE_TLDS = "at|be|in|it|me|no|us|app|cloud|tech|jobs|xyz|online|tv"
_SURE_DOMAIN = re.compile(
    rf"(?:[\w-]{{1,63}}(?:\.(?=\w)|{_DOT_SIGN})){{1,8}}"
    rf"(?:(?:{_TLDS})|(?<=\.)(?:{_MORE_TLDS}))(?![\w-])",
    re.IGNORECASE,
)
_SPELT_LOCAL_REVERSED = re.compile(r"[\w.+'%-]{1,64}")
_PLAIN_WORD = re.compile(r"[^\W\d_]+")
_ROLES = frozenset(
    [
        *("analyst", "architect", "consultant", "designer", "developer", "director", "engineer"),
        *("hiring", "intern", "internship", "internships", "lead", "life", "manager", "position"),
        *("programmer", "recruiter", "researcher", "role", "scientist", "specialist", "us"),
        *("we", "work", "worker", "working"),
    ]
)


# One of these is in every address of plain characters, however it is disguised.
_NEEDED = re.compile(r"[@%&\\(\[{]|\sat\s", re.IGNORECASE)


def replace_emails(value: str, replacement: str = REMOVED) -> str:
    """Replace e-mail addresses, those spelt "name (at) firm (dot) com" too."""
    if not may_hide_email(value):
        return value  # most keys and short values: it spares them two searches
    value = _replace(value, find_emails(value), replacement)
    return _replace(value, _find_spelt(value), replacement)


def may_hide_email(value: str) -> bool:
    """Say whether anything in a text or a part of a link can be an address; false is certain."""
    return not value.isascii() or _NEEDED.search(value) is not None


def has_email(value: str) -> bool:
    """Say whether `replace_emails` would find something."""
    if not may_hide_email(value):
        return False
    return bool(find_emails(value) or _find_spelt(value))


def hides_email(link: str) -> bool:
    """Say whether a part of a link holds an address, behind any mix of encodings."""
    if not may_hide_email(link):
        return False
    for _ in range(8):
        if has_email(link):
            return True
        if (decoded := html.unescape(unquote(link))) == link:
            return False
        link = decoded
    return "@" in link


def find_emails(value: str) -> list[tuple[int, int]]:
    """Return where in the text e-mail addresses stand, as (start, end), in order.

    Found are also those with encoded characters, wide or invisible ones, and those that go on
    behind a `LINE_BREAK`. Takes time linear in the length of the text.
    """
    folded = _Folded(value)
    found: list[tuple[int, int]] = []
    after = 0
    for match in _DOMAIN.finditer(folded.text):
        start = _local_start(folded.text, after, match.start())
        ending = match[0].rpartition(".")[2].lower()
        if start < match.start() and ending not in _FILE_ENDINGS:
            found.append(folded.place(start, match.end()))
            after = match.end()
    return found


class _Folded:
    """A text in the plainest characters, which remembers where they stood."""

    def __init__(self, value: str) -> None:
        text = value if value.isascii() else value.translate(_FACES)
        self._folded, self._given = [0], [0]
        pieces: list[str] = []
        position = length = 0
        for match in _ESCAPE.finditer(text):
            character = _decode(match)
            if character is None:
                continue
            pieces += (text[position : match.start()], character)
            length += match.start() - position + 1
            position = match.end()
            self._folded.append(length)
            self._given.append(position)
        self.text = "".join([*pieces, text[position:]]) if pieces else text

    def place(self, start: int, end: int) -> tuple[int, int]:
        return self._place(start), self._place(end)

    def _place(self, position: int) -> int:
        nearest = bisect_right(self._folded, position) - 1
        return self._given[nearest] + position - self._folded[nearest]


def _decode(match: re.Match[str]) -> str | None:
    decimal, hexadecimal, name, percent, escaped = match.groups()
    if name:
        return _NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal or percent or escaped, 16)
    character = chr(code)
    return character if character in _MEANT else None


def _local_start(text: str, after: int, sign: int) -> int:
    window = text[max(after, sign - 2 * _LONGEST_LOCAL) : sign][::-1]
    gap = _BREAK_REVERSED.match(window)
    skipped = gap.end() if gap else 0
    if quoted := _QUOTED_REVERSED.match(window, skipped):
        return sign - quoted.end()
    local = _LOCAL_REVERSED.match(window, skipped, skipped + _LONGEST_LOCAL)
    # A quote before the address is not its own.
    length = len(local[0][::-1].lstrip("'")) if local else 0
    return sign - skipped - length if length else sign


def _find_spelt(value: str) -> list[tuple[int, int]]:
    folded = _Folded(value)
    found: list[tuple[int, int]] = []
    after = 0
    for sign in _SPELT_AT.finditer(folded.text):
        before = folded.text[max(after, sign.start() - _LONGEST_LOCAL) : sign.start()]
        local = _SPELT_LOCAL_REVERSED.match(before[::-1])
        pattern = _SPELT_DOMAIN if sign["sign"] else _SURE_DOMAIN
        domain = pattern.match(folded.text, sign.end())
        if local and domain and _is_meant(sign, local[0][::-1], domain[0]):
            found.append(folded.place(sign.start() - local.end(), domain.end()))
            after = domain.end()
    return found


def _is_meant(sign: re.Match[str], local: str, domain: str) -> bool:
    if sign["sign"] or _SPELT_DOT.search(domain):
        return True
    if sign["word"] or domain.rpartition(".")[2].lower() in _FILE_ENDINGS:
        return False
    # A plain word before a name with capitals is a sentence about a firm, not an address.
    if _PLAIN_WORD.fullmatch(local):
        return local.islower() and domain.islower() and local not in _ROLES
    return True


def _replace(value: str, spans: list[tuple[int, int]], replacement: str) -> str:
    if not spans:
        return value
    kept: list[str] = []
    after = 0
    for start, end in spans:
        kept += (value[after:start], replacement)
        after = end
    return "".join([*kept, value[after:]])
