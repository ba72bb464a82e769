"""How the conformance kit says what is wrong."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class CheckFailed(AssertionError):  # noqa: N818  (the check failed, nothing went wrong in it)
    """A collector does not keep a promise.

    Args:
        wrong: What is wrong, and where it was seen.
        next_step: What the plugin's author does about it.
    """

    def __init__(self, wrong: str, next_step: str) -> None:
        super().__init__(f"{wrong}\n  Next: {next_step}")
        self.wrong = wrong
        self.next_step = next_step


class Verdict(Struct, frozen=True, kw_only=True):
    """What came of a check. `reason` says why it failed, or why it was not made."""

    check: str
    state: Literal["ok", "failed", "not checked"]
    proves: str
    reason: str | None = None
    next_step: str | None = None


def require(condition: object, wrong: str, next_step: str) -> None:
    """Raise `CheckFailed` unless the condition holds."""
    if not condition:
        raise CheckFailed(wrong, next_step)
