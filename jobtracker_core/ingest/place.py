"""Places of work: parts out of the site's text, and what the text says of remote work."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

from jobtracker_core.contract.posting import Place, Remote
from jobtracker_core.ingest import countries
from jobtracker_core.ingest.text import observed

TEXT_LIMIT: Final = 300
PART_LIMIT: Final = 120
MOST: Final = 50
"""Places of one posting that are kept."""

_WORDS = {
    # "Hybrid remote" is hybrid, so it stands first.
    Remote.HYBRID: r"hybrid\s(?:remote|work(?:place)?)|hybride?|híbrido|ibrido",
    Remote.REMOTE: r"fully\sremote|100\s?%\s?remote|remote|remoto|télétravail|teletrabajo"
    r"|teletrabalho|home\s?-?office|work\sfrom\s(?:home|anywhere)|anywhere|wfh|distans",
    Remote.ONSITE: r"on-?\s?site|in-?\s?office|in-?\s?person|vor\sort|sur\ssite|presencial",
}
_KINDS = tuple((kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS.items())
_ANY = "|".join(_WORDS.values())
_ANY_WORD = re.compile(rf"(?<!\w)(?:{_ANY})(?!\w)", re.IGNORECASE)
_TAIL = r"(?:\s(?:work|job|position|only|first|friendly))?"
# The word stands alone, first with a mark after it, last with a mark before it, or in brackets:
# "Remote Valley, Nebraska" says nothing.
_MARKED = re.compile(
    rf"\A(?P<alone>{_ANY}){_TAIL}\s*\Z"
    rf"|\A(?P<first>{_ANY}){_TAIL}(?:\s*[-–—,:/|·•(]\s*|\s+(?:in|within|from|at|à|en|bei)\s+)"
    rf"|\s*[-–—,/|·•]\s*(?P<last>{_ANY}){_TAIL}\s*\Z"
    rf"|\s*[(\[]\s*(?P<inside>{_ANY}){_TAIL}\s*[)\]]",
    re.IGNORECASE,
)
_LONGEST_CODE: Final = 3
_Parts: TypeAlias = tuple[str | None, str | None, str | None]
_SEPARATORS = re.compile(r"\s*(?:;|\s\|\s|\s[•·]\s)\s*")
_POSTCODE = re.compile(r"\A([A-Z]{2})\s\d{5}(?:-\d{4})?\Z")
_AREA = re.compile(r"\b(?:area|region|metropolitan|metroplex|metro|greater)\b", re.IGNORECASE)
_AU_STATE = re.compile(r"\A(.+?)\s(NSW|VIC|QLD|TAS|ACT)(?:\s\d{4})?\Z")


def read(place: Place) -> tuple[Place, ...]:
    """Return the places that a collector's place holds; empty if it says nothing.

    Parts that the collector gives stay. If it gives only a text, the text is split ("Oakland,
    California, United States"); several places in one text ("Berlin; Munich") become several. A
    two-letter code after a city is a state of the USA, unless it is none or the city is known to be
    in the country of that code. What is not certain stays in `text` alone.
    """
    text = observed(place.text, TEXT_LIMIT)
    city = observed(place.city, PART_LIMIT)
    region = observed(place.region, PART_LIMIT)
    named = observed(place.country, PART_LIMIT)
    latitude, longitude = _coordinates(place.latitude, place.longitude)
    if city and remote(city):
        # A site's place-holder: its coordinates are no place either.
        text, city, latitude, longitude = text or city, None, None, None
    if city or region or named:
        code = countries.country(named) or countries.country(named.upper()) if named else None
        if named is None and text:
            code = _country_named_last(text)
        found = Place(text=text, city=city, region=region, country=code)
    else:
        texts = list(filter(None, _SEPARATORS.split(text))) if text else []
        if len(texts) > 1:
            return tuple(_split(part) for part in texts)
        found = _split(text) if text else Place()
    found = msgspec.structs.replace(found, latitude=latitude, longitude=longitude)
    return () if found == Place() else (found,)


def read_all(places: Iterable[Place]) -> tuple[Place, ...]:
    """Read every place; repeats are left out, the site's order stays."""
    return tuple(dict.fromkeys(found for place in places for found in read(place)))[:MOST]


def remote(text: str) -> Remote | None:
    """Say what a place's text tells of remote work; None unless it is unmistakable."""
    if not _MARKED.search(text):
        return None
    said = {
        next(kind for kind, words in _KINDS if words.fullmatch(word))
        for word in _ANY_WORD.findall(text)
    }
    return said.pop() if len(said) == 1 else None


def remote_of(places: Iterable[Place]) -> Remote | None:
    """Say what all places together tell of remote work; None unless each says the same."""
    said = {remote(place.text) if place.text else None for place in places}
    return said.pop() if len(said) == 1 else None


def _coordinates(
    latitude: float | None, longitude: float | None
) -> tuple[float | None, float | None]:
    if latitude is None or longitude is None:
        return None, None
    valid = (
        math.isfinite(latitude)
        and math.isfinite(longitude)
        and abs(latitude) <= 90  # noqa: PLR2004
        and abs(longitude) <= 180  # noqa: PLR2004
        and (latitude, longitude) != (0, 0)
    )
    return (float(latitude), float(longitude)) if valid else (None, None)


def _unmarked(text: str) -> str:
    return _MARKED.sub("", text).strip(" -–—,/|·•()")


def _country_named_last(text: str) -> str | None:
    # Only names: a code at the end may as well be a state's.
    last = _unmarked(text).rpartition(",")[2].strip()
    code = countries.country(last)
    return code if len(last) > _LONGEST_CODE and not countries.is_state(last) else None


def _split(text: str) -> Place:
    parts = [part for part in map(str.strip, _unmarked(text).split(",")) if part]
    for index in range(max(0, len(parts) - 2), len(parts)):
        if postcode := _POSTCODE.match(parts[index]):
            parts[index] = postcode[1]
    match parts:
        case []:
            city, region, code = None, None, None
        case [part]:
            city, region, code = _read_one(part)
        case [*rest, last]:
            city, region, code = _read_several(rest, last)
    if city and _AREA.search(city):
        city = None
    return Place(
        text=text,
        city=observed(city, PART_LIMIT),
        region=observed(region, PART_LIMIT),
        country=code,
    )


def _read_one(part: str) -> _Parts:
    if code := countries.country(part):
        # "Georgia" is a state too, and "CA" alone may be either.
        return None, None, None if countries.is_state(part) else code
    if australian := _AU_STATE.match(part):
        return australian[1], australian[2], "AU"
    if part in {"New York", "Washington"} or part == part.upper():
        return None, None, None
    code = countries.country_of_region(part)
    return None, part if code else None, code


def _read_several(rest: list[str], last: str) -> _Parts:
    is_state = countries.is_state_code(last)
    if is_state and len(rest) == 1 and not countries.is_city_in(rest[0], last):
        return rest[0], last, "US"
    if code := countries.country(last):
        return _read_within(rest, code)
    code = "US" if is_state else countries.country_of_region(last)
    return (rest[0], last, code) if code else (None, None, None)


def _read_within(rest: list[str], code: str) -> _Parts:
    if len(rest) > 1:
        return rest[-2], rest[-1], code
    part = rest[0]
    is_state = code == "US" and countries.is_state(part)
    if is_state or countries.country_of_region(part) == code:
        return None, part, code
    return part, None, code
