"""The contract's types: a plugin author's mistakes show in mypy, and good code passes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_mypy_says_exactly_what_is_expected(case: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--no-error-summary"),
            *("--config-file", str(ROOT / "pyproject.toml"), "--no-pretty"),
            *("--cache-dir", str(tmp_path), "--hide-error-context", str(case)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert result.stderr == ""
    said = {
        int(match[1]): match[2]
        for match in re.finditer(r"^[^:\n]+:(\d+): error: (.*)$", result.stdout, re.MULTILINE)
    }
    expected = {
        number: match[1]
        for number, line in enumerate(case.read_text().splitlines(), 1)
        if (match := re.search(r"# E: (.*)$", line))
    }
    assert len(expected) >= 10
    assert sorted(said) == sorted(expected), result.stdout
    for number, text in expected.items():
        assert text in said[number], f"line {number}"
