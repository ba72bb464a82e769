"""Reading who did what and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.audit_tables import audit_log
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.types import LARGEST_ID


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One change.

    Attributes:
        action: What was done, as `kind.verb`.
        target: To what, as `kind:id`.
        data: What else is known of it; holds no secrets.
    """

    id: int
    at: datetime
    actor: Actor
    action: str
    target: str
    data: Mapping[str, Any]


class AuditList(Struct, frozen=True, kw_only=True):
    """A page of changes, the newest first. `after` leads to older ones; None where are none."""

    items: tuple[AuditEntry, ...]
    after: str | None


def list_entries(
    db: Database,
    *,
    actor: str | None = None,
    action: str | None = None,
    target: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    after: str | None = None,
) -> AuditList:
    """List changes, the newest first.

    Args:
        db: The database.
        actor: `Actor.label` as it was, or a kind alone.
        action: How the action begins: `user.` has all that was done to users.
        target: All of the target.
        since: Not those before.
        until: Only those before.
        limit: How many at most.
        after: What the page before gave.

    Raises:
        NotFound: `after` is nothing that a page gave.
    """
    statement = sa.select(audit_log).order_by(audit_log.c.id.desc()).limit(limit + 1)
    if actor is not None:
        statement = statement.where(_is_of(actor))
    if action is not None:
        # No LIKE: it would look at upper and lower case alike, on one of the databases.
        action = action.replace("\x00", "")
        statement = statement.where(sa.func.substr(audit_log.c.action, 1, len(action)) == action)
    if target is not None:
        statement = statement.where(audit_log.c.target == target.replace("\x00", ""))
    if since is not None:
        statement = statement.where(audit_log.c.at >= since)
    if until is not None:
        statement = statement.where(audit_log.c.at < until)
    if after is not None:
        statement = statement.where(audit_log.c.id < _position(after))
    with db.read() as conn:
        rows = conn.execute(statement).mappings().all()
    items = tuple(map(_to_entry, rows[:limit]))
    return AuditList(items=items, after=str(items[-1].id) if len(rows) > limit and items else None)


def _is_of(label: str) -> sa.ColumnElement[bool]:
    kind, colon, who = label.replace("\x00", "").partition(":")
    of_kind = audit_log.c.actor_kind == kind
    if not colon:
        return of_kind
    if who.isascii() and who.isdecimal() and int(who[:20]) <= LARGEST_ID:
        return sa.and_(of_kind, audit_log.c.actor_id == int(who[:20]))
    return sa.and_(of_kind, audit_log.c.actor_id.is_(None), audit_log.c.actor_name == who)


def _position(after: str) -> int:
    if after.isascii() and after.isdecimal() and 0 < int(after[:20]) <= LARGEST_ID:
        return int(after[:20])
    raise NotFound(f"{after[:40]!r} is no mark of a page", "Begin the list anew.")


def _to_entry(row: sa.RowMapping) -> AuditEntry:
    actor = Actor(
        kind=row["actor_kind"],
        name=row["actor_name"],
        id=row["actor_id"],
        address=row["address"],
    )
    return AuditEntry(
        id=row["id"],
        at=row["at"],
        actor=actor,
        action=row["action"],
        target=row["target"],
        data=row["data"],
    )
