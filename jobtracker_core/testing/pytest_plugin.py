"""What the kit adds to pytest: a list of what could not be checked."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

NOT_CHECKED: Final = "jobtracker: not checked"
"""Name of the property of a test's report that holds (collector, check, reason)."""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the checks that were not made, by collector and reason."""
    checks: dict[tuple[str, str], set[str]] = defaultdict(set)
    for report in terminalreporter.stats.get("passed", ()):
        for name, value in report.user_properties:
            if name == NOT_CHECKED:
                collector, check, why = value
                checks[collector, why].add(check)
    if checks:
        terminalreporter.section("not checked by the conformance kit")
    for (collector, why), names in sorted(checks.items()):
        terminalreporter.line(f"{collector}: {', '.join(sorted(names))}: {why}")
