"""Is python-jobspy here, and what does it say of itself? Asked without importing it.

Importing it takes a second or two and brings pandas, so that happens within a run alone.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from jobtracker_core import ConfigError

if TYPE_CHECKING:
    from jobspy.model import Scraper

LIBRARY = "python-jobspy"
WANTED = f"{LIBRARY}>=1.4.1,<1.5"

_OLDEST, _TOO_NEW = (1, 4, 1), (1, 5)
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")

_LEFT_OUT = re.compile(r"for site in Site if site != Site\.GOOGLE\b")
"""How 1.4.1 leaves Google out of its default sites (`jobspy/model.py`, `ScraperInput`)."""


def missing() -> str | None:
    """Say why python-jobspy cannot be used; None if it can. Takes a few milliseconds."""
    if importlib.util.find_spec("jobspy") is None:
        return f"{LIBRARY} is not installed: pip install '{WANTED}'"
    try:
        installed = version()
    except importlib.metadata.PackageNotFoundError:
        return f"a package `jobspy` is there, and it is not {LIBRARY}: pip install '{WANTED}'"
    numbers = _NUMBERS.match(installed)
    parts = tuple(map(int, numbers[0].split("."))) if numbers else ()
    if not _OLDEST <= parts < _TOO_NEW:
        return f"{LIBRARY} {installed} is installed: pip install '{WANTED}'"
    return None


def version() -> str:
    """Return the release that is installed."""
    return importlib.metadata.version(LIBRARY)


def google_left_out() -> str | None:
    """Say that python-jobspy leaves Google out; None if it does so no more.

    python-jobspy offers no way to ask for that. Its list of default sites is an expression in
    `model.py`, so the text of that file is searched for it. In words its README of 1.4.1 says the
    same: "currently unavailable".
    """
    spec = importlib.util.find_spec("jobspy")
    if spec is None or spec.origin is None:
        return missing()
    text = Path(spec.origin).with_name("model.py").read_text(encoding="utf-8")
    if _LEFT_OUT.search(text):
        return f"{LIBRARY} {version()} says that Google is out of order, and leaves it out"
    return None


def scraper(name: str) -> type[Scraper]:
    """Import python-jobspy and return one of the scraper classes that it exports.

    Raises ConfigError if it cannot be imported, or has no such class.
    """
    try:
        return cast("type[Scraper]", getattr(importlib.import_module("jobspy"), name))
    except Exception as error:  # a stranger's module may raise anything
        raise ConfigError(
            LIBRARY, f"cannot be used ({type(error).__name__}: {error}); install {WANTED}"
        ) from error
