"""The jobs that conditions leave, where these are so few that a search best begins with them.

Neither database can tell that they are few: told to list the latest first, it walks over all jobs
in that order. Asked for any of them, it takes the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Connection

FEW: Final = 2_000

Numbers: TypeAlias = sa.Select[Any] | sa.CompoundSelect[Any]
"""Selects the numbers of jobs, of all that are wanted and perhaps of others, in any order."""


def few(conn: Connection, ways: Sequence[Numbers]) -> list[int] | None:
    """Return all that one of these gives, the latest first; None where each gives more than FEW."""
    for numbers in ways:
        found = list(conn.execute(numbers.limit(FEW + 1)).scalars())
        if len(found) <= FEW:
            return sorted(set(found), reverse=True)
    return None
