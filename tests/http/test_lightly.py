"""What is not taken in with curl_cffi."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest

from jobtracker_core.http.lightly import without

LOADED = """
import importlib.util, json, sys
import jobtracker_core.runner.child
there = importlib.util.find_spec("markdownify") is not None
print(json.dumps([there, "bs4" in sys.modules, "markdownify" in sys.modules]))
import markdownify
"""


def test_a_runs_process_loads_no_html_parser_for_curl() -> None:
    pytest.importorskip("markdownify")
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    # It is there, for whoever wants it.
    assert json.loads(done.stdout) == [True, False, False]


def test_what_is_loaded_stays() -> None:
    with without("json"):
        assert importlib.import_module("json") is json
    with without("nobody_has_this"), pytest.raises(ModuleNotFoundError):
        importlib.import_module("nobody_has_this")
    assert "nobody_has_this" not in sys.modules
