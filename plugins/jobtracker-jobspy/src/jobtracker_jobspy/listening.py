"""Listening to a scraper: it tells some of its troubles only to its log."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

_PAGE = re.compile(r"search page: (\d+)")
_SKIP = re.compile(r"skipping job: (.*)", re.DOTALL)
_DETAILS = re.compile(r"job (?:\S+|details): (.*)", re.DOTALL)


class _Private(logging.Logger):
    """Known to nobody else, and not to be silenced by `logging.disable()`."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  (the standard library's name)
        """See logging.Logger."""
        return level >= logging.INFO


class Ear(logging.Handler):
    """Hears what one call of a scraper logs. For one thread.

    The scraper gets a logger of its own for it (`Scraper.log` is an attribute of each instance), so
    that neither the level nor the handlers that this process has for "jobspy" matter, and nothing
    of them is altered.

    Args:
        on_page: Called before a list page is asked for. What it raises ends the
            call, since scrapers announce their pages outside of any `try`.

    Attributes:
        page: The last list page that was asked for; 0 if none was.
        skipped: Items that could not be read: the list page they stood on, and why.
        details: Why descriptions could not be had.
        others: All other warnings and errors, those of `Scraper.warnings` among them.
    """

    def __init__(self, on_page: Callable[[], None]) -> None:
        super().__init__()
        self._on_page = on_page
        self.page = 0
        self.skipped: list[tuple[int, str]] = []
        self.details: list[str] = []
        self.others: list[str] = []

    def logger(self, name: str) -> logging.Logger:
        """Return a logger that only this handler hears."""
        logger = _Private(name)
        logger.addHandler(self)
        return logger

    def emit(self, record: logging.LogRecord) -> None:
        """Sort a line."""
        text = record.getMessage()
        if page := _PAGE.match(text):
            self.page = int(page[1])
            self._on_page()
        elif skip := _SKIP.fullmatch(text):
            self.skipped.append((self.page, skip[1]))
        elif details := _DETAILS.fullmatch(text):
            self.details.append(details[1])
        elif record.levelno >= logging.WARNING:
            self.others.append(text)
