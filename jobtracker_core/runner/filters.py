"""The filters that the core applies itself, and the account of all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from jobtracker_core.contract.host import Record
from jobtracker_core.contract.info import CollectorInfo, FilterSupport
from jobtracker_core.contract.posting import Remote
from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.contract.run import FilterUse


class QueryFilters:
    """Removes what a query did not ask for, where its collector leaves that to the core.

    What is unknown is kept, unless the query says `drop_unknown`: a posting that does not say where
    the work is done may still be it.
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
        self._unknown = dict.fromkeys(words, 0)
        self._notes: dict[str, str] = {}

    def ignore(self, word: str, why: str) -> None:
        """Note that the collector could not apply a word of the query in this run.

        The first reason stays. Raises ValueError for what is no word of the query.
        """
        if word not in self._query.__struct_fields__:
            raise ValueError(f"the query has no word {word!r}")
        self._support[word] = FilterSupport.IGNORED
        self._removed.setdefault(word, 0)
        self._unknown.setdefault(word, 0)
        self._notes.setdefault(word, why)

    def apply(self, records: Sequence[Record], now: datetime) -> list[Record]:
        """Return the records that fit; the rest is counted under the first filter it fails."""
        return [record for record in records if self._keeps(record, now)]

    def _keeps(self, record: Record, now: datetime) -> bool:
        unknown = []
        for word, support in self._support.items():
            if support is not FilterSupport.AFTER:
                continue
            fits = _TESTS[word](self._query, record, now)
            if fits is None and not self._query.drop_unknown:
                unknown.append(word)
            elif not fits:
                self._removed[word] += 1
                return False
        for word in unknown:
            self._unknown[word] += 1
        return True

    def account(self) -> tuple[FilterUse, ...]:
        """Return what was done about each word that the query sets."""
        return tuple(
            FilterUse(
                word=word,
                support=support,
                removed=self._removed[word],
                unknown=self._unknown[word],
                note=self._notes.get(word),
            )
            for word, support in self._support.items()
        )


def _remote(query: CommonQuery, record: Record, _now: datetime) -> bool | None:
    if record.remote in (None, Remote.UNKNOWN):
        return None
    return record.remote.value in query.remote


def _employment(query: CommonQuery, record: Record, _now: datetime) -> bool | None:
    if not record.employment:
        return None
    return not set(record.employment).isdisjoint(query.employment)


def _posted_within_days(query: CommonQuery, record: Record, now: datetime) -> bool | None:
    if record.posted_at is None or query.posted_within_days is None:
        return None
    # Whole days: many sites tell no more than the date, and the day of the limit still counts.
    return record.posted_at.date() >= (now - timedelta(days=query.posted_within_days)).date()


_TESTS: dict[str, Callable[[CommonQuery, Record, datetime], bool | None]] = {
    "remote": _remote,
    "employment": _employment,
    "posted_within_days": _posted_within_days,
}
"""Whether a record fits; None where it does not say."""
