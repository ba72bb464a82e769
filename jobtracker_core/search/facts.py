"""What stands behind the colon of a field."""

from __future__ import annotations

import re
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Final, get_args

from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.ingest import countries, currency, languages
from jobtracker_core.search.lexer import Token
from jobtracker_core.search.nodes import FACT_NAMES, Fact, Name, Operator, SearchError

EXAMPLES: Final[dict[str, str]] = {
    "title": "title:engineer",
    "company": 'company:"acme inc"',
    "place": "place:berlin",
    "skill": "skill:python",
    "source": "source:linkedin",
    "remote": "remote:hybrid",
    "employment": "employment:full_time",
    "seniority": "seniority:senior",
    "country": "country:DE",
    "language": "language:en",
    "pay": "pay:>80k",
    "posted": "posted:<7d",
    "seen": "seen:<24h",
    "status": "status:applied",
    "is": "is:new",
    "tag": "tag:urgent",
}
"""One of each field."""

STATUSES: Final = ("draft", "applied", "interviewing", "offer", "accepted", "rejected", "withdrawn")
"""Of an application, as `storage.applications.Status` has them."""

STATES: Final = ("new", "open", "closed", "applied", "dismissed")
"""Of a job, to its reader."""

_MEANT: Final[dict[str, str]] = {
    "title": "name job role",
    "company": "employer firm by",
    "place": "location city region where in",
    "skill": "tech keyword",
    "source": "site collector from",
    "employment": "type",
    "seniority": "level",
    "language": "lang",
    "pay": "salary wage",
    "posted": "date age",
    "status": "state application",
    "tag": "label",
}
_OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)
_MOST_SHOWN: Final = 40
_MOST_PAY: Final = 1e12
_WORDS: Final[dict[Name, dict[str, str]]] = {
    "remote": {**{word: word for word in Remote}, "yes": "remote", "no": "onsite"},
    "employment": {word: word for word in Employment},
    "seniority": {word: word for word in Seniority},
    "status": {word: word for word in STATUSES},
    "is": {word: word for word in STATES},
}
_COMPARISON = re.compile(r"(<=|>=|<|>|=|)\s*(.*)", re.DOTALL)
_AGE = re.compile(
    r"(\d{1,6})\s*(?:(h)(?:ours?)?|(d)(?:ays?)?|(w)(?:eeks?)?|(m)(?:o|onths?)?|(y)(?:ears?)?)"
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_HOURS: Final = {"h": 1, "d": 24, "w": 168, "m": 720, "y": 8_760}
_OLDEST_H: Final = 100 * 8_760
_AMOUNT = re.compile(
    r"([A-Za-z]{3}|[€£₹])?\s*(?:(\d{1,3}(?:[.,_' ]\d{3})+)|(\d{1,12})(?:[.,](\d{1,2}))?)"
    r"\s*([kKmM]?)\s*([A-Za-z]{3}|[€£₹])?"
)
_SIGNS: Final = {"€": "EUR", "£": "GBP", "₹": "INR"}


def known_name(token: Token) -> str:
    """Return the name of a field; raises SearchError that suggests one for an unknown name."""
    name = token.text.lower()
    if name in EXAMPLES:
        return name
    alike: list[str] = [known for known, words in _MEANT.items() if name in words.split(" ")]
    alike += get_close_matches(name, EXAMPLES, 1)
    meant = alike[0] if alike else None
    hint = f"Did you mean {meant}:? " if meant else f"There are {', '.join(EXAMPLES)}. "
    raise SearchError(
        f"There is no field {token.text}:",
        hint + "To search for the text itself, put it in quotes.",
        token.start,
        token.end,
    )


def read(written: str, start: int, value: Token) -> Fact:
    """Return the fact that a field, which begins at `start`, and its value name.

    Raises SearchError at the value.
    """
    name = next(name for name in FACT_NAMES if name == written)
    text = value.text
    if value.is_prefix:
        raise _error(value, f"{name}: takes no *", f"Write it out, like {EXAMPLES[name]}.")
    if name == "pay":
        return _pay(start, value)
    if name in {"posted", "seen"}:
        return _time(name, start, value)
    if name == "country":
        text = _country(value)
    elif name == "language":
        text = _language(value)
    elif name == "source":
        text = text.casefold()
    elif name != "tag":
        text = _word(name, value)
    return Fact(name=name, value=text, start=start, end=value.end)


def _error(value: Token, message: str, hint: str) -> SearchError:
    return SearchError(message, hint, value.start, value.end)


def _word(name: Name, value: Token) -> str:
    words = _WORDS[name]
    spelled = re.sub(r"[\s-]+", "_", value.text.casefold())
    if spelled in words:
        return words[spelled]
    alike = get_close_matches(spelled, words, 1)
    hint = f"Did you mean {name}:{alike[0]}? " if alike else ""
    known = ", ".join(dict.fromkeys(words.values()))
    raise _error(value, f"{name}: knows no {_cut(value.text)}", f"{hint}There are {known}.")


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"


def _country(value: Token) -> str:
    found = countries.country(value.text.upper()) or countries.country(value.text)
    if found is None:
        raise _error(
            value,
            f"country: knows no {_cut(value.text)}",
            "Write its two letters or its name, such as DE, US or India.",
        )
    return found


def _language(value: Token) -> str:
    found = languages.tag(value.text)
    if found is None:
        raise _error(
            value,
            f"language: knows no {_cut(value.text)}",
            "Write its two letters or its name, such as en, de or french.",
        )
    return found[:2]


def _compared(value: Token) -> tuple[str, str]:
    match = _COMPARISON.fullmatch(value.text)
    # The pattern takes any text.
    return (match[1], match[2].strip()) if match else ("", value.text)


def _time(name: Name, start: int, value: Token) -> Fact:
    operator, text = _compared(value)
    age = _AGE.fullmatch(text.lower())
    if age is not None:
        unit = next(letter for letter in age.groups()[1:] if letter)
        hours = int(age[1]) * _HOURS[unit]
        if hours > _OLDEST_H:
            raise _error(value, f"{text} is too long ago", "The longest is 100y.")
        # Nobody asks for an age to the second: alone it means within it.
        comparison = operator if operator not in {"", "="} else "<"
        return _fact(name, comparison, timedelta(hours=hours), start, value)
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        raise _error(
            value, f"There is no day {text}", "Write year-month-day, such as 2026-11-01."
        ) from None
    if day is None:
        raise _error(
            value,
            f"{name}: knows no {_cut(text)}" if text else f"{name}: needs an age or a day",
            f"Write an age, such as {name}:<7d (h, d, w, m or y), or a day, such as "
            f"{name}:>2026-11-01.",
        )
    return _fact(name, operator, day, start, value)


def _fact(
    name: Name,
    operator: str,
    value: timedelta | date | float,
    start: int,
    token: Token,
    currency: str | None = None,
) -> Fact:
    known: Operator = next(known for known in _OPERATORS if known == (operator or "="))
    return Fact(
        name=name, operator=known, value=value, currency=currency, start=start, end=token.end
    )


def _pay(start: int, value: Token) -> Fact:
    operator, text = _compared(value)
    match = _AMOUNT.fullmatch(text)
    if match is None or (match[1] and match[6]):
        raise _error(
            value,
            f"pay: knows no {_cut(text)}" if text else "pay: needs an amount",
            "Write one amount per year, such as pay:>80k, pay:<=1.2M or pay:>80kEUR.",
        )
    whole = re.sub(r"\D", "", match[2]) if match[2] else match[3]
    size = {"k": 1_000, "m": 1_000_000}.get(match[5].lower(), 1)
    amount = round(float(f"{whole}.{match[4] or 0}") * size, 2)
    if amount > _MOST_PAY:
        raise _error(value, f"Nobody is paid {_cut(text)}", "Write a smaller amount.")
    return _fact("pay", operator or ">=", amount, start, value, _currency(match, value))


def _currency(match: re.Match[str], value: Token) -> str | None:
    written = match[1] or match[6]
    if not written:
        return None
    code: str = _SIGNS.get(written, written.upper())
    if code not in currency.CODES:
        raise _error(
            value,
            f"There is no currency {written}",
            "Write its three letters, such as EUR, USD or INR.",
        )
    return code
