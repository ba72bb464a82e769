"""How pay is written: numbers, currencies, intervals and the words around them."""

from __future__ import annotations

import re
from typing import Final

from jobtracker_core.contract.posting import PayInterval
from jobtracker_core.ingest.currency import CODES

YEAR_FACTORS: Final = {
    PayInterval.HOUR: 2080.0,
    PayInterval.DAY: 260.0,
    PayInterval.WEEK: 52.0,
    PayInterval.TWO_WEEKS: 26.0,
    PayInterval.MONTH: 12.0,
    PayInterval.YEAR: 1.0,
}
"""How many of each a year of full-time work has."""

MULTIPLIERS: Final = {
    "k": 1e3,
    "tsd": 1e3,
    "tsd.": 1e3,
    "thousand": 1e3,
    "mil": 1e3,
    "lakh": 1e5,
    "lakhs": 1e5,
    "lac": 1e5,
    "lacs": 1e5,
    "lpa": 1e5,
    "crore": 1e7,
    "crores": 1e7,
    "cr": 1e7,
    "cpa": 1e7,
    "m": 1e6,
    "mio": 1e6,
    "mio.": 1e6,
    "million": 1e6,
    "万": 1e4,
    "萬": 1e4,
}

# The same space, full stop, comma or apostrophe between all groups; India groups by two.
NUMBER: Final = (
    r"\d{1,3}(?P<mark>[ .,'’\u00a0\u202f])(?:\d{2,3}(?P=mark))*\d{3}(?!\d)(?:[.,]\d{1,2}(?!\d))?"
    r"|\d+(?:[.,]\d{1,2}(?!\d))?"
)
_MULTIPLIER = (
    r"(?:k|tsd\.?|thousand|lakhs?|lacs?|lpa|crores?|cr|cpa|mio\.?|million)(?![^\W\d_])"
    r"|(?-i:M)(?![^\W_])|[万萬]"
)
_SIGNS = r"u\$s|(?:us|cad?|c|au|a|nz|sg|s|hk|r|nt|mex|mx)?\$|(?:cn|jp)?¥|[€£₹₽₴₺₩₪₫₦₱฿₸₾₡₲₵৳円元﷼]"
# Codes count in capitals only: "all", "top" and "try" are words.
_CODES = f"(?-i:{'|'.join(sorted(CODES))})"
_NAMES = (
    r"euros?|eur|dollars|pounds|rupees|zł|kč|(?-i:Ft|RM|TL|Rp)|lei|лв|rs\.?|руб|грн|sfr\.?|kr\.?"
    r"|(?-i:Fr\.)"
)
_BEFORE = rf"(?:{_SIGNS}|(?<![^\W\d_])(?:{_CODES}|{_NAMES}|s/|(?-i:R)(?=\s?\d{{1,3}}[ ,]\d{{3}})))"
_AFTER = rf"(?:{_SIGNS}|(?:{_CODES}|{_NAMES})(?![^\W\d_]))(?!\s?\d)"

AMOUNT: Final = re.compile(
    rf"(?:(?P<before>{_BEFORE})\s?|(?<![\d.,'’+#A-Za-zÀ-ɏ]))(?P<number>{NUMBER})"
    rf"(?:\s?(?P<multiplier>{_MULTIPLIER}))?(?:\s?(?P<after>{_AFTER}))?(?P<more>\+)?",
    re.IGNORECASE,
)
"""One amount with what is written directly at it."""

NO_AMOUNT: Final = re.compile(
    r"\b40[13]\s?\(?[kb]\b\)?|\b24\s?/\s?7\b|\b\d{4}-\d{2}-\d{2}\b"
    r"|\b\d{1,2}[./]\d{1,2}[./](?:19|20)\d{2}\b"
    r"|(?:\+|(?<![\d.,])00)\d[\d ()./-]{6,}\d|\(\d{3}\)\s?\d{3}[ .-]\d{4}\b"
    r"|\b\d{3}(?P<dash>[.-])\d{3}(?P=dash)\d{4}\b"
    r"|\d+(?:[.,]\d+)?\s?(?:(?:-|–|to)\s?\d+(?:[.,]\d+)?\s?)?%"
    r"|\b\d+\s?\+?\s?(?:(?:-|–|to|bis)\s?\d+\s?\+?\s?)?(?:years?|yrs|jahre|ans|años|months|monate"
    r"|weeks|days|tage|hours|hrs|stunden|heures|h/w(?:ee)?k?|hour(?=\s(?:week|shift|day)))\b",
    re.IGNORECASE,
)
"""What looks like an amount and is none: 401(k), 24/7, dates, phone numbers, shares, durations."""

BETWEEN: Final = re.compile(
    r"\s*(?:[-–—~]|to|bis|à|a|y|and|und|til|till|until|até|tot|do|i|et|〜|～)\s*", re.IGNORECASE
)
"""What stands between the two amounts of a range."""

