"""The outcome of a run, as a table."""

from __future__ import annotations

import pytest

from jobtracker_core import (
    BadQuery,
    Blocked,
    Cancelled,
    ConfigError,
    LayoutChanged,
    RateLimited,
    Transient,
)
from jobtracker_core.runner.outcome import SAMPLE_CAP, Evidence, cut, decide

END = {"list_end": "end", "pages": 3, "received": 50}
#  evidence, state, error class, end confirmed, keeps cursor
TABLE = [
    (END, "succeeded", None, True, False),
    ({**END, "end_unconfirmed": True}, "succeeded", None, False, False),
    ({**END, "announced": 100}, "succeeded", None, True, False),
    ({**END, "announced": 101}, "partial", "empty", False, False),
    ({**END, "announced": 101, "whole": False}, "succeeded", None, True, False),
    ({**END, "announced": 101, "list_end": "limit"}, "succeeded", None, False, False),
    ({"list_end": "page_limit", "pages": 100}, "partial", "page_limit", False, True),
    (
        {**END, "details_failed": 1, "detail_failure": Transient("x", error_class="timeout")},
        "partial",
        "timeout",
        True,
        False,
    ),
    ({"cause": RateLimited()}, "partial", "http_429", False, True),
    ({"cause": Blocked("x")}, "partial", "blocked", False, True),
    ({"cause": Blocked("x"), "phase": "details", **END}, "partial", "blocked", True, False),
    ({"cause": LayoutChanged("x")}, "failed", "parse", False, True),
    ({"cause": LayoutChanged("x", error_class="decode")}, "failed", "decode", False, True),
    ({"cause": BadQuery("f", "x")}, "failed", "validation", False, True),
    ({"cause": ConfigError("f", "x")}, "failed", "config", False, True),
    ({"cause": Transient("x")}, "failed", "network", False, True),
    ({"cause": Transient("x", error_class="dns"), "pages": 1}, "partial", "dns", False, True),
    ({"cause": Cancelled("stopped")}, "cancelled", "cancelled", False, True),
    ({"cause": Cancelled("shutdown")}, "cancelled", "drained", False, True),
    ({"cause": Cancelled("deadline")}, "partial", "runtime_limit", False, True),
    ({"cause": Cancelled("requests")}, "partial", "request_limit", False, True),
    ({"cause": ValueError("x")}, "failed", "internal", False, True),
    ({"cause": ValueError("x"), "phase": "details", **END}, "failed", "internal", False, False),
]


@pytest.mark.parametrize(("evidence", "state", "error_class", "confirmed", "keeps"), TABLE)
def test_outcome(evidence, state, error_class, confirmed, keeps) -> None:
    outcome = decide(Evidence(**evidence))
    assert (outcome.state.value, outcome.error_class) == (state, error_class)
    assert (outcome.end_confirmed, outcome.keep_cursor) == (confirmed, keeps)


@pytest.mark.parametrize("row", TABLE)
def test_whatever_is_not_a_success_says_why_and_what_next(row) -> None:
    outcome = decide(Evidence(**row[0]))
    if outcome.state.value != "succeeded":
        assert outcome.message
        assert outcome.hint


def test_samples_and_messages_are_capped() -> None:
    cause = LayoutChanged("$.a", "m" * 9_000, sample="s" * 90_000)
    outcome = cut(decide(Evidence(cause=cause)))
    assert outcome.message is not None
    assert len(outcome.message) <= 500
    assert outcome.detail == "s" * SAMPLE_CAP
