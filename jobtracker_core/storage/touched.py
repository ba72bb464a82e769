"""Jobs that a person had to do with: that stays known where nothing else tells of it any more."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import jobs


def keep(conn: Connection, which: ColumnElement[bool]) -> None:
    """Mark jobs for good, before what a person has put on them is taken away.

    The mark is an empty list of edited fields. Needs a write transaction; locks them sorted.
    """
    found = sa.select(jobs.c.id).where(jobs.c.edited.is_(None), which).order_by(jobs.c.id)
    numbers = list(conn.execute(found.with_for_update(key_share=True)).scalars())
    if numbers:
        conn.execute(sa.update(jobs).where(one_of(conn, jobs.c.id, numbers)).values(edited=[]))
