"""The page of the faults: made of what ran, and true of the tests that there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fault_report import TITLES, VARIABLE, Row, page

pytest_plugins = ("pytester",)

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "faults.md"
MARK = "@pytest.mark." + "fault("


def marks(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """The faults that a file's tests name: number, test, what was done, what held."""
    where = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef):
            continue
        for call in node.decorator_list:
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.fault":
                words = {keyword.arg: keyword.value for keyword in call.keywords}
                number, done, holds = map(
                    ast.literal_eval, (call.args[0], words["done"], words["holds"])
                )
                yield number, f"{where}::{node.name}", done, holds


def rows_of_the_page() -> Iterator[tuple[str, str, str, str]]:
    number = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## F"):
            number = line.removeprefix("## ").partition(":")[0]
        elif line.startswith("| ") and line.endswith("` |"):
            done, holds, _database, result, _seed, test = line.strip("| ").split(" | ")
            assert re.fullmatch(r"held, (\d+) of \1", result), line
            yield number, test.strip("`"), done, holds


@pytest.fixture(scope="module")
def there() -> list[tuple[str, str, str, str]]:
    files = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/**/test_*.py")]
    found = [mark for path in sorted(files) for mark in marks(path)]
    written = sum(path.read_text(encoding="utf-8").count(MARK) for path in files)
    assert len(found) == written > 0, "a mark is not a function's own, so it is not found here"
    return found


def test_the_page_names_every_fault_test_and_no_other(there) -> None:
    assert sorted(rows_of_the_page()) == sorted(there), "`make faults` writes the page again"


def test_every_mark_names_a_fault_in_two_plain_sentences(there) -> None:
    for number, test, *sentences in there:
        assert number in {f"F{known}" for known in TITLES}, test
        for sentence in sentences:
            assert 10 <= len(sentence) <= 200, test
            assert not set(sentence) & set("|\n`"), test


def test_the_guide_leads_to_the_page() -> None:
    assert "reference/faults.md" in (ROOT / "docs" / "README.md").read_text(encoding="utf-8")


FAILING = """
import pytest
fault = pytest.mark.fault

@fault("F2", done="killed it", holds="it came back")
@fault("F1", done="killed many", holds="all came back")
@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_one(dialect, record_property):
    record_property("seed", 7)

@fault("F2", done="asked", holds="an answer")
@pytest.mark.parametrize("number", range(3))
def test_two(number):
    assert number

@pytest.fixture
def broken():
    raise OSError

@fault("F3", done="broke it", holds="nothing")
def test_three(broken):
    pass

def test_four():
    pass
"""


@pytest.mark.parametrize("processes", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "xdist"])
def test_a_page_is_made_of_what_ran(pytester: pytest.Pytester, monkeypatch, processes) -> None:
    monkeypatch.setenv(VARIABLE, "page.md")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests" / "support"))
    pytester.makepyfile(test_it=FAILING)
    pytester.makeini("[pytest]\nmarkers = fault: a fault")
    pytester.runpytest_subprocess("-p", "fault_report", *processes)
    lines = (pytester.path / "page.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("## ")][:3] == [
        f"## F{number}: {TITLES[number]}" for number in (1, 2, 3)
    ]
    assert [line for line in lines if line.endswith("` |")] == [
        "| killed many | all came back | SQLite, PostgreSQL | held, 2 of 2 | 7 | `test_it.py::test_one` |",
        "| killed it | it came back | SQLite, PostgreSQL | held, 2 of 2 | 7 | `test_it.py::test_one` |",
        "| asked | an answer | – | **failed**, held 2 of 3 | – | `test_it.py::test_two` |",
        "| broke it | nothing | – | **failed**, held 0 of 1 | – | `test_it.py::test_three` |",
    ]
    assert "- F5: The server is killed within a request" in lines


def test_what_was_skipped_is_not_said_to_have_held() -> None:
    row = Row(number="F1", done="d", holds="h", test="t", engine="-", outcome="skipped")
    assert "| not run, held 0 of 1 |" in page([row])


def test_a_fault_that_no_plan_knows_is_refused(pytester: pytest.Pytester, monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, "page.md")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests" / "support"))
    pytester.makepyfile(
        "import pytest\nfault = pytest.mark.fault\n@fault('F99', done='d', holds='h')\ndef test_it(): pass"
    )
    pytester.makeini("[pytest]\nmarkers = fault: a fault")
    ended = pytester.runpytest_subprocess("-p", "fault_report", "-p", "no:randomly")
    assert ended.ret != 0
    assert "there is no fault 'F99'" in ended.stderr.str() + ended.stdout.str()
