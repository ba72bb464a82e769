"""Words as they are compared: without case and accents, letters and digits alone."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_WORD: Final = 64
"""Longer words are cut here, typed and stored ones alike."""


def _marks() -> str:
    """Return what stands on letters, of the scripts that have it, as a class of a pattern."""
    blocks = (
        range(0x300, 0x1E00),
        range(0x20D0, 0x3100),
        range(0xA600, 0xAC00),
        range(0xFB1E, 0xFE30),
    )
    found = [
        chr(code) for block in blocks for code in block if unicodedata.category(chr(code))[0] == "M"
    ]
    return re.escape("".join(found))


_MARKS: Final = _marks()
# Written without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Han.
_SPACELESS: Final = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf"
    "\u1000-\u102a\u103f\u1050-\u1055\u1780-\u17b3\u3005-\u3007\u3031-\u3035\u3041-\u3096"
    "\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9d\U00020000-\U000323af"
)
WORD: Final = re.compile(
    rf"[cC]\+\+|[cCfF]\#(?!\w)|\.[nN][eE][tT](?!\w)"
    rf"|(?!\W)[{_SPACELESS}][{_MARKS}\uff9e\uff9f]*"
    rf"|[^\W_{_SPACELESS}](?:[{_MARKS}]|[^\W_{_SPACELESS}])*(?:['’][sS](?!\w))?"
)
"""One word of a text, or one character of a script that puts no spaces between words."""

NAMES: Final = {
    "c++": "cplusplus",
    "c#": "csharp",
    "f#": "fsharp",
    ".net": "dotnet",
}
"""Names that would lose what sets them apart."""

# On letters of these scripts they are left away by many who write: Latin, Greek, Cyrillic, Hebrew,
# Arabic. Elsewhere marks are vowels, or make another sound.
_OPTIONAL = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f]"
)
_LETTERS = str.maketrans("øłđðıħŧ", "olddiht") | str.maketrans({"þ": "th", "æ": "ae", "œ": "oe"})
# A letter of its own, on which Russian endings depend.
_SHORT_I = "\ue000"


def fold(word: str) -> str:
    """Return a word, as WORD finds it, in lower case without accents: "Müller" is "muller".

    Umlauts lose their dots ("ue" written out stays "ue"); every i is the same, dotted or not.
    """
    if word.isascii():
        lower = word.lower()
        return NAMES.get(lower) or lower.replace("'", "")[:LONGEST_WORD]
    folded = unicodedata.normalize("NFC", word).casefold().replace("й", _SHORT_I)
    folded = _OPTIONAL.sub("", unicodedata.normalize("NFKD", folded).casefold())
    folded = folded.translate(_LETTERS)
    if folded.isascii() and folded.isalnum():
        return folded[:LONGEST_WORD]
    folded = folded.replace(_SHORT_I, "й")
    plain = "".join(map(_plain, unicodedata.normalize("NFC", folded)))[:LONGEST_WORD]
    # Some letters are made of marks alone, and of nothing else is a word to be left.
    return plain if WORD.fullmatch(plain) else word.casefold()[:LONGEST_WORD]


def _plain(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    is_part = character.isalnum() or unicodedata.category(character)[0] == "M"
    return character if is_part else ""
