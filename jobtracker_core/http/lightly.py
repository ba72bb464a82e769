"""Importing others without what they take in for features that nobody here uses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast


@contextmanager
def without(module: str) -> Iterator[None]:
    """Have the import of a module fail in the block, unless it is loaded already.

    For the top of a module of ours, around an import that can do without it.
    """
    if module in sys.modules:
        yield
        return
    # What stands for "there is none", as the language reference says of `sys.modules`.
    sys.modules[module] = cast("ModuleType", None)
    try:
        yield
    finally:
        del sys.modules[module]
