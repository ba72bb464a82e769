"""A page of postings that is written, and what is known of them beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.host import Record
from jobtracker_core.storage.merge import Kind
from jobtracker_core.storage.statements import one_of_named, packed
from jobtracker_core.storage.tables import jobs


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
    """Return the stored ones by source_id: `id`, `closed_at`, and the `hash` of that kind."""
    dialect = conn.dialect.name
    found = conn.execute(
        _select_hashes(dialect, page.kind),
        {"source": page.source, "keys": packed(dialect, keys)},
    )
    # All at once: one after the other takes as long as the statement itself.
    return {row.source_id: row for row in found.all()}


# Made once: the detail page of one posting takes less time than making its statements.
@cache
def _select_hashes(dialect: str, kind: Kind) -> sa.Select[Any]:
    digest = jobs.c.list_hash if kind == "list" else jobs.c.detail_hash
    return sa.select(jobs.c.id, jobs.c.source_id, jobs.c.closed_at, digest.label("hash")).where(
        jobs.c.source == sa.bindparam("source"), one_of_named(dialect, jobs.c.source_id, "keys")
    )
