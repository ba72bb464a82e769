"""The query language: what is read out of a query, and its canonical form."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.search import facts
from jobtracker_core.search.language import (
    All,
    AnyOf,
    Fact,
    Node,
    Not,
    SearchError,
    Term,
    parse,
    show,
)
from jobtracker_core.search.nodes import FACT_NAMES, TEXT_FIELDS
from jobtracker_core.storage.applications import Status


def placeless(node: Node | None) -> Any:
    """A query without where its parts stood."""
    match node:
        case Term() | Fact():
            return structs.replace(node, start=0, end=0)
        case Not():
            return Not(placeless(node.node))
        case All() | AnyOf():
            return type(node)(tuple(placeless(part) for part in node.nodes))
        case _:
            return None


def word(text: str, **more) -> Term:
    return Term(text=text, **more)


A, B, C = word("a1"), word("b1"), word("c1")


@pytest.mark.parametrize(
    ("typed", "node"),
    [
        ("", None),
        (" \t\n ", None),
        ("& – / *", None),
        ("a1", A),
        ("a1 b1", All((A, B))),
        ("a1 AND b1", All((A, B))),
        ("a1 OR b1", AnyOf((A, B))),
        ("a1 or b1", All((A, word("or"), B))),
        ("a1 b1 OR c1", All((A, AnyOf((B, C))))),
        ("a1 OR b1 c1", All((AnyOf((A, B)), C))),
        ("(a1 b1) OR c1", AnyOf((All((A, B)), C))),
        ("a1 (b1 c1)", All((A, B, C))),
        ("a1 OR (b1 OR c1)", AnyOf((A, B, C))),
        ("-a1", Not(A)),
        ("NOT a1", Not(A)),
        ("--a1", A),
        ("-(a1 OR b1)", Not(AnyOf((A, B)))),
        ("-title:a1", Not(word("a1", field="title"))),
        ('"a1  b1"', word("a1 b1")),
        ("“a1 b1”", word("a1 b1")),
        ("„a1 b1“", word("a1 b1")),
        ("«a1 b1»", word("a1 b1")),
        ('"OR"', word("OR")),
        ('a1"b1"', All((A, B))),
        ("dev*", word("dev", is_prefix=True)),
        ('"data eng"*', word("data eng", is_prefix=True)),
        ("title:dev*", word("dev", field="title", is_prefix=True)),
        ("TITLE:a1", word("a1", field="title")),
        ('company:"acme inc"', word("acme inc", field="company")),
        ("skill:C++", word("C++", field="skill")),
        ("title:(a1 OR b1)", AnyOf((word("a1", field="title"), word("b1", field="title")))),
        ("title:(-a1 b1) c1", All((Not(word("a1", field="title")), word("b1", field="title"), C))),
        ("C++ C# .NET node.js R&D", All(tuple(map(word, ["C++", "C#", ".NET", "node.js", "R&D"])))),
        ("co-op", word("co-op")),
        ("24/7 10:30", All((word("24/7"), word("10:30")))),
        ("https://acme.example/jobs", word("https://acme.example/jobs")),
        ("Entwickler:in (m/w/d)", All((word("Entwickler:in"), word("m/w/d")))),
        ("a1\x00b1", All((A, B))),
        ("a1\ud800", A),
        ("工程师 OR مهندس", AnyOf((word("工程师"), word("مهندس")))),
    ],
)
def test_words_and_how_they_are_joined(typed: str, node: Node | None) -> None:
    assert placeless(parse(typed)) == node


def fact(name, value, operator="=", currency=None) -> Fact:
    return Fact(name=name, value=value, operator=operator, currency=currency)


@pytest.mark.parametrize(
    ("typed", "node", "shown"),
    [
        ("source:LinkedIn", fact("source", "linkedin"), "source:linkedin"),
        ("remote:hybrid", fact("remote", "hybrid"), "remote:hybrid"),
        ("remote:yes", fact("remote", "remote"), "remote:remote"),
        ("remote:no", fact("remote", "onsite"), "remote:onsite"),
        ("employment:full-time", fact("employment", "full_time"), "employment:full_time"),
        ('employment:"Full time"', fact("employment", "full_time"), "employment:full_time"),
        ("seniority:Lead", fact("seniority", "lead"), "seniority:lead"),
        ("country:de", fact("country", "DE"), "country:DE"),
        ("country:in", fact("country", "IN"), "country:IN"),
        ('country:"united kingdom"', fact("country", "GB"), "country:GB"),
        ("language:german", fact("language", "de"), "language:de"),
        ("status:applied", fact("status", "applied"), "status:applied"),
        ("is:new", fact("is", "new"), "is:new"),
        ("-is:closed", Not(fact("is", "closed")), "-is:closed"),
        ('tag:"call back"', fact("tag", "call back"), 'tag:"call back"'),
        ("pay:80k", fact("pay", 80_000, ">="), "pay:>=80k"),
        ("pay:>80k", fact("pay", 80_000, ">"), "pay:>80k"),
        ("pay:<=1.2M", fact("pay", 1_200_000, "<="), "pay:<=1200k"),
        ("pay:>2m", fact("pay", 2_000_000, ">"), "pay:>2M"),
        ("pay:=80500", fact("pay", 80_500), "pay:=80500"),
        ("pay:>80,000", fact("pay", 80_000, ">"), "pay:>80k"),
        ("pay:>80.000", fact("pay", 80_000, ">"), "pay:>80k"),
        ("pay:>1.234.567", fact("pay", 1_234_567, ">"), "pay:>1234567"),
        ("pay:>12.50", fact("pay", 12.5, ">"), "pay:>12.50"),
        ("pay:>80kEUR", fact("pay", 80_000, ">", "EUR"), "pay:>80kEUR"),
        ("pay:>usd90k", fact("pay", 90_000, ">", "USD"), "pay:>90kUSD"),
        ("pay:>€80k", fact("pay", 80_000, ">", "EUR"), "pay:>80kEUR"),
        ("posted:<7d", fact("posted", timedelta(days=7), "<"), "posted:<1w"),
        ("posted:7d", fact("posted", timedelta(days=7), "<"), "posted:<1w"),
        ("posted:>=2months", fact("posted", timedelta(days=60), ">="), "posted:>=2m"),
        ("seen:<24h", fact("seen", timedelta(days=1), "<"), "seen:<1d"),
        ("seen:<36h", fact("seen", timedelta(hours=36), "<"), "seen:<36h"),
        ("posted:<1y", fact("posted", timedelta(days=365), "<"), "posted:<1y"),
        ("posted:<0d", fact("posted", timedelta(0), "<"), "posted:<0h"),
        ("posted:>2026-11-01", fact("posted", date(2026, 11, 1), ">"), "posted:>2026-11-01"),
        ("posted:2026-11-01", fact("posted", date(2026, 11, 1)), "posted:2026-11-01"),
    ],
)
def test_facts(typed: str, node: Node, shown: str) -> None:
    read = parse(typed)
    assert placeless(read) == node
    assert read is not None
    assert show(read) == shown


def test_parts_know_their_place() -> None:
    text = 'python -title:"data eng"* pay:>80k'
    node: Any = parse(text)
    first, second, third = node.nodes
    places = [text[part.start : part.end] for part in (first, second.node, third)]
    assert places == ["python", 'title:"data eng"*', "pay:>80k"]


def test_words_are_those_of_the_contract() -> None:
    words = {"remote": Remote, "employment": Employment, "seniority": Seniority}
    for name, known in words.items():
        for value in known:
            assert placeless(parse(f"{name}:{value}")) == fact(name, value)
    assert set(facts.STATUSES) == set(get_args(Status))


def test_each_field_has_an_example_that_is_read() -> None:
    assert set(facts.EXAMPLES) == {*FACT_NAMES, *TEXT_FIELDS}
    for name, example in facts.EXAMPLES.items():
        node = parse(example)
        assert isinstance(node, Term | Fact)
        assert (node.name if isinstance(node, Fact) else node.field) == name


PIECES = st.sampled_from(
    [
        *(
            "python",
            "Müller",
            "C++",
            ".NET",
            "R&D",
            "工程师",
            "-",
            "-",
            "OR",
            "AND",
            "NOT",
            "(",
            ")",
        ),
        *(
            '"',
            "“",
            "*",
            ":",
            "title:",
            "company:",
            "is:new",
            "is:",
            "pay:>80k",
            "pay:",
            "<",
            "=7d",
        ),
        *(
            "posted:<7d",
            "posted:>2026-02-30",
            "tag:",
            "tag:“a b”",
            "9" * 20,
            "x:y",
            "\x00",
            "\ud83d",
        ),
        *('"a b"', "in", "Entwickler:in", "country:", "½", "İ", "e\u0301", "'s", "€", "k", "EUR"),
    ]
)
QUERIES = st.one_of(
    st.text(max_size=40),
    st.lists(st.tuples(PIECES, st.sampled_from(["", " "])), max_size=14).map(
        lambda pieces: "".join(map("".join, pieces))
    ),
    st.lists(PIECES, max_size=14).map(" ".join),
)


def read_or_refused(text: str) -> Node | SearchError | None:
    try:
        return parse(text)
    except SearchError as error:
        return error


@settings(max_examples=150, deadline=None)
@given(QUERIES)
def test_any_text_is_read_or_refused_at_its_place(text: str) -> None:
    node = read_or_refused(text)
    if isinstance(node, SearchError):
        assert 0 <= node.start < node.end <= len(text)
        assert node.message[-1] != "."
        assert node.hint[-1] == "."
    elif node is not None:
        shown = show(node)
        again = parse(shown)
        assert placeless(again) == placeless(node)
        assert again is not None
        assert show(again) == shown


WORDS = st.sampled_from(["a1", "OR", "-x", "a b", "C++", "x:y", "title:z", "Entwickler:in", "7d"])
LEAVES = st.one_of(
    st.builds(
        Term,
        text=WORDS,
        field=st.sampled_from([None, *TEXT_FIELDS]),
        is_prefix=st.booleans(),
    ),
    st.builds(Fact, name=st.just("tag"), value=WORDS),
    st.builds(
        Fact,
        name=st.just("pay"),
        value=st.integers(0, 10**14).map(lambda cents: cents / 100),
        operator=st.sampled_from([">", "<="]),
        currency=st.sampled_from([None, "EUR"]),
    ),
    st.builds(
        Fact,
        name=st.just("posted"),
        value=st.one_of(st.integers(0, 800_000).map(lambda h: timedelta(hours=h)), st.dates()),
        operator=st.sampled_from(["<", ">="]),
    ),
)


def _joined(kind, nodes) -> Any:
    flat = [part for node in nodes for part in (node.nodes if isinstance(node, kind) else [node])]
    return kind(tuple(flat))


TREES = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        parts.map(lambda node: node.node if isinstance(node, Not) else Not(node)),
        st.lists(parts, min_size=2, max_size=3).map(lambda nodes: _joined(All, nodes)),
        st.lists(parts, min_size=2, max_size=3).map(lambda nodes: _joined(AnyOf, nodes)),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_any_tree_is_shown_so_that_it_is_read_again(tree: Node) -> None:
    assert placeless(parse(show(tree))) == tree