ONLY_MIN: Final = re.compile(
    r"(?:>|(?<![^\W\d_])(?:from|starting\s(?:at|from)|at\sleast|min(?:imum|\.)?|over|ab|mindestens"
    r"|à\spartir\sde|dès|desde|a\spartir\sde|från|fra|od|vanaf))\s*:?\s*\Z",
    re.IGNORECASE,
)
"""What stands before an amount that is the least."""

ONLY_MAX: Final = re.compile(
    r"(?:<|(?<![^\W\d_])(?:up\sto|under|max(?:imum|\.)?|bis(?:\szu)?|maximal|jusqu['’]à|hasta|até"
    r"|upp\still|op\still|do|tot))\s*:?\s*\Z",
    re.IGNORECASE,
)
"""What stands before an amount that is the most."""

_NOT_PAY = (
    r"bonus(?:es)?|sign[- ]?on|signing|stipend|allowance|revenue|funding|raised|series\s[a-f]"
    r"|valuation|budget|turnover|umsatz|billion|reimbursement|referral|arr|users|customers|assets"
)
NOT_PAY_AFTER: Final = re.compile(
    rf"[\s-]*(?:(?!plus\b|and\b|und\b|a\b|per\b)[^\W\d]+[\s-]+){{0,2}}(?:{_NOT_PAY})\b",
    re.IGNORECASE,
)
"""What makes the amount before it money that nobody is paid for work."""

NOT_PAY_BEFORE: Final = re.compile(
    rf"\b(?:{_NOT_PAY})\W*(?:(?:of|up|to|is|in|worth|over)\W+){{0,3}}\Z", re.IGNORECASE
)
"""The same, before the amount."""

PAY_WORD: Final = re.compile(
    r"salary|\bpay\b|compensation|wage|\brate\b|gehalt|lohn|vergütung|salaire|rémunération|salario"
    r"|\blön\b|stipendio|年収|月給|時給",
    re.IGNORECASE,
)
"""What says that an amount near it is pay."""

_PER = r"\b(?:(?:per|an?|each|every|pro|je|par|por|al|i|in\sder|im)\s|à\sl['’]|de\sl['’])"


def _pattern(*, short: str, words: str, more: str) -> re.Pattern[str]:
    return re.compile(rf"(?:/\s?(?:{short}|{words})|{_PER}(?:{words}))\b|{more}", re.IGNORECASE)


# Of those that match at one place the first counts, so "bi-weekly" stands before "weekly".
INTERVALS: Final = (
    (
        PayInterval.TWO_WEEKS,
        _pattern(
            short="2w|2wks?",
            words="(?:two|2|other)[ -]?weeks?|fortnight",
            more=r"\bbi-?\s?weekly\b|\bfortnightly\b|\b14-täglich\b",
        ),
    ),
    (
        PayInterval.HOUR,
        _pattern(
            short="h|hrs?|std|tim|u",
            words="hours?|hr|stunde|std|heure|hora|ora|timme|time|uur|godz|hodinu|час",
            more=r"\bhourly\b|\bstündlich\b|\bstundenlohn\b|\bp\.\s?h\.|時給|\bв час\b|\bph\b",
        ),
    ),
    (
        PayInterval.DAY,
        _pattern(
            short="d",
            words="day|tag|jour|día|dia|giorno|dag|dzień",
            more=r"\bdaily\b|\btagessatz\b|\bday\srate\b|\bper\sdiem\b|\bp\.\s?d\.|日給",
        ),
    ),
    (
        PayInterval.WEEK,
        _pattern(
            short="w|wk",
            words="week|wk|woche|semaine|semana|settimana|vecka|uke",
            more=r"\bweekly\b|\bwöchentlich\b|\bp\.\s?w\.|\bpw\b",
        ),
    ),
    (
        PayInterval.MONTH,
        _pattern(
            short="m|mo|mon|mth|mc|mies",
            words="month|mo|monat|mois|mes|mês|mese|mån|månad|månaden|mnd|måned|md|maand|měsíc",
            more=r"\bmonthly\b|\bmtl\b|\bmonatlich\b|\bmonatsgehalt\b|\bmensuels?\b|\bmensual(?:es)?\b"
            r"|\bpcm\b|\bmånadslön\b|月給|月薪|\bв месяц\b",
        ),
    ),
    (
        PayInterval.YEAR,
        _pattern(
            short="y|a",
            words="year|yr|annum|jahr|anno|ann|año|ano|an|år|rok|jaar",
            more=r"\bannual(?:ly|ised|ized)?\b|\byearly\b|\bp\.\s?a\b|\bpa\b|\bjährlich\b|\brocznie\b"
            r"|\bjahresgehalt\b|\bannuels?\b|\banual(?:es)?\b|年収|年薪|\bв год\b",
        ),
    ),
)
"""Patterns of intervals; where several match at one place, the first counts."""

KRONA: Final = (
    ("SEK", re.compile(r"\bmån(?:ad|\b)|timme|/tim\b", re.IGNORECASE)),
    ("NOK", re.compile(r"\bmnd\b|/time\b", re.IGNORECASE)),
)
"""Words that say which country's crowns "kr" are."""
