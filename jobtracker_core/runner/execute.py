"""One run of one collector, from its first request to its outcome.

The same code runs in a script, in a test and in a worker's child process: everything outside the
collector is reached through a `RunHost`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import msgspec
from msgspec import Struct

from jobtracker_core.contract.host import RunHost
from jobtracker_core.contract.info import Private
from jobtracker_core.contract.page import Probe
from jobtracker_core.contract.run import Counts, FilterUse
from jobtracker_core.http.exchange import Transport
from jobtracker_core.http.proxies import Through
from jobtracker_core.http.record import Recorder
from jobtracker_core.ingest.jsontext import drop_cut_email
from jobtracker_core.ingest.private import redact_text
from jobtracker_core.runner.clock import Clock
from jobtracker_core.runner.context import HostFailed
from jobtracker_core.runner.details import DetailReader
from jobtracker_core.runner.lists import ListReader
from jobtracker_core.runner.outcome import (
    SAMPLE_CAP,
    TRACES,
    Evidence,
    Outcome,
    Phase,
    cut,
    decide,
    probed,
)
from jobtracker_core.runner.session import Session, Task
from jobtracker_core.runner.soundness import sound_probe

_LOOKED_AT = 16 * SAMPLE_CAP


class Result(Struct, frozen=True, kw_only=True):
    """How a run went.

    Attributes:
        counts: All that happened.
        tail: The part of `counts` that went to the host in no batch.
        filters: What became of each word of the query.
    """

    outcome: Outcome
    counts: Counts
    tail: Counts
    filters: tuple[FilterUse, ...]


def execute(
    task: Task,
    host: RunHost,
    *,
    transport: Transport,
    clock: Clock,
    recorder: Recorder | None = None,
    through: Through | None = None,
) -> Result:
    """Run a collector to its outcome; the host commits it batch by batch. A probe stores nothing.

    Lists go first: they are quick, so that a run that is stopped early lacks only details.
    What goes wrong with the site or in the plugin is in the result. Raises only what the host
    raises: a database that is gone, a lease that is lost.

    `transport` is for requests that go out directly, and whoever made it closes it; `through` opens
    one through a proxy, and is needed where the host names any.
    """
    session = Session(
        task, host, transport=transport, clock=clock, recorder=recorder, through=through
    )
    with closing(session):
        return _execute(session)


def _execute(session: Session) -> Result:
    return _probe(session) if session.task.probe else _collect(session)


def _collect(session: Session) -> Result:
    lists = ListReader(session)
    details = DetailReader(session)
    phase: Phase = "list"

    def read() -> None:
        nonlocal phase
        lists.read()
        if "details" in session.info.features:
            phase = "details"
            details.read(lists.refs.values())

    cause = _cause(session, read)
    evidence = Evidence(
        cause=cause,
        phase=phase,
        list_end=lists.end,
        end_unconfirmed=lists.end_unconfirmed,
        whole=lists.whole,
        pages=session.counts.pages,
        received=len(lists.received),
        announced=lists.announced,
        details_failed=session.counts.details_failed,
        detail_failure=details.failure,
    )
    return _result(session, decide(evidence), session.filters.account())


def _probe(session: Session) -> Result:
    answers: list[Probe] = []

    def ask() -> None:
        session.watch.check()
        session.take_turn()
        answers.append(sound_probe(session.collector.probe(session.ctx)))

    cause = _cause(session, ask)
    outcome = decide(Evidence(cause=cause)) if cause is not None else probed(answers[0])
    return _result(session, outcome, ())


def _cause(session: Session, work: Callable[[], None]) -> BaseException | None:
    """Let the collector work; return what stopped it. Raises what the host raises."""
    try:
        work()
    except HostFailed:
        session.host.raise_failure()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (a plugin may raise anything)
        session.host.raise_failure()
        session.tell(error)
        return error
    return None


def _result(session: Session, outcome: Outcome, filters: tuple[FilterUse, ...]) -> Result:
    return Result(
        outcome=cleaned(outcome, session.info.private, session.host.hide),
        counts=session.counts,
        tail=session.undelivered,
        filters=filters,
    )


def cleaned(outcome: Outcome, private: Private, hide: Callable[[str], str]) -> Outcome:
    """Blank what is private in the texts that are kept, which quote the site's answers; cut them.

    In this order, since a cut could take away the key by which a value is known as private; but of
    megabytes, which take many seconds, only a part far longer than what is kept is looked at.
    `hide` takes out the credentials of the run's proxies.
    """

    def clean(text: str | None, *, end: bool = False) -> str | None:
        if text is None:
            return None
        text = hide(text)
        if len(text) > _LOOKED_AT:
            text = text[-_LOOKED_AT:] if end else drop_cut_email(text[:_LOOKED_AT])
        return redact_text(text, private)

    detail = clean(outcome.detail, end=outcome.error_class in TRACES)
    return cut(msgspec.structs.replace(outcome, message=clean(outcome.message), detail=detail))
