"""What a run may leave behind in its process."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

_DESCRIPTORS = Path("/dev/fd")
_LOGS = "log handlers and levels"
_LASTING = (
    _LOGS,
    "signal handlers",
    "working directory",
    "environment",
    "warnings filters",
    "standard streams",
    "socket's default timeout",
)


class Traces:
    """A picture of the process: what is global in it, its threads and its open files."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self.parts = parts

    @classmethod
    def now(cls) -> Self:
        """Take one."""
        socket = sys.modules.get("socket")
        return cls(
            {
                _LOGS: _loggers(),
                "signal handlers": {repr(s): signal.getsignal(s) for s in signal.valid_signals()},
                "working directory": str(Path.cwd()),
                "environment": dict(os.environ),
                "warnings filters": _wide_filters(),
                "standard streams": [id(sys.stdin), id(sys.stdout), id(sys.stderr)],
                "socket's default timeout": socket and socket.getdefaulttimeout(),
                "threads": {t.name for t in threading.enumerate() if t.is_alive()},
                "open files and sockets": _descriptors(),
            }
        )

    def lasting_changes(self) -> tuple[str, ...]:
        """Say what of the process's own settings is not as it was."""
        return self._changes(_LASTING)

    def open_ends(self) -> tuple[str, ...]:
        """Say which threads and files there are that were not."""
        return self._changes(("threads", "open files and sockets"))

    def _changes(self, names: tuple[str, ...]) -> tuple[str, ...]:
        now = dict(self.now().parts)
        # A library's own new loggers are its own business.
        now[_LOGS] = {each: now[_LOGS].get(each) for each in self.parts[_LOGS]}
        return tuple(
            f"{name}: {_difference(self.parts[name], now[name])}"
            for name in names
            if _grown(name, self.parts[name], now[name])
        )


def _grown(name: str, before: Any, after: Any) -> bool:
    if name in {"threads", "open files and sockets"}:
        return bool(set(after) - set(before))
    return bool(before != after)


def _loggers() -> dict[str, Any]:
    """Read what is set on the loggers that there are."""
    named = {
        name: logger
        for name, logger in logging.Logger.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    found: dict[str, Any] = {
        name: (logger.level, [repr(handler) for handler in logger.handlers], logger.disabled)
        for name, logger in [("root", logging.getLogger()), *named.items()]
    }
    return found | {"logging.disable": logging.root.manager.disable}


def _wide_filters() -> list[str]:
    """Read the filters that touch everybody's warnings: a library may hide its own as it likes."""
    return [
        f"{action} {category!r}"
        for action, message, category, module, _line in warnings.filters
        if message is None and module is None and _is_builtin(category)
    ]


def _is_builtin(category: object) -> bool:
    return getattr(category, "__module__", None) == "builtins"


def _descriptors() -> dict[str, str]:
    if not _DESCRIPTORS.is_dir():
        return {}
    found = {}
    for path in _DESCRIPTORS.iterdir():
        try:
            found[path.name] = str(path.readlink())
        except OSError:
            continue  # the one by which this very listing was read
    return found


def _difference(before: Any, after: Any) -> str:
    if isinstance(before, dict):
        keys = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
        return ", ".join(f"{key} {_was(before.get(key), after.get(key))}" for key in keys)
    if isinstance(before, set):
        return ", ".join(sorted(after - before))
    return _was(before, after)


def _was(before: Any, after: Any) -> str:
    return f"was {before!r} and is {after!r}"
