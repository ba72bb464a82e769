"""How long the list of all jobs is, without counting them."""

from __future__ import annotations

import sqlalchemy as sa

from jobtracker_core.storage.fixed import Fixed
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.types import BIG_ID


def whole(source: sa.FromClause | sa.TextClause, limit: int) -> Fixed:
    """Return what finds the ends of the list of all jobs that are shown.

    It reads the number behind the first `limit` of them, or None; how many are newer than its
    parameter `newest`, one more than `limit` at most; the lowest number of all jobs; and the newest
    of those shown. `source` is the table, by whatever index.
    """
    number, hidden = (sa.literal_column(f"jobs.{n}", BIG_ID) for n in ("id", "dismissed_at"))
    shown = sa.select(number.label("id")).select_from(source).where(hidden.is_(None))
    # No parameters: the plan is made for these very numbers.
    most, one = (sa.literal_column(str(n), sa.Integer()) for n in (limit, 1))
    newer = shown.where(number > sa.bindparam("newest", type_=BIG_ID)).limit(most + one)
    in_order = shown.order_by(number.desc()).limit(one)
    statement = sa.select(
        in_order.offset(most).scalar_subquery(),
        sa.select(sa.func.count()).select_from(newer.subquery()).scalar_subquery(),
        sa.select(sa.func.min(jobs.c.id)).scalar_subquery(),
        in_order.scalar_subquery(),
    )
    return Fixed(statement, stable=True)
