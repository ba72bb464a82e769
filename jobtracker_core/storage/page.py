"""A page of postings that is written, and what is known of them beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.host import Record
from jobtracker_core.storage.merge import Kind
from jobtracker_core.storage.statements import packed


class Page(Struct, frozen=True, kw_only=True):
    """Postings of one source, read together.

    Attributes:
        read_at: When the site gave it; `now` unless it is of the past.
        records: By source_id, in the page's order.
    """

    source: str
    kind: Kind
    run_id: int | None
    now: datetime
    read_at: datetime
    is_past: bool
    records: Mapping[str, Record]


def read_hashes(conn: Connection, page: Page, keys: list[str]) -> dict[str, Any]:
    """Return the stored ones by source_id: `id`, `hash` of that kind, `closed_at` as it is stored.

    A time is None or the driver's own: reading it would take longer than all the rest of the row.
    """
    dialect = conn.dialect.name
    column = "list_hash" if page.kind == "list" else "detail_hash"
    given = list(keys) if dialect == "postgresql" else packed(dialect, keys)
    found = conn.exec_driver_sql(_HASHES[dialect].format(column), (page.source, given))
    # All at once: one after the other takes as long as the statement itself.
    return {row.source_id: row for row in found.all()}


# Through the driver: most of a page is unchanged, and this is what it costs.
_HASHES: Final = {
    "postgresql": (
        "SELECT id, source_id, closed_at, {} AS hash FROM jobs"
        " WHERE source = %s AND source_id = ANY(%b::text[])"
    ),
    "sqlite": (
        "SELECT id, source_id, closed_at, {} AS hash FROM jobs"
        " WHERE source = ? AND source_id IN (SELECT value FROM json_each(?))"
    ),
}
