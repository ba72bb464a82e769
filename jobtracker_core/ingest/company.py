"""Companies under one key, however a site spells them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

LIMIT: Final = 200
"""Characters of a key."""

_FORMS = (
    "ab, a b, ag, a g, aktiengesellschaft, a s, aps, as, asa, bhd, bv, b v, bvba, cic, co, "
    "company, corp, corporation, cv, dac, doo, d o o, ead, eg, eirl, eood, ev, e v, ehf, fze, "
    "gbr, ggmbh, gesmbh, gmbh, g m b h, hf, inc, incorporated, kb, kft, kg, kgaa, kk, k k, lda, "
    "llc, l l c, llp, l l p, lp, ltd, ltda, limited, mbb, mbh, nv, n v, oao, ohg, ood, oy, oyj, "
    "plc, p l c, private, pte, pty, pvt, rf, sa, s a, sae, sarl, s a r l, sas, s a s, sasu, scs, "
    "scrl, sdn, se, s e, sl, s l, slu, snc, sp j, spol, sp z oo, sp z o o, sp zoo, spzoo, sro, "
    "s r o, sprl, srl, s r l, s p a, tbk, ug, ug haftungsbeschränkt, ug haftungsbeschrankt, ulc, "
    "vof, zrt"
)
_SUFFIXES = frozenset(_FORMS.split(", "))
# East Asian and Cyrillic forms are written onto the name, before or after it.
_ATTACHED = re.compile(
    r"株式会社|有限会社|合同会社|股份有限公司|有限责任公司|有限公司|주식회사|㈜|\(株\)|（株）"
)
_CYRILLIC_FORMS = frozenset(["ао", "зао", "оао", "ооо", "пао", "тоо", "тов"])
# A spa is a spa, an S.p.A. is not.
_ITALIAN = re.compile(r"\bS\.\s?p\.\s?A\b\.?|\bSpA\b|\bs\.p\.a\.")
_ABBREVIATION = re.compile(r"\b(?:\w\.)+(?:\w\b)?")
_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "&": " and ",
    }
)


@lru_cache(maxsize=1 << 12)
def key(name: str) -> str | None:
    """Return what is equal for all spellings of one company; None for a name without letters.

    Case, accents on Latin letters, punctuation, legal forms ("GmbH & Co. KG", "Pty Ltd") and a
    leading "The" do not count. A name that consists of legal forms alone keeps the first one. The
    key of a key is the key.
    """
    folded = _fold(name)
    while folded and (again := _fold(folded)) != folded:
        folded = again
    return folded or None


def _fold(name: str) -> str:
    plain = _ITALIAN.sub(" ", unicodedata.normalize("NFKC", name)) if _has_more(name) else name
    # Compatibility forms first: "㈱" and full-width letters become what they stand for.
    plain = unicodedata.normalize("NFKC", plain).casefold()
    without = _ATTACHED.sub(" ", plain)
    plain = without if any(map(str.isalnum, without)) else plain
    plain = _drop_accents(plain).translate(_LETTERS)
    plain = _ABBREVIATION.sub(lambda match: match[0].replace(".", ""), plain)
    return " ".join(_core(_words(_APOSTROPHES.sub("", plain))))[:LIMIT].strip()


def _has_more(name: str) -> bool:
    return any(map(str.isalnum, _ITALIAN.sub("", name)))


def _words(plain: str) -> list[str]:
    # Marks belong to their letters: vowel signs of Indian scripts, tone marks.
    spaced = (c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in plain)
    return [word for word in "".join(spaced).split() if any(map(str.isalnum, word))]


def _drop_accents(text: str) -> str:
    # Only from Latin letters: in other scripts a mark makes another letter.
    kept: list[str] = []
    latin = False
    for character in unicodedata.normalize("NFD", text):
        if unicodedata.combining(character):
            if latin:
                continue
        else:
            latin = character.isascii() or unicodedata.name(character, "").startswith("LATIN")
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def _core(words: list[str]) -> list[str]:
    while len(words) > 1 and words[0] in _CYRILLIC_FORMS:
        words = words[1:]
    while shorter := _without_suffix(words):
        words = shorter
    while len(words) > 1 and words[0] == "the":
        words = words[1:]
    return words


def _without_suffix(words: list[str]) -> list[str] | None:
    for size in (4, 3, 2, 1):
        rest = words[:-size]
        if " ".join(words[-size:]) not in _SUFFIXES:
            continue
        while rest and rest[-1] in {"and", "und", "et"}:
            rest = rest[:-1]
        if rest and rest != ["the"]:
            return rest
    return None
