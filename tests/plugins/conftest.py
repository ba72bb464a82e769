"""Small distributions, really built and installed into a directory of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOOD = """
from collections.abc import Iterator
from jobtracker_core import (
    CollectorInfo, CollectorSettings, CommonQuery, JobCollector, Page, Policy, RunContext, hookimpl
)

class Board(JobCollector[CommonQuery, CollectorSettings]):
    info = CollectorInfo(
        name="{name}", title="A board", homepage="https://board.example", contract={contract},
        query=CommonQuery, hosts=("board.example",), policy=Policy(summary="It welcomes programs."),
        canary=CommonQuery(text="engineer"),
    )
    def collect(self, query: CommonQuery, ctx: RunContext, *, cursor: str | None = None) -> Iterator[Page]:
        yield Page(postings=(), total_hint=0)

@hookimpl
def jobtracker_collectors():
    return [Board]
"""

NO_GENERATOR = GOOD.replace("yield Page", "return iter([]) or Page")

NO_SCHEMA = (
    GOOD.replace(
        "class Board(JobCollector[CommonQuery, CollectorSettings]):",
        """class Odd:
    pass

class OddQuery(CommonQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    odd: Odd | None = None

class Board(JobCollector[OddQuery, CollectorSettings]):""",
    )
    .replace("query=CommonQuery,", "query=OddQuery,")
    .replace("canary=CommonQuery(", "canary=OddQuery(")
)

NOT_HERE = GOOD.replace(
    "    def collect",
    """    @classmethod
    def unavailable(cls):
        return "the library `boardlib` is not installed"

    def collect""",
)

CANNOT_SAY = NOT_HERE.replace('return "the library', 'raise OSError("disk on fire") or "')

UNKNOWN_HOOK = (
    GOOD
    + """
@hookimpl
def jobtracker_makes_coffee():
    return "espresso"
"""
)

NOTIFIER = """
from jobtracker_core import hookimpl

@hookimpl
def jobtracker_run_finished(run):
    print("heard of run", run.id)
"""

# distribution: source of its only module. Names begin with what is wrong with them.
SOURCES = {
    "good-board": GOOD.format(name="good_board", contract=1),
    "import-error": "print('printed while importing')\nraise RuntimeError('boom at import')\n",
    "exit-at-import": "raise SystemExit('leaving')\n",
    "unknown-hook": UNKNOWN_HOOK.format(name="unknown_hook", contract=1),
    "wrong-contract": GOOD.format(name="wrong_contract", contract=99),
    "bad-name": GOOD.format(name="Bad-Name!", contract=1),
    "twin-one": GOOD.format(name="twin", contract=1),
    "twin-two": GOOD.format(name="twin", contract=1),
    "no-schema": NO_SCHEMA.format(name="no_schema", contract=1),
    "no-generator": NO_GENERATOR.format(name="no_generator", contract=1),
    "not-here": NOT_HERE.format(name="not_here", contract=1),
    "cannot-say": CANNOT_SAY.format(name="cannot_say", contract=1),
    "notifier": NOTIFIER,
}

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "1.2.3"
requires-python = ">=3.11"

[project.entry-points.jobtracker]
{name} = "{module}"

[tool.hatch.build.targets.wheel]
include = ["{module}.py"]
"""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all of them are installed into."""
    projects = tmp_path_factory.mktemp("projects")
    target = tmp_path_factory.mktemp("installed")
    for name, source in SOURCES.items():
        module = "plugin_" + name.replace("-", "_")
        project = projects / name
        project.mkdir()
        (project / f"{module}.py").write_text(textwrap.dedent(source))
        (project / "pyproject.toml").write_text(PROJECT.format(name=name, module=module))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    install += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([*install, *map(str, sorted(projects.iterdir()))], check=True)
    return target


@pytest.fixture
def jobtracker(installed: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line with those distributions on the path."""

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "jobtracker_core", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(installed),
                "JOBTRACKER_CONFIG": "",
                "JOBTRACKER_DATA_DIR": str(tmp_path / "data"),
                **env,
            },
        )

    return run


@pytest.fixture
def reports(jobtracker: Callable[..., Any]) -> dict[str, Any]:
    """What `plugins list --json` says, by entry point."""
    result = jobtracker("plugins", "list", "--json")
    assert result.returncode == 0, result.stderr
    return {plugin["name"]: plugin for plugin in json.loads(result.stdout)}
