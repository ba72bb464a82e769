"""The files of a new plugin: a small one that works, to be edited into another site's."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from jobtracker_core.contract.info import NAME_PATTERN

OURS: Final = frozenset({"jobtracker-core", "jobtracker-jobspy"})
"""Packages whose names are those of no collector."""

SUFFIX: Final = ".tmpl"
"""Behind each template's name, so that no tool takes it for the code that it will be."""


class SkeletonError(Exception):
    """A plugin of that name cannot be written there; the message says why."""

    hint = "Choose another name or another directory."


def distribution(name: str) -> str:
    """Return the name of the pip package for a collector of that name."""
    return "-".join(["jobtracker", *_parts(name)])


def write(name: str, directory: Path) -> tuple[Path, ...]:
    """Write the skeleton of a plugin with a collector `name`; return its files in order.

    Raises SkeletonError for a name that no collector may have and for a directory that is not
    empty; nothing is written then. Raises OSError where the directory cannot be written.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise SkeletonError(f"{name!r} is no collector's name: one matches {NAME_PATTERN}")
    if distribution(name) in OURS:
        raise SkeletonError(f"{distribution(name)!r} is a package of JobTracker's own")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise SkeletonError(f"{directory} is there already and not empty")
    words = _words(name)
    written = []
    for parts, template in sorted(_templates(files(__package__) / "template", ())):
        path = directory.joinpath(*(_fill(part, words) for part in parts)).with_suffix("")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_fill(template, words), encoding="utf-8")
        written.append(path)
    return tuple(written)


def _parts(name: str) -> list[str]:
    return [part for part in name.split("_") if part]


def _words(name: str) -> dict[str, str]:
    parts = _parts(name)
    return {
        "name": name,
        "distribution": distribution(name),
        "module": f"jobtracker_{name}",
        "class": "".join(part.capitalize() for part in parts),
        "title": " ".join(part.capitalize() for part in parts),
        "host": "-".join(parts) + ".example",
    }


def _templates(folder: Traversable, above: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    found = []
    for entry in folder.iterdir():
        parts = (*above, entry.name)
        if entry.is_dir():
            found += _templates(entry, parts)
        elif entry.name.endswith(SUFFIX):
            found.append((parts, entry.read_text(encoding="utf-8")))
    return found


def _fill(text: str, words: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: words[match[1]], text)
