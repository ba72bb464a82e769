"""What a new observation changes in a stored job. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from jobtracker_core.contract.host import PayRecord, Record
from jobtracker_core.contract.posting import Place, Precision

Kind = Literal["list", "detail"]
Row = dict[str, Any]

PAY = PayRecord.__struct_fields__
TEXTS = ("description", "raw")
LIST_OWNED = ("title", "url")
"""Fields that a detail page never sets: it is known by the address the list gave."""


_SHOWN = (
    *("title", "url", "company", "places", "remote", "employment", "seniority", "skills"),
    *("language", "apply_url", "description"),
)


class Observed(Struct, frozen=True):
    """One field that a page gave.

    Attributes:
        columns: Its columns with their new values. They are one unit: all are set or none.
        shown: Column that stands for it in the history of changes; None for the pay, which is
            shown whole.
    """

    columns: Row
    shown: str | None


class Merged(Struct, frozen=True):
    """What becomes of a stored job.

    Attributes:
        outcome: `completed`: its first details, which contradict nothing that was there.
        update: Columns of `jobs` that get another value, book-keeping of the page included.
        texts: The same of `job_texts`.
        changes: Field to [old, new], for the history; empty unless `changed`.
    """

    outcome: Literal["changed", "unchanged", "completed"]
    update: Row
    texts: Row
    changes: dict[str, list[Any]]


def observed(record: Record, company_id: int | None) -> dict[str, Observed]:
    """Return the fields that a record gives, as columns; `None` in it is no observation."""
    found: dict[str, Observed] = {}
    for name in ("title", "url", "language", "apply_url", "description", "raw"):
        _add(found, name, getattr(record, name))
    for name in ("remote", "seniority"):
        value = getattr(record, name)
        _add(found, name, None if value is None else value.value)
    for name in ("employment", "skills"):
        value = getattr(record, name)
        _add(found, name, None if value is None else [str(entry) for entry in value])
    if record.company is not None:
        columns: Row = {"company": record.company, "company_id": company_id}
        found["company"] = Observed(columns, "company")
    if record.places is not None:
        found["places"] = Observed(_place_columns(record), "places")
    if record.pay is not None:
        pay = {f"pay_{name}": getattr(record.pay, name) for name in PAY}
        for name in ("pay_interval", "pay_kind"):
            pay[name] = None if pay[name] is None else pay[name].value
        found["pay"] = Observed(pay, None)
    if record.posted_at is not None:
        precision = record.posted_precision
        columns = {
            "posted_at": record.posted_at,
            "posted_precision": None if precision is None else precision.value,
        }
        found["posted_at"] = Observed(columns, "posted_at")
    return found


def _add(found: dict[str, Observed], name: str, value: Any) -> None:
    if value is not None:
        found[name] = Observed({name: value}, name)


def place_text(place: Place) -> str | None:
    """Return a place as it is shown: in the site's words, or made of its parts."""
    parts = (place.city, place.region, place.country)
    return place.text or ", ".join(part for part in parts if part) or None


def _place_columns(record: Record) -> Row:
    places = record.places or ()
    first = places[0] if places else None
    names = ("city", "region", "country", "latitude", "longitude")
    return {
        "place": None if first is None else place_text(first),
        **{name: getattr(first, name, None) for name in names},
        "places": [msgspec.to_builtins(place) for place in places],
    }


