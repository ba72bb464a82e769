"""Words without their endings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Final

import Stemmer

from jobtracker_core.search.folding import NAMES, fold

ENGLISH: Final = "english"
ALGORITHMS: Final = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": ENGLISH,
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""The languages (ISO 639-1) whose endings are cut off, and Snowball's name for how."""

OTHER: Final = "\ua78f"
"""The last letter of a stem that is not of English rules.

A query is cut by the rules of all languages. Without it, "event" as Estonian would find the English
"even", and "worker" as German "work".
"""

ALL_ALGORITHMS: Final = tuple(dict.fromkeys([ENGLISH, *ALGORITHMS.values()]))

# They know nothing of Latin letters; what such a text has of them is mostly English.
_NOT_LATIN: Final = frozenset(
    ["arabic", "armenian", "greek", "hindi", "nepali", "persian", "russian", "tamil"]
)
_NEVER_CUT: Final = frozenset(NAMES.values())
# Endings that Snowball knows with their accents only.
_ACCENTED: Final = {
    "catalan": (("cio", "ció"),),
    "polish": (("ow", "ów"),),
    "portuguese": (("cao", "ção"), ("coes", "ções")),
}
# English rules make one of these and of a word that means something else to those who look for
# work: "intern" would find all that is international, "Excel" who is excellent.
_APART: Final = {
    form: word
    for word, forms in {
        "accountant": "accountants accounting accountancy",
        "animal": "animals",
        "authority": "authorities",
        "authorize": "authorizes authorized authorizing authorization authorizations authorise "
        "authorises authorised authorising authorisation authorisations",
        "busy": "",
        "customer": "customers",
        "engine": "engines",
        "excellent": "excellence excellently",
        "executive": "executives",
        "experiment": "experiments experimental experimentation",
        "fitness": "",
        "hospitality": "",
        "important": "importance importantly",
        "internal": "internally",
        "international": "internationally internationals",
        "marketing": "",
        "objective": "objectives",
        "officer": "officers",
        "operator": "operators",
        "personal": "personally",
        "physics": "",
        "positive": "positively",
        "production": "productions",
        "universal": "universally",
        "university": "universities",
    }.items()
    for form in [word, *forms.split()]
}
# What a word that is being typed may go on with, where the endings are cut off that it makes.
_ENDINGS: Final = {
    "english": "ment ness ation ations ing ings ers ors able ible ist ity ive ly al ance ence ant",
    "french": "ement ment eur euse rice ation tion ite ive if able iste ance",
    "german": "ung ungen erin innen er en keit heit lich isch ig",
    "spanish": "ador adora acion ciones mente idad ista able ivo iva",
    "italian": "atore atrice azione azioni mente ita ista abile ivo iva",
    "dutch": "ing ingen heid lijk baar er en ster",
    "portuguese": "ador adora acao coes mente dade ista avel ivo iva",
}
_LONG_ENOUGH: Final = 4
_SHORTEST: Final = 3

_lock = Lock()


def algorithm(language: str | None) -> str:
    """Return how words of a language lose their endings: as English ones, where it is unknown."""
    return ALGORITHMS.get(language[:2].lower(), ENGLISH) if language else ENGLISH


def stem(folded: str, algorithm: str) -> str:
    """Return a folded word without its ending, folded too, with OTHER behind it if not English.

    Names, numbers and what has less than three letters stay as they are, in all languages alike.
    """
    if len(folded) < _SHORTEST or folded in _NEVER_CUT:
        return folded
    # Vowels of Indian scripts are no letters, though no digits either.
    if not folded.isalpha() and any(map(str.isdigit, folded)):
        return folded
    if algorithm in _NOT_LATIN and folded.isascii():
        algorithm = ENGLISH
    word = folded
    if algorithm in _ACCENTED:
        for plain, accented in _ACCENTED[algorithm]:
            if folded.endswith(plain):
                word = folded.removesuffix(plain) + accented
    # A stemmer serves one thread at a time.
    with _lock:
        cut: str = _stemmer(algorithm).stemWord(word)
    if not cut.isascii():
        cut = fold(cut)
    if algorithm == ENGLISH:
        return _APART.get(folded, cut)
    return (cut if len(cut) >= _SHORTEST else folded) + OTHER


def stems_ahead(folded: str, algorithm: str) -> Iterator[str]:
    """Yield the stems that a word may have when it is typed to its end, but those that it begins.

    "enginee" may become "engineering", whose stem is "engin".
    """
    for rest in _rests(algorithm) if len(folded) >= _LONG_ENOUGH else ("",):
        ahead = stem(folded + rest, algorithm)
        if not ahead.startswith(folded) and (len(ahead) <= len(folded) or not rest):
            yield ahead


@cache
def _rests(algorithm: str) -> tuple[str, ...]:
    endings = _ENDINGS.get(algorithm, "").split()
    return tuple(dict.fromkeys(["", *(e[at:] for e in endings for at in range(len(e)))]))


@cache
def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(algorithm, 0)
