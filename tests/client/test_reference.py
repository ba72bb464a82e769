"""What the documentation says of the client."""

from __future__ import annotations

import runpy
from pathlib import Path

from access import token_for
from jobtracker_core.client import errors
from jobtracker_core.contract.access import Scope

REFERENCE = Path(__file__).parents[2] / "docs/reference/client.md"


def test_the_script_of_the_page_prints_what_is_stored(
    documented, server, tracker, fill, monkeypatch, capsys
) -> None:
    fill(2)
    monkeypatch.setenv("JOBTRACKER_SERVER", server)
    monkeypatch.setenv("JOBTRACKER_TOKEN", token_for(tracker, Scope.JOBS_READ))
    runpy.run_path(str(documented("how-to/use-from-elsewhere.md")))
    out = capsys.readouterr().out
    assert "Engineer 2 - Example Works" in out
    assert out.endswith("2 jobs stored\n")


def test_every_error_of_the_way_is_documented() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, errors.RemoteError):
            assert f"`{name}`" in text, name
