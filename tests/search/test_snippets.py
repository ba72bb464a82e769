"""Where a text holds what a query looks for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobtracker_core.search.language import Node, parse
from jobtracker_core.search.snippets import marks, snippet


def query(text: str) -> Node:
    node = parse(text)
    assert node is not None
    return node


def marked(typed: str, text: str, language: str | None = None, **more) -> list[str]:
    return [text[start:end] for start, end in marks(text, query(typed), language, **more)]


@pytest.mark.parametrize(
    ("typed", "text", "hits"),
    [
        (
            "engineer",
            "Engineers, engineering (Engineer!)",
            ["Engineers", "engineering", "Engineer"],
        ),
        ('"data engineer"', "Data\n engineers eat data", ["Data\n engineers"]),
        ("node.js C++", "C++ and Node.js, node", ["C++", "Node.js"]),
        ("dev*", "a developer of devices", ["developer", "devices"]),
        ('"data eng"*', "the data engineering", ["data engineering"]),
        ("muller OR zzz", "Müller’s İ Müller", ["Müller’s", "Müller"]),
        ("engineer -manager (-is:new OR title:data)", "data engineer manager", ["engineer"]),
        ("工程", "软件工程师", ["工程"]),
        ('"b c" "a b" c', "a b c d", ["a b c"]),
        ("zzz", "a b", []),
        ("is:new", "new", []),
    ],
)
def test_words_that_are_looked_for_are_marked(typed: str, text: str, hits: list[str]) -> None:
    assert marked(typed, text) == hits


def test_words_are_marked_by_the_language_and_the_field_of_the_text() -> None:
    assert marked("Entwickler", "die Entwicklerinnen", "de") == ["Entwicklerinnen"]
    assert marked("Entwickler", "die Entwicklerinnen", "en") == []
    assert marked("title:data place:data eng*", "data eng", field="title") == ["data", "eng"]
    assert marked("title:data", "data", field="company") == []


FAR = "Lorem ipsum dolor sit amet. " * 30


def test_a_snippet_is_where_most_of_the_query_stands() -> None:
    text = f"We use Python. Python! {FAR}Python and Kubernetes on Linux, in a small team. {FAR}"
    parts = snippet(text, query("python kubernetes linux"), "en", width=100)
    shown = "".join(part.text for part in parts)
    assert [part.text for part in parts if part.is_hit] == ["Python", "Kubernetes", "Linux"]
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert 80 < len(shown) <= 104
    assert shown.strip("… ") in text
    # No word is cut.
    assert f" {shown[2:-2].strip()} " in text


def test_a_snippet_of_nothing_found_is_the_beginning() -> None:
    (part,) = snippet(f"One\n\ntwo {FAR}", query("zzz"), None, width=50)
    assert part.text == "One two Lorem ipsum dolor sit amet. Lorem ipsum …"
    assert snippet("", query("zzz"), None) == ()
    (part,) = snippet("short", query("zzz"), None)
    assert part.text == "short"


def test_a_phrase_longer_than_the_snippet_is_cut() -> None:
    parts = snippet(
        "x " * 20 + "alpha beta gamma delta", query('"alpha beta gamma delta"'), None, width=10
    )
    assert [part.text for part in parts if part.is_hit] == ["alpha beta"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a1", "b1", "c1", "İ", "é", "工", "\n", "’s", "x,y", "-", "…"]),
        max_size=60,
    ),
    st.sampled_from(["a1", '"a1 b1" c1', "工 OR b*", "-a1", "title:a1 x"]),
    st.integers(1, 40),
)
def test_any_snippet_is_of_the_text(pieces: list[str], typed: str, width: int) -> None:
    text = " ".join(pieces)
    parts = snippet(text, query(typed), None, width)
    shown = "".join(part.text for part in parts)
    whole = " ".join(text.split())
    assert len(shown) <= width + 4
    assert shown.removeprefix("… ").removesuffix(" …").strip() in whole
    assert all(part.text for part in parts)
    assert all(part.is_hit != following.is_hit for part, following in pairwise(parts))
    if marks(text, query(typed), None) and width >= 10:
        assert any(part.is_hit for part in parts)
