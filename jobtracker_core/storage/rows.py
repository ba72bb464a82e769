"""Rows become Structs, so that nothing above storage sees a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

T = TypeVar("T")


def plain(row: sa.RowMapping) -> dict[str, Any]:
    """Return a row as a dict whose keys are exactly `str`, which msgspec insists on."""
    return {str(name): value for name, value in row.items()}


def to_struct(row: sa.RowMapping | Mapping[str, Any], kind: type[T]) -> T:
    """Turn a row that has all fields of `kind` into one."""
    return msgspec.convert({str(name): value for name, value in row.items()}, kind)
