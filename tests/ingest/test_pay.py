import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobtracker_core.contract.host import PayRecord
from jobtracker_core.contract.posting import Pay, PayInterval, PayKind
from jobtracker_core.ingest import pay

LIMITED = settings(max_examples=150, deadline=None)
HOUR, DAY, WEEK, TWO_WEEKS, MONTH, YEAR = PayInterval


@pytest.mark.parametrize(
    ("text", "low", "high", "currency", "interval"),
    [
        ("$65,000.00/yr - $75,000.00/yr", 65000, 75000, "USD", YEAR),
        ("$78,400 - $107,800 per year", 78400, 107800, "USD", YEAR),
        ("$49.48/hr - $60.16/hr", 49.48, 60.16, "USD", HOUR),
        ("$25.50/h", 25.5, 25.5, "USD", HOUR),
        ("$100/hr Remote", 100, 100, "USD", HOUR),
        ("Hourly rate: $25", 25, 25, "USD", HOUR),
        ("between $50 and $60 an hour", 50, 60, "USD", HOUR),
        ("$30/hour for 40 hours/week", 30, 30, "USD", HOUR),
        ("From ₹40,000 a month", 40000, None, "INR", MONTH),
        ("₹6,00,000 - ₹12,00,000 a year", 600000, 1200000, "INR", YEAR),
        ("12 LPA", 1200000, 1200000, "INR", YEAR),
        ("6-12 Lacs PA", 600000, 1200000, "INR", YEAR),
        ("Rs.40,000 per month", 40000, 40000, "INR", MONTH),
        ("Up to £300 per day", None, 300, "GBP", DAY),
        ("£12 - £14 an hour", 12, 14, "GBP", HOUR),
        ("£450 p.w.", 450, 450, "GBP", WEEK),
        ("$1,500 bi-weekly", 1500, 1500, "USD", TWO_WEEKS),
        ("€60–85k", 60000, 85000, "EUR", YEAR),
        ("60-85k EUR", 60000, 85000, "EUR", YEAR),
        ("60.000 - 85.000 € pro Jahr", 60000, 85000, "EUR", YEAR),
        ("EUR 45.000,- brutto/Jahr", 45000, 45000, "EUR", YEAR),
        ("25,50 €/Std.", 25.5, 25.5, "EUR", HOUR),
        ("2500€ brut par mois", 2500, 2500, "EUR", MONTH),
        ("ab 3.500 € monatlich", 3500, None, "EUR", MONTH),
        ("bis zu 4.000 € im Monat", None, 4000, "EUR", MONTH),
        ("CHF 120'000", 120000, 120000, "CHF", None),
        ("USD 120K-150K", 120000, 150000, "USD", YEAR),
        ("kr 45 000/mån", 45000, 45000, "SEK", MONTH),
        ("od 10 000 do 15 000 zł / mies.", 10000, 15000, "PLN", MONTH),
        ("R 25 000 - R 30 000 a month", 25000, 30000, "ZAR", MONTH),
        ("R$ 5.000,00 por mês", 5000, 5000, "BRL", MONTH),
        ("CA$90,000.00/yr", 90000, 90000, "CAD", YEAR),
        ("A$100,000-A$120,000 p.a. + super", 100000, 120000, "AUD", YEAR),
        ("AED 5000 - 6000 monthly", 5000, 6000, "AED", MONTH),
        ("年収500万円", 5000000, 5000000, "JPY", YEAR),
        ("$80,000+", 80000, None, "USD", None),
        ("$80k + bonus", 80000, 80000, "USD", YEAR),
        ("$90,000 - $80,000 a year", 80000, 90000, "USD", YEAR),
        ("$0 - $50 an hour", None, 50, "USD", HOUR),
        ("$5,000 sign-on bonus. Salary $80,000 a year", 80000, 80000, "USD", YEAR),
        ("Start 2026, €3.000 per month", 3000, 3000, "EUR", MONTH),
        ("401k, 5+ years, pay $70,000 per year", 70000, 70000, "USD", YEAR),
        ("45 000 kr", 45000, 45000, None, None),
        ("¥5,000,000", 5000000, 5000000, None, None),
        ("25 per hour", 25, 25, None, HOUR),
    ],
)
def test_read(text, low, high, currency, interval):
    found = pay.read(text)
    assert found is not None
    assert (found.min, found.max, found.currency, found.interval) == (low, high, currency, interval)
    assert found.kind is PayKind.PARSED
    assert found.text == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "N/A", "Competitive salary", "2026", "Summer 2026 - Summer 2027", "2025-2026"),
        *("+1 415-555-0100", "(415) 555-0100", "415.555.0100", "Call 555-0100", "2026-01-31"),
        *("401k", "401(k) matching", "24/7 on call", "5+ years", "3-5 years of experience"),
        *("40 hours per week", "100% remote", "10% bonus", "10k users", "top 10, all 50, try 3"),
        *("$0", "We raised $50M in Series B", "$5,000 sign-on bonus", "referral bonus of $500"),
        *("65,000 - 75,000", "Level 3", "12345678", "9" * 400 + " €", "€", "5 per week"),
    ],
)
def test_what_is_no_pay_is_not_read(text):
    assert pay.read(text) is None


