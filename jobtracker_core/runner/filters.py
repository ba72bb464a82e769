"""The filters that the core applies itself, and the account of all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.info import CollectorInfo, FilterSupport
from jobtracker_core.contract.posting import Remote
from jobtracker_core.contract.query import CommonQuery


class FilterUse(Struct, frozen=True, kw_only=True):
    """What became of one word of a query, and how many postings it removed here."""

    word: str
    support: FilterSupport
    removed: int = 0


class AfterFilters:
    """Removes what a query did not ask for, where its collector leaves that to the core.

    What is unknown is kept: a posting that does not say where the work is done may still be it.
    """

    def __init__(self, query: CommonQuery, info: CollectorInfo) -> None:
        self._query = query
        words = [
            word
            for word in ("text", "location", "distance_km", *_TESTS)
            if getattr(query, word) not in (None, ())
        ]
        self._support = {word: info.filters.get(word, FilterSupport.IGNORED) for word in words}
        self._removed = dict.fromkeys(words, 0)

    def apply(self, records: Sequence[Record], now: datetime) -> list[Record]:
        """Return the records that fit; the rest is counted under the first filter it fails."""
        kept = []
        for record in records:
            word = next((w for w in self._support if not self._fits(w, record, now)), None)
            if word is None:
                kept.append(record)
            else:
                self._removed[word] += 1
        return kept

    def _fits(self, word: str, record: Record, now: datetime) -> bool:
        if self._support[word] is not FilterSupport.AFTER:
            return True
        return _TESTS[word](self._query, record, now)

    def account(self) -> tuple[FilterUse, ...]:
        """Return what was done about each word that the query sets."""
        return tuple(
            FilterUse(word=word, support=support, removed=self._removed[word])
            for word, support in self._support.items()
        )


def _remote(query: CommonQuery, record: Record, _now: datetime) -> bool:
    if record.remote in (None, Remote.UNKNOWN):
        return True
    return record.remote.value in query.remote


def _employment(query: CommonQuery, record: Record, _now: datetime) -> bool:
    return not record.employment or not set(record.employment).isdisjoint(query.employment)


def _posted_within_days(query: CommonQuery, record: Record, now: datetime) -> bool:
    if record.posted_at is None or query.posted_within_days is None:
        return True
    # Whole days: many sites tell no more than the date, and the day of the limit still counts.
    return record.posted_at.date() >= (now - timedelta(days=query.posted_within_days)).date()


_TESTS: dict[str, Callable[[CommonQuery, Record, datetime], bool]] = {
    "remote": _remote,
    "employment": _employment,
    "posted_within_days": _posted_within_days,
}
