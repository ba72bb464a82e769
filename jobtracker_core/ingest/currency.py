"""Currencies by code, symbol and country."""

from __future__ import annotations

from typing import Final

_ALPHABETIC = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN "
    "BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL "
    "GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF "
    "KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD "
    "SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)
CODES: Final = frozenset(_ALPHABETIC.split(" "))
"""ISO 4217 codes of money that people are paid in (no metals, funds or test codes)."""

SYMBOLS: Final = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₽": "RUB",
    "₴": "UAH",
    "₺": "TRY",
    "₩": "KRW",
    "₪": "ILS",
    "₫": "VND",
    "₦": "NGN",
    "₱": "PHP",
    "฿": "THB",
    "₸": "KZT",
    "₾": "GEL",
    "₡": "CRC",
    "₲": "PYG",
    "₵": "GHS",
    "৳": "BDT",
    "円": "JPY",
    "元": "CNY",
    "﷼": "SAR",
    "us$": "USD",
    "u$s": "USD",
    "ca$": "CAD",
    "c$": "CAD",
    "cad$": "CAD",
    "au$": "AUD",
    "a$": "AUD",
    "nz$": "NZD",
    "s$": "SGD",
    "sg$": "SGD",
    "hk$": "HKD",
    "r$": "BRL",
    "nt$": "TWD",
    "mx$": "MXN",
    "mex$": "MXN",
    "cn¥": "CNY",
    "jp¥": "JPY",
    "s/": "PEN",
    "zł": "PLN",
    "zl": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "lei": "RON",
    "лв": "BGN",
    "rm": "MYR",
    "rs": "INR",
    "rs.": "INR",
    "руб": "RUB",
    "грн": "UAH",
    "tl": "TRY",
    "rp": "IDR",
    "r": "ZAR",
    "sfr": "CHF",
    "sfr.": "CHF",
    "fr.": "CHF",
    "euro": "EUR",
    "euros": "EUR",
    "eur": "EUR",
    "usd": "USD",
    "gbp": "GBP",
    "chf": "CHF",
    "inr": "INR",
    "rupees": "INR",
    "pounds": "GBP",
}
"""Spellings (lower case) that stand for one currency. "Rs" is read as Indian."""

SHARED: Final = {
    "$": frozenset(
        ["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "ARS", "CLP", "COP", "TWD", "UYU"]
    ),
    "dollars": frozenset(["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD"]),
    "kr": frozenset(["SEK", "NOK", "DKK", "ISK"]),
    "kr.": frozenset(["SEK", "NOK", "DKK", "ISK"]),
    "¥": frozenset(["JPY", "CNY"]),
}
"""Spellings (lower case) that stand for several currencies."""

BY_COUNTRY: Final = {
    "US": "USD",
    "CA": "CAD",
    "AU": "AUD",
    "NZ": "NZD",
    "SG": "SGD",
    "HK": "HKD",
    "MX": "MXN",
    "AR": "ARS",
    "CL": "CLP",
    "CO": "COP",
    "TW": "TWD",
    "UY": "UYU",
    "SE": "SEK",
    "NO": "NOK",
    "DK": "DKK",
    "IS": "ISK",
    "JP": "JPY",
    "CN": "CNY",
}
"""What a shared symbol means in a posting from there (ISO 3166-1 alpha-2)."""


def resolve(spelling: str, default: str | None = None) -> str | None:
    """Return the ISO 4217 code that a spelling stands for, or None.

    A symbol that several currencies share is `default` if that is one of them. Without that, "$"
    is the US dollar, which is what sites write it for when they name no country; "kr" and "¥" say
    nothing.
    """
    written = spelling.strip()
    if written.upper() in CODES:
        return written.upper()
    lowered = written.lower()
    if lowered in SHARED:
        if default in SHARED[lowered]:
            return default
        return "USD" if lowered in {"$", "dollars"} else None
    return SYMBOLS.get(lowered)
