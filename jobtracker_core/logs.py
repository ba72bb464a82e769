"""Structured logs on standard error: lines for people at a terminal, JSON elsewhere.

A log is made once at the entry point and passed down; nothing of structlog is configured globally.
"""

from __future__ import annotations

import contextlib
import logging
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from jobtracker_core.http.lightly import without

# Where it is installed, structlog takes it in for coloured tracebacks, which are not used: 4 MB.
with without("rich"):
    import structlog
    from structlog.typing import EventDict, FilteringBoundLogger, Processor

from jobtracker_core.settings.hidden import HIDDEN, hide_secrets, is_secret

Log = FilteringBoundLogger
Style = Literal["human", "json"]

_FIRST = ("timestamp", "level", "event")
# What structlog's methods call their own arguments, and what processors would act on.
_TAKEN = frozenset({*_FIRST, "self", "method_name", "args", "exc_info", "exception", "stack_info"})
_DEEPEST = 6
_LEVELS = sorted(
    structlog.processors.NAME_TO_LEVEL[name]
    for name in ("debug", "info", "warning", "error", "critical")
)


def open_log(*, level: str, style: str, write: Callable[[str], None] | None = None) -> Log:
    """Make a log.

    Args:
        level: The least severe lines that are written: debug, info, warning or error.
        style: human, json, or auto: human if standard error is a terminal now.
        write: Takes each line without its end; None writes to what `sys.stderr` is at that moment.
    """
    human = style == "human" or (style == "auto" and sys.stderr.isatty())
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        if human
        else structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
        _as_line if human else structlog.processors.JSONRenderer(),
    ]
    log: Log = structlog.wrap_logger(
        _Lines(write or _to_stderr),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
        cache_logger_on_first_use=True,
    )
    return log


def run_sink(log: Log) -> Callable[[str, str, Mapping[str, object]], None]:
    """Return what a run's log can be written through: called with level, event and fields.

    A field whose name a log line needs for itself is written as `plugin_NAME`.
    """

    def write(level: str, event: str, fields: Mapping[str, object]) -> None:
        told = {f"plugin_{k}" if k in _TAKEN else k: value for k, value in fields.items()}
        log.log(structlog.processors.NAME_TO_LEVEL[level], event, **told)

    return write


@contextlib.contextmanager
def routed(log: Log) -> Iterator[None]:
    """Write what libraries log through `logging` to `log`, while the block runs.

    Levels stay as they are: warnings and errors, unless a library's own level was set.
    """
    handler = _Bridge(log)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Hide secrets, at any depth, and leave only what JSON knows. A processor of structlog."""
    ordered = {key: event[key] for key in _FIRST if key in event} | dict(event)
    return {
        key: HIDDEN if key not in _FIRST and is_secret(key) else _plain(value, _DEEPEST)
        for key, value in ordered.items()
    }


def _plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth:
        if isinstance(value, Mapping):
            return {
                str(key): HIDDEN if is_secret(str(key)) else _plain(inner, depth - 1)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [_plain(inner, depth - 1) for inner in value]
    return hide_secrets(str(value))


def _as_line(_logger: Any, _method: str, event: EventDict) -> str:
    """Render one line without anything that steers a terminal."""
    stamp, level, what = (_harmless(event.pop(key, "")) for key in _FIRST)
    trace = event.pop("exception", None)
    fields = " ".join(f"{_harmless(key)}={_field(value)}" for key, value in event.items())
    line = f"{stamp} {level}: {what} {fields}".rstrip()
    if trace is None:
        return line
    return "\n".join([line, *(f"    {_harmless(part)}" for part in str(trace).splitlines())])


def _field(value: object) -> str:
    text = " ".join(_harmless(value).split())
    return f'"{text}"' if not text or " " in text else text


def _harmless(value: object) -> str:
    return "".join(c if c.isprintable() else " " for c in str(value))


def _to_stderr(line: str) -> None:
    # Looked up at each line: while a live line is shown, standard error leads past it.
    # Whoever watched may have gone away; that must not end what is being watched.
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201


class _Lines:
    """What structlog writes finished lines to, whatever their level."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = write


class _Bridge(logging.Handler):
    """Passes records of `logging` on."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = max((known for known in _LEVELS if known <= record.levelno), default=_LEVELS[0])
            self._log.log(
                level, record.getMessage(), logger=record.name, exc_info=record.exc_info or None
            )
        except Exception:  # noqa: BLE001  (logging's own rule: a handler raises nothing)
            self.handleError(record)
