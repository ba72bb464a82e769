"""Saved views: lists that a person comes back to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import UNSET, Struct, UnsetType, structs
from sqlalchemy.exc import IntegrityError

from jobtracker_core.storage import versions
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Duplicate
from jobtracker_core.storage.fields import ViewName
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.tracking_tables import saved_views

ViewKind = Literal["jobs", "applications"]


class ViewDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A view to be saved.

    Attributes:
        name: What it is called.
        kind: The list that it is a view of.
        query: The words of the list's filters and its `sort`.
    """

    name: ViewName
    kind: ViewKind
    query: dict[str, Any]


class ViewChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to become different; a query is replaced as a whole."""

    name: ViewName | UnsetType = UNSET
    query: dict[str, Any] | UnsetType = UNSET


class View(Struct, frozen=True, kw_only=True):
    """A saved view; `version` grows with each change."""

    id: int
    name: str
    kind: ViewKind
    query: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


def create(db: Database, name: str, kind: ViewKind, query: Mapping[str, Any]) -> View:
    """Save a view as it stands: check its query before. Raises Duplicate."""
    with db.write() as conn, _own_name(name, kind):
        moment = now(conn)
        row: dict[str, Any] = {"name": name, "kind": kind, "query": dict(query), "version": 1}
        row |= {"created_at": moment, "updated_at": moment}
        statement = sa.insert(saved_views).values(row).returning(saved_views.c.id)
        return to_struct({**row, "id": conn.execute(statement).scalar_one()}, View)


def update(
    db: Database, view_id: int, changes: ViewChanges, *, expected_version: int | None = None
) -> View:
    """Change a view; raises NotFound, Stale and Duplicate."""
    given = {n: value for n, value in structs.asdict(changes).items() if value is not UNSET}
    with db.write() as conn:
        before = versions.hold(conn, saved_views, "view", view_id, expected_version)
        with _own_name(given.get("name", before["name"]), before["kind"]):
            return to_struct(versions.save(conn, saved_views, before, given, now(conn)), View)


def delete(db: Database, view_id: int, *, expected_version: int | None = None) -> None:
    """Forget a view; raises NotFound and Stale."""
    with db.write() as conn:
        versions.remove(conn, saved_views, "view", view_id, expected_version)


def get(db: Database, view_id: int) -> View:
    """Return a view; raises NotFound."""
    with db.read() as conn:
        return to_struct(versions.find(conn, saved_views, "view", view_id), View)


def list_views(db: Database, kind: ViewKind | None = None) -> tuple[View, ...]:
    """Return the views by name, of one kind or of both."""
    with db.read() as conn:
        rows = conn.execute(_BY_NAME).mappings()
        return tuple(to_struct(row, View) for row in rows if kind in {None, row["kind"]})


_BY_NAME = sa.select(saved_views).order_by(saved_views.c.kind.desc(), saved_views.c.name)


@contextmanager
def _own_name(name: str, kind: ViewKind) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if "name" not in str(error.orig):
            raise
        taken = f"there is a view of {kind} named {name!r} already"
        raise Duplicate(taken, "Choose another name.") from error
