"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

LARGEST_ID = 2**63 - 1
"""The highest row number; the drivers fail on larger ones."""

ISO_LENGTH = 27
"""Characters of 'YYYY-MM-DDTHH:MM:SS.ffffffZ'."""


def to_json(value: Any) -> str:
    """Encode a value or a Struct as JSON text; NaN and infinities become null."""
    return msgspec.json.encode(value).decode()


def from_json(text: str | bytes) -> Any:
    """Decode JSON text."""
    return msgspec.json.decode(text)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, always UTC: `timestamptz`, or text of fixed width that sorts by time.

    A naive time is refused with `ValueError`: nobody can know which instant was meant.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(ISO_LENGTH))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn a time into what the driver stores."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone; only aware times are stored")
        value = value.astimezone(UTC)
        if dialect.name == "sqlite":
            return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what the driver read into an aware time."""
        if value is None:
            return None
        read = datetime.fromisoformat(value) if dialect.name == "sqlite" else value
        return read.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A JSON value: `jsonb`, or text. Python's None is SQL's NULL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(JSONB(none_as_null=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Turn a value into what the driver stores."""
        if value is None or dialect.name != "sqlite":
            return value
        return to_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Turn what the driver read into a value."""
        if value is None or dialect.name != "sqlite":
            return value
        return from_json(value)


BIG_ID = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both: SQLite's INTEGER has them, and only that spelling numbers rows by itself."""
