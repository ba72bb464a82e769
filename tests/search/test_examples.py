"""Every example of docs/reference/search.md does what is said of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobtracker_core.search.analyzer import alternatives, analyse, places
from jobtracker_core.search.language import (
    All,
    AnyOf,
    Node,
    Not,
    SearchError,
    Term,
    parse,
    show,
)

PAGE = Path(__file__).parents[2] / "docs/reference/search.md"


def rows(title: str) -> list[list[str]]:
    """The rows of the table below a heading, without code marks at their ends."""
    (section,) = re.findall(
        rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [
        [
            re.sub(r"^`([^`]*)`$", r"\1", cell.strip())
            for cell in re.split(r" \| ", line.strip("| "))
        ]
        for line in lines
    ]


def holds(node: Node | None, stems: tuple[str, ...]) -> bool:
    match node:
        case Term():
            sequences = alternatives(node.text, prefix=node.is_prefix)
            return any(next(places(stems, each), None) is not None for each in sequences)
        case Not():
            return not holds(node.node, stems)
        case All():
            return all(holds(part, stems) for part in node.nodes)
        case AnyOf():
            return any(holds(part, stems) for part in node.nodes)
        case _:
            raise AssertionError(node)


@pytest.mark.parametrize(("typed", "found", "others"), rows("Words"))
def test_a_query_of_words_finds_what_is_said(typed: str, found: str, others: str) -> None:
    node = parse(typed)
    for text in found.split("; "):
        assert holds(node, analyse(text, "en")), text
    for text in others.split("; "):
        assert not holds(node, analyse(text, "en")), text


@pytest.mark.parametrize(("typed", "_", "shown"), rows("Words in one place") + rows("Facts"))
def test_a_query_is_written_down_as_is_said(typed: str, _: str, shown: str) -> None:
    node = parse(typed)
    assert node is not None
    assert show(node) == shown
    again = parse(shown)
    assert again is not None
    assert show(again) == shown


def test_each_word_that_a_fact_knows_is_said() -> None:
    known = 0
    for typed, meaning, _ in rows("Facts"):
        name = typed.partition(":")[0]
        for word in (
            re.findall(r"`(\w+)`", meaning) if name in {"employment", "seniority", "status"} else ()
        ):
            assert parse(f"{name}:{word}") is not None
            known += 1
    assert known == 9 + 8 + 7


@pytest.mark.parametrize(("typed", "answer", "at"), rows("Mistakes"))
def test_a_mistake_is_answered_as_is_said(typed: str, answer: str, at: str) -> None:
    with pytest.raises(SearchError) as caught:
        parse(typed)
    assert str(caught.value) == answer
    assert typed[caught.value.start : caught.value.end] == at
