"""What `import jobtracker_core` offers, and what it costs."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

import jobtracker_core
from jobtracker_core.contract import errors

ERRORS = [
    errors.Transient("x", error_class="dns"),
    errors.RateLimited("slow", retry_after=2.5),
    errors.Blocked("evidence"),
    errors.LayoutChanged("$.a", "gone", sample="{}", error_class="decode"),
    errors.BadQuery("remote", "no"),
    errors.ConfigError("base_url", "no"),
    errors.Cancelled("deadline"),
]


@pytest.mark.parametrize("name", jobtracker_core.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(jobtracker_core, name) is not None
    assert name in dir(jobtracker_core)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = jobtracker_core.Nothing


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys, jobtracker_core;"
        "print([m for m in sys.modules if m.startswith('jobtracker_core.') or m in "
        "('msgspec','sqlalchemy','curl_cffi','pluggy','importlib_metadata')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_contract_imports_only_msgspec_and_pluggy() -> None:
    code = (
        "import sys; from jobtracker_core import JobCollector, hookimpl, Posting;"
        "print([m for m in ('sqlalchemy','curl_cffi','nh3','selectolax','click') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_errors_survive_pickling(error: errors.CollectError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_errors_say_what_to_do_next(error: errors.CollectError) -> None:
    assert error.hint.endswith(".")
    assert str(error)
