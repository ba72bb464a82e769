"""Tables at a terminal and elsewhere."""

from __future__ import annotations

import sys

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
