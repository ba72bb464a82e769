"""Tables at a terminal and elsewhere."""

from __future__ import annotations

import json
import sys

from jobtracker_core.cli import output
from jobtracker_core.cli.output import print_table

ROWS = [(12345, "A title that is far too long for this terminal", "succeeded", "2026-11-23 12:00")]
HEADINGS = ("ID", "TITLE", "STATE", "STARTED")


def test_a_narrow_terminal_cuts_titles_and_never_numbers_states_or_dates(
    monkeypatch, capsys
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    print_table(HEADINGS, ROWS, prose=("TITLE",))
    (_, line) = capsys.readouterr().out.splitlines()
    assert line.split()[0] == "12345"
    assert "succeeded" in line
    assert line.rstrip().endswith("2026-11-23 12:00")
    assert "…" in line


def test_elsewhere_cells_are_separated_by_tabs_and_stay_one_line(capsys) -> None:
    print_table(("A", "B"), [("x\ty\nz", None), (True, ("p", "q"))])
    assert capsys.readouterr().out == "A\tB\nx y z\t\nyes\tp, q\n"


def test_what_still_does_not_fit_is_left_out_from_the_right(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    print_table(HEADINGS, ROWS, prose=("TITLE",))
    (head, line) = capsys.readouterr().out.splitlines()
    assert line.split()[0] == "12345"
    assert "succeeded" in line
    assert "STARTED" not in head


def test_json_steers_no_terminal_and_means_the_same(capsys) -> None:
    told = {"name": "a\x1b]0;b\x07c\x9b31md\x7fe\u202ef", "rest": "ü 漢 👨\u200d💻"}
    for show in (output.print_json, output.print_json_line):
        show(told)
        printed = capsys.readouterr().out
        assert json.loads(printed) == told
        assert not {"\x1b", "\x07", "\x9b", "\x7f", "\u202e"} & {*printed}
        assert "ü 漢" in printed
