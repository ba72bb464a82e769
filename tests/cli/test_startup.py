"""What `jobtracker --help` costs, by what it imports."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "rich",
    "msgspec",
    "importlib_metadata",
    "pluggy",
    "sqlalchemy",
    "curl_cffi",
    "platformdirs",
    "structlog",
    "tomllib",
    "litestar",
    "uvicorn",
    "jinja2",
)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from jobtracker_core.cli.app import run; code = run(['--help']);"
        f"print([m for m in {HEAVY!r} if m in sys.modules], code, file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stderr.strip() == "[] 0"
    assert "collect" in result.stdout
    assert "Exit codes" in result.stdout


def test_the_module_runs_too() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "jobtracker_core", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith("jobtracker, version ")
