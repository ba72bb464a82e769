"""Parts of postings that no site sends and a bug can make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

AMOUNTS = (float("nan"), float("inf"), 1e308, 10**40)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": [value]}
    return value


def endless() -> Any:
    value: dict[str, Any] = {}
    value["a"] = value
    return value


RAW: dict[str, Callable[[], Any]] = {
    "deep": lambda: nested(100_000),
    "a_bit_deep": lambda: nested(450),
    "endless": endless,
    "nan": lambda: {"a": float("nan"), "b": [float("inf"), -float("inf")]},
    "many_keys": lambda: {f"{n:x}": 0 for n in range(1_000_000)},
    "huge_number": lambda: {"a": 10**300_000, "b": -(2**70)},
    "deep_text": lambda: '{"a":' * 100_000,
}