def shown(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored job's fields as the history of changes shows them; what is empty is None."""
    fields: dict[str, Any] = {name: stored[name] for name in _SHOWN}
    pay = {name: stored[f"pay_{name}"] for name in PAY}
    posted_at = stored["posted_at"]
    return {
        **fields,
        "pay": None if all(value is None for value in pay.values()) else pay,
        "posted_at": None if posted_at is None else posted_at.isoformat(),
        "closed": stored["closed_at"] is not None,
    }


def bookkeeping(kind: Kind, record: Record, fields: Mapping[str, Observed], now: datetime) -> Row:
    """Return the columns that say which page a new job came from."""
    if kind == "list":
        return {"list_hash": record.content_hash}
    return {
        "detail_hash": record.content_hash,
        "detail_fields": sorted(set(fields).difference(LIST_OWNED)),
        "details_at": now,
        "details_tried_at": None,
        "details_due": False,
    }


def merge(
    stored: Mapping[str, Any],
    kind: Kind,
    record: Record,
    fields: Mapping[str, Observed],
    now: datetime,
) -> Merged:
    """Compare an observation with the stored job (its columns and its texts).

    A field that a detail page gave is safe from list pages, one that a person edited from all; what
    is closed follows whoever looked last; otherwise the newer value holds, and what was not
    observed stays. `now` is when the site gave the page.
    """
    known = frozenset(stored["detail_fields"] or ())
    safe = (known if kind == "list" else frozenset(LIST_OWNED)).union(stored["edited"] or ())
    update: Row = {}
    texts: Row = {}
    changes: dict[str, list[Any]] = {}
    filled: set[str] = set()
    for name, field in fields.items():
        if name in safe:
            continue
        differing = {key: new for key, new in field.columns.items() if stored[key] != new}
        if not differing or (name == "posted_at" and _same_moment(stored, field.columns)):
            continue
        (texts if name in TEXTS else update).update(differing)
        if name == "raw" or (field.shown is not None and field.shown not in differing):
            continue  # evidence, or a part of the field that is not shown: no news
        old, new = _shown(field, stored)
        changes[name] = [old, new]
        if old is None:
            filled.add(name)
    _close(stored, kind, record, now, update, changes)
    first_details = kind == "detail" and stored["details_at"] is None
    if first_details:
        changes = {name: change for name, change in changes.items() if name not in filled}
    if kind == "list":
        update["list_hash"] = record.content_hash
        if stored["details_at"] is not None:
            update["details_due"] = True
    else:
        update |= bookkeeping(kind, record, fields, now)
        update["detail_fields"] = sorted(known.union(update["detail_fields"]))
    if changes:
        return Merged("changed", update, texts, changes)
    return Merged("completed" if first_details else "unchanged", update, texts, changes)


def _same_moment(stored: Mapping[str, Any], columns: Row) -> bool:
    """Say whether two dates agree as far as they are known: guesses move with every look."""
    if stored["posted_at"] is None or stored["posted_precision"] != columns["posted_precision"]:
        return False
    if columns["posted_precision"] == Precision.ESTIMATED:
        return True
    same_day = stored["posted_at"].date() == columns["posted_at"].date()
    return bool(columns["posted_precision"] == Precision.DAY and same_day)


def _shown(field: Observed, stored: Mapping[str, Any]) -> tuple[Any, Any]:
    if field.shown is None:
        old, new = ({key[4:]: row[key] for key in field.columns} for row in (stored, field.columns))
        return (None if all(value is None for value in old.values()) else old), new
    old, new = stored[field.shown], field.columns[field.shown]
    if isinstance(new, datetime):
        return (None if old is None else old.isoformat()), new.isoformat()
    return old, new


def _says_closed(
    stored: Mapping[str, Any], kind: Kind, record: Record, now: datetime
) -> bool | None:
    """Return whether an observation says that the job has ended; None if it says nothing of it."""
    if record.closed is not None or kind == "list" or not stored["details_due"]:
        return record.closed
    # The list shows it again, and its own page is there and tells of no end.
    since = stored["closed_at"]
    return False if since is not None and since <= now else None


def _close(
    stored: Mapping[str, Any],
    kind: Kind,
    record: Record,
    now: datetime,
    update: Row,
    changes: dict[str, list[Any]],
) -> None:
    closed = _says_closed(stored, kind, record, now)
    was_closed = stored["closed_at"] is not None
    if closed is None or closed == was_closed or "closed" in (stored["edited"] or ()):
        return
    update["closed_at"] = now if closed else None
    changes["closed"] = [was_closed, closed]