@pytest.mark.parametrize(
    ("interval", "factor"),
    [(HOUR, 2080), (DAY, 260), (WEEK, 52), (TWO_WEEKS, 26), (MONTH, 12), (YEAR, 1)],
)
def test_amounts_per_year(interval, factor):
    record = pay.normalise(Pay(min=10, max=20.5, currency="USD", interval=interval))
    assert record is not None
    assert (record.year_min, record.year_max, record.year_factor) == (
        10 * factor,
        20.5 * factor,
        factor,
    )


def test_nothing_is_guessed_without_an_interval():
    record = pay.normalise(Pay(min=10, max=20, currency="USD"))
    assert record == PayRecord(min=10, max=20, currency="USD")


@pytest.mark.parametrize(
    ("text", "default", "currency"),
    [
        *[
            ("$50 an hour", default, expected)
            for default, expected in ((None, "USD"), ("AUD", "AUD"), ("EUR", "USD"))
        ],
        *[("¥300,000 a month", default, default) for default in (None, "JPY", "CNY")],
        *[("300 kr per hour", default, default) for default in (None, "DKK", "SEK")],
        ("65,000 - 75,000", "EUR", "EUR"),
        ("£50 an hour", "EUR", "GBP"),
        ("25 per hour", "not a code", None),
    ],
)
def test_the_default_currency_stands_for_what_is_not_said(text, default, currency):
    found = pay.read(text, default_currency=default)
    assert found is not None
    assert found.currency == currency


def test_fields_are_checked():
    record = pay.normalise(
        Pay(min=90, max=80, currency=" eur ", interval=HOUR, kind=PayKind.STATED)
    )
    assert record is not None
    assert (record.min, record.max, record.currency, record.kind) == (80, 90, "EUR", PayKind.STATED)
    for bad in (math.nan, math.inf, -math.inf, 0, -5, 1e15):
        assert pay.normalise(Pay(min=bad, max=bad, currency="EUR")) is None
    for name in ("XXX", "Bitcoin", "EURO€", "N/A"):
        record = pay.normalise(Pay(min=1, currency=name))
        assert record is not None
        assert record.currency is None


def test_missing_amounts_come_from_the_text():
    record = pay.normalise(Pay(text="$10 - $20", interval=HOUR))
    assert record is not None
    assert (record.min, record.max, record.year_max, record.kind) == (10, 20, 41600, PayKind.PARSED)


def test_an_estimate_stays_one():
    record = pay.normalise(Pay(text="$10 - $20 an hour", kind=PayKind.ESTIMATED))
    assert record is not None
    assert record.kind is PayKind.ESTIMATED


def test_the_text_completes_the_fields_only_if_it_says_the_same():
    same = pay.normalise(Pay(text="$10 - $20 an hour", min=10, max=20))
    assert same is not None
    assert (same.currency, same.interval, same.kind) == ("USD", HOUR, PayKind.STATED)
    other = pay.normalise(Pay(text="$30 an hour", min=10, max=20))
    assert other is not None
    assert (other.min, other.currency, other.interval) == (10, None, None)


def test_a_text_without_amounts_stays_as_evidence():
    assert pay.normalise(Pay(text="Competitive")) == PayRecord(text="Competitive")
    assert pay.normalise(Pay(text="N/A")) is None
    assert pay.normalise(Pay()) is None


def assert_sound(record: PayRecord | None) -> None:
    if record is None:
        return
    amounts = [record.min, record.max, record.year_min, record.year_max]
    assert all(amount is None or (math.isfinite(amount) and amount > 0) for amount in amounts)
    if record.min is not None and record.max is not None:
        assert record.min <= record.max
    assert (record.year_factor is None) == (record.interval is None)
    assert record.currency is None or (len(record.currency) == 3 and record.currency.isupper())


pieces = st.one_of(
    st.sampled_from(
        [
            *("$", "€", "kr", "USD", "k", "-", "–", " to ", "/hr", " per year", ".", ",", "'", " "),
            *(
                "LPA",
                "M",
                "up to ",
                "from ",
                "%",
                "+",
                "0",
                "00",
                "000",
                "bonus",
                "\u202f",
                "R",
                "²",
                "٣",
            ),
        ]
    ),
    st.integers(0, 10**7).map(str),
    st.text(max_size=4),
)


@LIMITED
@given(st.lists(pieces, max_size=14).map("".join), st.sampled_from([None, "EUR", "AUD"]))
def test_any_text_gives_sound_pay_or_none(text, default):
    assert_sound(pay.read(text, default_currency=default))


@LIMITED
@given(st.data())
def test_any_pay_gives_sound_pay_or_none(some, data):
    assert_sound(pay.normalise(data.draw(some.pays)))


@LIMITED
@given(
    st.integers(10, 900),
    st.integers(0, 99),
    st.sampled_from(["hour", "day", "week", "month", "year"]),
)
def test_what_is_written_is_read(whole, cents, interval):
    found = pay.read(f"€{whole}.{cents:02} - €{whole + 50}.{cents:02} per {interval}")
    assert found is not None
    assert (found.min, found.max, found.interval) == (
        whole + cents / 100,
        whole + 50 + cents / 100,
        PayInterval(interval),
    )
