"""What a check of the conformance kit is, and making it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from importlib.util import find_spec
from typing import Literal

from msgspec import Struct

from jobtracker_core.testing.subject import Subject
from jobtracker_core.testing.verdict import CheckFailed, Verdict


class Check(Struct, frozen=True, kw_only=True):
    """One promise of the contract, and the function that tests it.

    Attributes:
        name: Also the name of its test, after `test_`.
        proves: One sentence.
        needs: `answers` come from a practice site or from a recording.
        own_http: Why it cannot be made of a collector that does its own HTTP; None if it can.
        only_own_http: It is about such collectors alone.
        hypothesis: It needs the package of that name.
        run: Raises `CheckFailed`.
    """

    name: str
    proves: str
    needs: Literal["nothing", "answers", "site"]
    run: Callable[[Subject], None]
    own_http: str | None = None
    only_own_http: bool = False
    hypothesis: bool = False


def applies(check: Check, *, own_http: bool) -> bool:
    """Say whether a check is about such a collector at all."""
    return own_http or not check.only_own_http


def obstacle(check: Check, *, own_http: bool, site: bool, recording: bool) -> str | None:
    """Return why a check cannot be made; None if it can."""
    if own_http and check.own_http is not None:
        return check.own_http
    if check.needs == "site" and not site:
        return "it needs a practice site, and the plugin ships none"
    if check.needs == "answers" and not (site or (recording and not own_http)):
        return "it needs answers: a practice site, or the recording of a run"
    if own_http and check.needs != "nothing" and find_spec("trustme") is None:
        return "it needs trustme: pip install 'jobtracker-core[testing]'"
    if check.hypothesis and find_spec("hypothesis") is None:
        return "it needs hypothesis: pip install 'jobtracker-core[testing]'"
    return None


def make(check: Check, subject: Subject) -> Verdict:
    """Make a check, and say what came of it. Whatever it meets is told, not raised."""
    why = obstacle(
        check,
        own_http=subject.own_http,
        site=subject.site is not None,
        recording=subject.replay is not None,
    )
    if why is not None:
        return Verdict(check=check.name, state="not checked", proves=check.proves, reason=why)
    try:
        check.run(subject)
    except CheckFailed as failure:
        return Verdict(
            check=check.name,
            state="failed",
            proves=check.proves,
            reason=failure.wrong,
            next_step=failure.next_step,
        )
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a stranger's code)
        return Verdict(
            check=check.name,
            state="failed",
            proves=check.proves,
            reason="".join(traceback.format_exception_only(error)).strip(),
            next_step="the plugin's own code raised this outside of a run; see " + _place(error),
        )
    return Verdict(check=check.name, state="ok", proves=check.proves)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "its traceback"
