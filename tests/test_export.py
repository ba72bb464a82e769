"""Exports are read back as what they were made of, and no spreadsheet executes them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobtracker_core.contract.posting import Place, Remote
from jobtracker_core.export import COLUMNS, cell, encode
from jobtracker_core.storage.walk import WalkedJob

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
TRIGGERS = "=+-@\t\r\n\x00＝＋－＠"
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
NUMERIC = {"id", "latitude", "longitude"} | {
    name for name in COLUMNS if name.endswith(("_min", "_max", "_factor"))
}

# What the program stores: any text but for lone surrogates. NUL is here to be sure.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
nasty = st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            [
                *TRIGGERS,
                " ",
                "\u00a0",
                "\u200b",
                "\ufeff",
                '"',
                ";",
                ",",
                "'",
                "1",
                "cmd|' /C calc'!A0",
            ]
        ),
        max_size=8,
    ),
)
any_text = texts | nasty
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)


def job(**fields: Any) -> WalkedJob:
    plain: dict[str, Any] = dict.fromkeys(WalkedJob.__struct_fields__)
    plain.pop("description")
    needed = {
        "id": 1,
        "source": "board",
        "source_id": "a",
        "url": "https://board.example/1",
        "title": "Cook",
        "details_due": False,
        "first_seen_at": NOW,
        "changed_at": NOW,
        "version": 1,
    }
    return WalkedJob(**(plain | needed | fields))


jobs_of_any_text = st.builds(
    job,
    id=st.integers(1, 2**63 - 1),
    source_id=any_text,
    title=any_text,
    company=st.none() | any_text,
    skills=st.none() | st.lists(any_text, max_size=3).map(tuple),
    places=st.none() | st.lists(st.builds(Place, text=any_text), max_size=2).map(tuple),
    pay_text=any_text,
    pay_min=numbers,
    latitude=numbers,
    longitude=numbers,
    description=any_text,
)
lists = st.lists(jobs_of_any_text, max_size=4)


def rows_of(jobs: list[WalkedJob], *, with_text: bool = False) -> list[list[str]]:
    content = b"".join(encode(jobs, "csv", with_text=with_text)).decode()
    return list(csv.reader(io.StringIO(content, newline=""), strict=True))


@given(lists)
def test_csv_is_read_back_as_one_row_a_job_with_the_same_columns(jobs) -> None:
    header, *rows = rows_of(jobs)
    assert tuple(header) == COLUMNS
    assert [len(row) for row in rows] == [len(COLUMNS)] * len(jobs)
    for row, wanted in zip(rows, jobs, strict=True):
        got = dict(zip(header, row, strict=True))
        assert got["id"] == str(wanted.id)
        assert [got[name] for name in NUMERIC if getattr(wanted, name) is None] == [""] * sum(
            getattr(wanted, name) is None for name in NUMERIC
        )
        assert float(got["longitude"] or 0) == (wanted.longitude or 0)
        # Nothing is taken away but NUL, and nothing is added but apostrophes.
        assert got["title"].replace("'", "") == wanted.title.replace("'", "").replace("\x00", "")


@given(lists)
def test_no_cell_begins_as_a_formula(jobs) -> None:
    header, *rows = rows_of(jobs, with_text=True)
    for row in rows:
        for name, value in zip(header, row, strict=True):
            if name in NUMERIC:
                assert value == "" or NUMBER.fullmatch(value)
            else:
                assert not value.startswith(tuple(TRIGGERS))
                assert not value.lstrip().lstrip("\u200b\ufeff \u00a0").startswith(tuple(TRIGGERS))


@given(lists)
def test_no_cell_begins_as_a_formula_where_lists_are_parted_otherwise(jobs) -> None:
    """A spreadsheet that takes semicolons or tabs for the separator sees other cells."""
    text = b"".join(encode(jobs, "csv", with_text=True)).decode()
    for separator in ";\t":
        for line in re.split(r"[\r\n]+", text):
            for part in line.split(separator)[1:]:
                assert not part.lstrip(" \"'\u00a0\u200b\ufeff").startswith(
                    tuple("=+-@＝＋－＠")
                ) or part.lstrip(' "\u00a0\u200b\ufeff').startswith("'")


@given(lists)
def test_json_is_read_back_whole(jobs) -> None:
    array = b"".join(encode(jobs, "json", with_text=True))
    lines = b"".join(encode(jobs, "jsonl", with_text=True))
    assert json.loads(array) == [json.loads(line) for line in lines.splitlines()]
    assert msgspec.json.decode(array, type=list[WalkedJob]) == jobs
    assert lines.count(b"\n") == len(jobs)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Cook", "Cook"),
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("\u00a0\u200b@SUM(A1)", "'\u00a0\u200b@SUM(A1)"),
        ("＝1", "'＝1"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\n- x", "'\n'- x"),
        ("\x00x", "'x"),
        ("-12.5", "'-12.5"),
        (-12.5, "-12.5"),
        (3.0, "3"),
        (None, ""),
        ('x;=HYPERLINK("a")', 'x;\'=HYPERLINK("a")'),
        ('x;" =1', "x;\" '=1"),
        ("line\n+1", "line\n'+1"),
        ("C++ - C; C#", "C++ - C; C#"),
        (["a", "-b"], "a; '-b"),
        ([{"city": "Bonn", "country": "DE"}, {"text": "=x"}], "Bonn, DE; '=x"),
    ],
)
def test_cells(value: Any, expected: str) -> None:
    assert cell(value) == expected


def test_the_header_is_what_it_was() -> None:
    """Somebody's sheet counts on it: add at the end, take nothing away."""
    assert ",".join(COLUMNS) == (
        "id,source,source_id,title,company,place,city,region,country,latitude,longitude,places,"
        "remote,employment,seniority,skills,language,pay_text,pay_min,pay_max,pay_currency,"
        "pay_interval,pay_kind,pay_year_min,pay_year_max,pay_year_factor,posted_at,"
        "posted_precision,url,apply_url,closed_at,details_at,first_seen_at,changed_at"
    )


def test_descriptions_are_text_in_csv_and_html_in_json() -> None:
    whole = job(description="<p>One</p><ul><li>two</li></ul>", remote=Remote.HYBRID)
    header, row = rows_of([whole], with_text=True)
    assert (header[-1], row[-1]) == ("description", "One\n\n'- two")
    assert row[header.index("remote")] == "hybrid"
    assert row[header.index("changed_at")] == "2026-11-23T12:30:00Z"
    (line,) = encode([whole], "jsonl", with_text=True)
    assert json.loads(line)["description"] == "<p>One</p><ul><li>two</li></ul>"
    (line,) = encode([job()], "jsonl")
    assert "description" not in json.loads(line)
    assert "description" not in rows_of([whole])[0]


def test_every_cell_is_in_quotes_and_lines_end_as_the_standard_says() -> None:
    content = b"".join(encode([job(title='a "b"\nc')], "csv"))
    header, row, end = content.split(b"\r\n")
    assert header.startswith(b'"id","source"')
    assert b'"a ""b""\nc"' in row
    assert end == b""


def test_an_export_of_nothing_is_still_one() -> None:
    assert json.loads(b"".join(encode([], "json"))) == []
    assert b"".join(encode([], "jsonl")) == b""
    assert rows_of([]) == [list(COLUMNS)]


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_pieces_come_as_the_jobs_do(kind) -> None:
    taken = 0

    def endless() -> Iterator[WalkedJob]:
        nonlocal taken
        while True:
            taken += 1
            yield job(id=taken)

    pieces = encode(endless(), kind)
    for _ in range(4):
        next(pieces)
    assert taken <= 4
