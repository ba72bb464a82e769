"""From what happened to how a run ends: one pure function."""

from __future__ import annotations

import traceback
from typing import Literal, get_args

from msgspec import Struct, structs

from jobtracker_core.contract.errors import (
    Blocked,
    Cancelled,
    CollectError,
    ErrorClass,
    LayoutChanged,
    RateLimited,
    Transient,
)
from jobtracker_core.contract.page import Probe
from jobtracker_core.contract.run import RunState

SAMPLE_CAP = 20_000
"""Characters kept of an answer that could not be read, or of a traceback."""

MESSAGE_CAP = 500

MORE_MEMORY = "Narrow the search, or give it more memory; if neither helps, the plugin has a leak."
TRACES = ("internal", "memory_limit", "crash_signal")
"""Classes whose detail is a traceback or printed text: its end says most."""

Phase = Literal["list", "details"]
ListEnd = Literal["end", "limit", "page_limit"]


class Evidence(Struct, frozen=True, kw_only=True):
    """What is known when a run stops.

    Attributes:
        cause: What stopped it; None if it came to its end.
        phase: Where it was then.
        list_end: How the list ended: the site had no more, the query's limit, the page limit; None
            if it did not end.
        end_unconfirmed: The results stopped without the site saying that this is the end.
        whole: The list was read from its front to its end without a gap.
        pages: List pages committed.
        received: Different postings that the site sent, before our own filters.
        announced: How many postings the site said there are.
        details_failed: Detail pages that could not be had; `detail_failure` is why the first.
    """

    cause: BaseException | None = None
    phase: Phase = "list"
    list_end: ListEnd | None = None
    end_unconfirmed: bool = False
    whole: bool = True
    pages: int = 0
    received: int = 0
    announced: int | None = None
    details_failed: int = 0
    detail_failure: BaseException | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """How a run ends.

    Attributes:
        end_confirmed: The site said that there is no more.
        keep_cursor: A later run may go on from the last committed cursor.
        detail: Traceback or sample, for whoever mends it. Not cut, and not cleaned yet.
    """

    state: RunState
    end_confirmed: bool = False
    keep_cursor: bool = False
    error_class: ErrorClass | None = None
    message: str | None = None
    hint: str | None = None
    detail: str | None = None


def decide(evidence: Evidence) -> Outcome:
    """Return the end that this evidence calls for.

    A run succeeds only if the list came to an end that nothing contradicts. So "nothing found,
    succeeded" is possible only where the site said for certain that there is nothing.
    """
    if evidence.cause is None:
        return _finished(evidence)
    if isinstance(evidence.cause, CollectError):
        return _stopped(evidence, evidence.cause)
    if isinstance(evidence.cause, MemoryError):
        return Outcome(
            state=RunState.FAILED,
            keep_cursor=evidence.list_end is None,
            error_class="memory_limit",
            message="the run needs more memory than it may have",
            hint=MORE_MEMORY,
            detail=_evidence(evidence.cause),
        )
    return Outcome(
        state=RunState.FAILED,
        keep_cursor=evidence.list_end is None,
        error_class="internal",
        message=f"bug in the plugin: {words(evidence.cause)}",
        hint="Report it to the plugin's author with the traceback in the run's details.",
        detail=_evidence(evidence.cause),
    )


def probed(probe: Probe) -> Outcome:
    """Return the end of a run that only asked whether the site answers as it should."""
    if probe.ok:
        return Outcome(state=RunState.SUCCEEDED, message=probe.message)
    return Outcome(
        state=RunState.FAILED,
        error_class="empty",
        message=f"the site does not answer as it should: {probe.message}",
        hint="Look at the site, and for a newer version of the plugin.",
    )


def words(error: BaseException) -> str:
    """Return an error in words, whatever its class makes of being asked."""
    if isinstance(error, CollectError):
        return str(error)
    # The standard library's own way survives a __str__ that raises.
    return "".join(traceback.format_exception_only(error)).strip()


def cut(outcome: Outcome) -> Outcome:
    """Cut an outcome's texts to what is kept: of a traceback the end, of a sample the start."""
    detail = outcome.detail
    if detail is not None:
        trace = outcome.error_class in TRACES
        detail = detail[-SAMPLE_CAP:] if trace else detail[:SAMPLE_CAP]
    message = outcome.message and outcome.message[:MESSAGE_CAP]
    return structs.replace(outcome, message=message, detail=detail)


def class_of(error: BaseException) -> ErrorClass:
    """Return an error's class; what no list knows is a bug of whoever made it up."""
    if isinstance(error, MemoryError):
        return "memory_limit"
    if isinstance(error, CollectError) and error.error_class in get_args(ErrorClass):
        return error.error_class
    return "internal"


def _evidence(error: BaseException) -> str | None:
    if isinstance(error, LayoutChanged):
        return error.sample or None
    if isinstance(error, CollectError):
        return None
    return "".join(traceback.format_exception(error))


def _finished(evidence: Evidence) -> Outcome:
    if evidence.list_end == "page_limit":
        return Outcome(
            state=RunState.PARTIAL,
            keep_cursor=True,
            error_class="page_limit",
            message=f"stopped at the limit of {evidence.pages} pages",
            hint="Narrow the search to need fewer pages. The next run goes on from here, where "
            "the collector can.",
        )
    short = (
        evidence.list_end == "end"
        and evidence.whole
        and evidence.announced is not None
        and evidence.received * 2 < evidence.announced
    )
    if short:
        return Outcome(
            state=RunState.PARTIAL,
            error_class="empty",
            message=f"the site announced {evidence.announced} postings "
            f"and gave {evidence.received}",
            hint="Sites cap long searches: narrow it by place, time or words.",
        )
    confirmed = evidence.list_end == "end" and not evidence.end_unconfirmed
    if evidence.detail_failure is not None:
        return Outcome(
            state=RunState.PARTIAL,
            end_confirmed=confirmed,
            error_class=class_of(evidence.detail_failure),
            message=f"{evidence.details_failed} detail pages could not be read; "
            f"the first: {words(evidence.detail_failure)}",
            hint="The next run asks for them again.",
            detail=_evidence(evidence.detail_failure),
        )
    if evidence.end_unconfirmed:
        return Outcome(
            state=RunState.SUCCEEDED,
            message="the results stopped without the site saying that this is the end",
        )
    return Outcome(state=RunState.SUCCEEDED, end_confirmed=confirmed)


def _stopped(evidence: Evidence, cause: CollectError) -> Outcome:
    state = RunState.FAILED
    if isinstance(cause, RateLimited | Blocked):
        state = RunState.PARTIAL
    elif isinstance(cause, Cancelled):
        # What is used up is nobody's wish: what was read stands, and the next run goes on.
        used_up = cause.reason in {"deadline", "requests"}
        state = RunState.PARTIAL if used_up else RunState.CANCELLED
    elif evidence.phase == "details" or (isinstance(cause, Transient) and evidence.pages):
        state = RunState.PARTIAL
    return Outcome(
        state=state,
        end_confirmed=evidence.list_end == "end" and not evidence.end_unconfirmed,
        keep_cursor=evidence.list_end is None,
        error_class=class_of(cause),
        message=words(cause),
        hint=cause.hint,
        detail=_evidence(cause),
    )
