"""How many jobs and applications there are of each of several companies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.tracking_tables import OPEN_STATUSES, applications


class CompanyFigures(Struct, frozen=True, kw_only=True):
    """What there is of a company.

    Attributes:
        open_jobs: Jobs that are neither closed nor dismissed.
        applications: All applications to it; `open_applications` are those that have not ended.
    """

    company_id: int
    open_jobs: int = 0
    applications: int = 0
    open_applications: int = 0


def figures(db: Database, company_ids: Sequence[int]) -> tuple[CompanyFigures, ...]:
    """Count for each company, in the order of the numbers; those not there have nothing."""
    is_open = sa.case((applications.c.status.in_(OPEN_STATUSES), 1), else_=0)
    with db.read() as conn:
        of_jobs = (
            sa.select(jobs.c.company_id, sa.func.count().label("open_jobs"))
            .where(
                one_of(conn, jobs.c.company_id, company_ids),
                jobs.c.closed_at.is_(None),
                jobs.c.dismissed_at.is_(None),
            )
            .group_by(jobs.c.company_id)
        )
        of_applications = (
            sa.select(
                applications.c.company_id,
                sa.func.count().label("applications"),
                sa.func.sum(is_open).label("open_applications"),
            )
            .where(one_of(conn, applications.c.company_id, company_ids))
            .group_by(applications.c.company_id)
        )
        found: dict[int, dict[str, Any]] = {}
        for statement in (of_jobs, of_applications):
            for row in conn.execute(statement).mappings():
                found.setdefault(row["company_id"], {}).update(row)
    return tuple(
        CompanyFigures(**{"company_id": number, **found.get(number, {})})
        for number in dict.fromkeys(company_ids)
    )
