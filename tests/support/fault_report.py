"""Collects how the fault tests of a run ended, and writes the page that shows it.

A test names its fault by the mark `fault(number, done, holds)`, and says with
`record_property("seed", n)` what its chance began with. Where `JOBTRACKER_FAULT_REPORT` names a
file, the run ends by writing that page.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec import Struct

VARIABLE = "JOBTRACKER_FAULT_REPORT"
_PROPERTY = "fault"
_ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "-": "–"}

TITLES = {
    1: "Workers are killed at random",
    2: "A worker is killed while a run's process is alive",
    3: "A run's process is killed or crashes",
    4: "A worker stands still beyond its lease and comes back",
    5: "The server is killed within a request",
    6: "Workers and servers are told to end",
    7: "PostgreSQL restarts",
    8: "One connection to PostgreSQL is cut",
    9: "A connection to PostgreSQL is open at one end only",
    10: "PostgreSQL answers slowly",
    11: "PostgreSQL takes no more connections",
    12: "Writers wait for each other",
    13: "Another program holds the SQLite file",
    14: "The power fails",
    15: "The disk is full",
    16: "The clock jumps",
    17: "The clock differs from the database's",
    18: "The clocks change",
    19: "Leap days, and schedules that never come",
    20: "Several schedulers at once",
    21: "Everything was down for days",
    22: "The same page is delivered twice",
    23: "A run that costs every worker its life",
    24: "A posting that cannot be read",
    25: "A site that never ends",
    26: "A site that refuses",
    27: "Proxies die",
    28: "Answers without sense",
    29: "A huge answer",
    30: "An answer that unpacks without bound",
    31: "Text that is none",
    32: "Hostile HTML",
    33: "A plugin that means harm",
    34: "A plugin that is broken",
    35: "A run is cancelled",
    36: "A migration is disturbed",
    37: "A destination is down",
    38: "Alerts cannot be sent",
    39: "Much history",
    40: "The key of the stored secrets is missing or changes",
}

_HEAD = """\
# What happens when things fail

Each row is a test that does the damage for real, and that failed if what the row says did not hold.
Tests that involve a database ran on both kinds, unless only one of them can fail so. `make faults`
repeats them all and writes this page again; a test that uses chance shows the seed it began with.

"Held, 3 of 3" means: the test has three cases, and in all of them it held. A **twin** takes a guard
away (the fence, a key, a lock, a limit) and passes only if the damage then happens, so that the test
of the guard is known to be able to fail.
"""

Marked = tuple[str, str, str]
"""Number such as "F1", what was done, what held."""


class Row(Struct, frozen=True, kw_only=True):
    """One case of one test, for one fault."""

    number: str
    done: str
    holds: str
    test: str
    engine: str
    outcome: str
    seed: str | None = None


def marked(item: pytest.Item) -> Iterator[Marked]:
    """Return the faults that a test names; a mark that is not as it should be is an error."""
    for mark in item.iter_markers("fault"):
        number, done, holds = (*mark.args, mark.kwargs["done"], mark.kwargs["holds"])
        if position(number) not in TITLES:
            raise pytest.UsageError(f"{item.nodeid}: there is no fault {number!r}")
        yield number, done, holds


def position(number: str) -> int:
    """Return the number of "F12" as one that can be sorted."""
    return int(number[1:]) if re.fullmatch(r"F[0-9]+", number) else 0


def engine_of(item: pytest.Item) -> str:
    """Return the database of a test: its parameter, or the server that it asks for."""
    params: Mapping[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    if "dialect" in params:
        return str(params["dialect"])
    fixtures: Iterable[str] = getattr(item, "fixturenames", ())
    return "postgresql" if "postgres" in fixtures else "-"


class Collector:
    """Gives each fault test what the report needs, and takes it up again from its reports.

    Properties of a test reach the process that reports, in whichever one the test ran.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._rows: list[Row] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for number, done, holds in marked(item):
                facts = (number, done, holds, engine_of(item))
                item.user_properties.append((_PROPERTY, list(facts)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        said = dict(report.user_properties)
        seed = said.get("seed")
        for name, value in report.user_properties:
            if name == _PROPERTY:
                number, done, holds, engine = cast("list[str]", value)
                row = Row(
                    number=number,
                    done=done,
                    holds=holds,
                    test=report.nodeid.partition("[")[0],
                    engine=str(said.get("engine", engine)),
                    outcome=report.outcome,
                    seed=None if seed is None else str(seed),
                )
                self._rows.append(row)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._path is not None and not hasattr(session.config, "workerinput"):
            self._path.write_text(page(self._rows), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    path = os.environ.get(VARIABLE)
    if path:
        config.pluginmanager.register(Collector(Path(path).absolute()), "fault report")


def page(rows: Iterable[Row]) -> str:
    """Return the page; rows of one test with the same words become one."""
    told: dict[tuple[int, str, str, str], list[Row]] = {}
    for row in rows:
        told.setdefault((position(row.number), row.test, row.done, row.holds), []).append(row)
    parts = [_HEAD]
    for number in sorted({key[0] for key in told}):
        parts.append(f"\n## F{number}: {TITLES[number]}\n\n")
        parts.append("| what was done | what held | database | result | seed | test |\n")
        parts.append("|---|---|---|---|---|---|\n")
        of_this = sorted(item for item in told.items() if item[0][0] == number)
        parts.extend(_line(cases) for _, cases in of_this)
    missing = [
        f"F{number}: {title}"
        for number, title in TITLES.items()
        if number not in {key[0] for key in told}
    ]
    if missing:
        parts.append("\n## Without a test\n\n")
        parts.extend(f"- {line}\n" for line in missing)
    return "".join(parts)


def _line(cases: list[Row]) -> str:
    first = cases[0]
    engines = dict.fromkeys(_ENGINES[case.engine] for case in sorted(cases, key=_engine_order))
    seeds = sorted({case.seed for case in cases if case.seed is not None})
    good = sum(case.outcome == "passed" for case in cases)
    result = f"held, {good} of {len(cases)}" if good == len(cases) else _bad(cases, good)
    cells = [first.done, first.holds, ", ".join(engines), result, ", ".join(seeds) or "–"]
    return "| " + " | ".join([*cells, f"`{first.test}`"]) + " |\n"


def _bad(cases: list[Row], good: int) -> str:
    skipped = sum(case.outcome == "skipped" for case in cases)
    word = "not run" if skipped == len(cases) else "**failed**"
    return f"{word}, held {good} of {len(cases)}"


def _engine_order(row: Row) -> int:
    return list(_ENGINES).index(row.engine)
