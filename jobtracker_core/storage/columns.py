"""What all tables have in common: their metadata, and columns of the usual kinds."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Identity, MetaData

from jobtracker_core.storage.types import BIG_ID, UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def row_id() -> Column[int]:
    """Return the column that numbers a table's rows in the order of their arrival."""
    # BY DEFAULT, so that a page can reserve its numbers first and insert in another order.
    return Column("id", BIG_ID, Identity(always=False), primary_key=True)


def time(name: str, *, required: bool = False) -> Column[Any]:
    """Return a column of aware times."""
    return Column(name, UtcDateTime(), nullable=not required)


def count(name: str, kind: Any = sa.Integer) -> Column[int]:
    """Return a column that begins at zero."""
    return Column(name, kind, nullable=False, server_default=sa.text("0"))


def among(column: str, values: tuple[str, ...]) -> str:
    """Say `column IN values`, for a CHECK."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
