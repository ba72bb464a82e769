"""Strategies of hypothesis, for a plugin's own tests."""

from __future__ import annotations

from datetime import UTC
from typing import Any, cast

from hypothesis import strategies as st

from jobtracker_core.contract.posting import (
    Employment,
    Pay,
    PayInterval,
    PayKind,
    Place,
    Posting,
    Precision,
    Remote,
    Seniority,
)

_WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=60
).filter(lambda text: any(map(str.isalnum, text)))
_ID = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=40)
_MOMENT = st.datetimes(timezones=st.just(UTC))


def posting_strategy(host: str = "board.example") -> st.SearchStrategy[Posting]:
    """Make postings that keep the contract, with any of their optional fields missing.

    `host` is the one that their `url` leads to.
    """
    optional = {
        "company": _WORDS,
        "places": st.lists(st.builds(Place, text=_WORDS), max_size=3).map(tuple),
        "remote": st.sampled_from(Remote),
        "employment": st.lists(st.sampled_from(Employment), unique=True, max_size=3).map(tuple),
        "seniority": st.sampled_from(Seniority),
        "skills": st.lists(_WORDS, max_size=4).map(tuple),
        "pay": _pay(),
        "posted_at": _MOMENT,
        "posted_precision": st.sampled_from(Precision),
        "closed": st.booleans(),
        "description": _WORDS.map(lambda words: f"<p>{words}</p>"),
        "raw": st.dictionaries(_ID, _WORDS | st.integers() | st.none(), max_size=3),
    }

    def make(source_id: str, title: str, given: dict[str, Any]) -> Posting:
        url = f"https://{host}/jobs/{source_id}"
        return Posting(source_id=source_id, url=url, title=title, **given)

    given = cast("Any", st.fixed_dictionaries)({}, optional=optional)
    return st.builds(make, _ID, _WORDS, given)


def _pay() -> st.SearchStrategy[Pay]:
    amount = st.integers(min_value=1, max_value=500_000)
    return st.builds(
        lambda one, other, currency, interval, kind: Pay(
            min=float(min(one, other)),
            max=float(max(one, other)),
            currency=currency,
            interval=interval,
            kind=kind,
        ),
        amount,
        amount,
        st.sampled_from(("EUR", "GBP", "USD")),
        st.sampled_from(PayInterval),
        st.sampled_from(PayKind),
    )
