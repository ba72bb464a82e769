"""The one place that touches python-jobspy: is it here, and what it exports.

Importing it takes a second or two and brings pandas, so that happens within a run alone; whether it
is here is asked without importing it.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobtracker_core import ConfigError

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


def scraper(name: str) -> Any:
    """Return a new scraper of a class that python-jobspy exports. Raises ConfigError."""
    return _part("jobspy", name)()


def scraper_input(words: Mapping[str, Any]) -> Any:
    """Return what a scraper is asked with, descriptions in HTML. Raises ConfigError."""
    return _part("jobspy.model", "ScraperInput").model_validate(
        {**words, "description_format": "html"}
    )


def proxies(url: str) -> Mapping[str, str]:
    """Return the proxy of each scheme as python-jobspy understands `url`; "" is for none."""
    found: Mapping[str, str] = _part("jobspy.util", "RotatingProxySession").format_proxy(url)
    return found


def no_detour() -> Mapping[Any, str]:
    """Return the option that keeps curl from heeding the environment's NO_PROXY."""
    return {_part("curl_cffi", "CurlOpt").NOPROXY: ""}


def _part(module: str, name: str) -> Any:
    """Import a module of python-jobspy, or one that it needs, and return one of its names.

    Raises ConfigError if it cannot be imported, or has no such name.
    """
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:  # a stranger's module may raise anything
        raise ConfigError(
            LIBRARY, f"cannot be used ({type(error).__name__}: {error}); install {WANTED}"
        ) from error
