"""What the kit adds to pytest: a list of what could not be checked."""

from __future__ import annotations

from typing import Any

NOT_CHECKED = "jobtracker: not checked"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the checks that were not made, each with its reason."""
    lines = sorted(
        {
            str(value)
            for report in terminalreporter.stats.get("passed", ())
            for name, value in report.user_properties
            if name == NOT_CHECKED
        }
    )
    if lines:
        terminalreporter.section("not checked by the conformance kit")
        for line in lines:
            terminalreporter.line(line)
