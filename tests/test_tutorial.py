"""The tutorial for plugin authors builds exactly the example."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "jobtracker-board"
PAGE = ROOT / "docs" / "plugin-authors" / "first-collector.md"
BLOCK = re.compile(
    r"^`(?P<path>[\w./]+)`(?P<more>, continued)?:\n\n(?P<fence>`{3,})\w+\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)


def written() -> dict[str, list[str]]:
    """The parts of each file, in the order of the page."""
    parts: dict[str, list[str]] = {}
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        known = parts.setdefault(block["path"], [])
        assert bool(known) is bool(block["more"]), block["path"]
        known.append(block["text"])
    return parts


def lines(text: str) -> list[str]:
    """The lines that are not empty: how far apart two parts of a file stand, the reader decides."""
    return [line for line in text.splitlines() if line]


def test_every_file_of_the_example_is_built() -> None:
    names = {
        str(path.relative_to(EXAMPLE))
        for path in EXAMPLE.rglob("*")
        if path.suffix in {".py", ".toml", ".md", ".typed"}
    }
    assert written().keys() | {"src/jobtracker_board/py.typed"} == names
    assert "touch src/jobtracker_board/py.typed" in PAGE.read_text(encoding="utf-8")


def test_the_parts_make_up_the_files() -> None:
    for path, parts in written().items():
        wanted = (EXAMPLE / path).read_text(encoding="utf-8")
        assert lines("".join(parts)) == lines(wanted), path
        if len(parts) == 1:
            assert parts[0] == wanted, path
