"""What a collector does to the process that it runs in."""

from __future__ import annotations

import gc
import pickle
import time

from jobtracker_core.contract.errors import CollectError
from jobtracker_core.http.exchange import Transport
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.testing.bench import Bench, Over
from jobtracker_core.testing.faults import FAULTS, FaultTransport
from jobtracker_core.testing.proxy import PROXY_FAULTS
from jobtracker_core.testing.registry import Check
from jobtracker_core.testing.subject import Subject
from jobtracker_core.testing.traces import Traces
from jobtracker_core.testing.verdict import CheckFailed, require

_PATIENCE = 2.0
"""Seconds."""


def nothing_left(subject: Subject) -> None:
    """A run leaves no thread, no open file, and nothing global changed."""
    lasting = subject.left_behind
    require(
        not lasting,
        "a run changed what all share: " + "; ".join(lasting),
        "leave the process alone: the log is ctx.log, the environment is the operator's",
    )
    for bench in subject.benches:
        before = Traces.now()
        bench.run()
        left = _still_open(before)
        require(
            not left,
            "a run left something open: " + "; ".join(left),
            "close what you open in a `with`, and start no threads",
        )


def _still_open(before: Traces) -> tuple[str, ...]:
    """Look until all is closed: the practice site's side of a connection ends a moment later."""
    gc.collect()
    until = time.monotonic() + _PATIENCE
    while (left := before.open_ends()) and time.monotonic() < until:
        time.sleep(_PATIENCE / 100)
    return left


def errors_pickle(subject: Subject) -> None:
    """The errors that it raises survive the way out of their process."""
    for bench in subject.benches:
        for error in _errors(bench):
            try:
                copy = pickle.loads(pickle.dumps(error))  # noqa: S301  (our own)
            except Exception as reason:
                raise CheckFailed(
                    f"{type(error).__name__} cannot be pickled: {reason}",
                    "raise the contract's own classes, or define yours at the top of a module, "
                    "with plain values in it",
                ) from reason
            require(
                type(copy) is type(error) and str(copy) == str(error),
                f"{type(error).__name__} ({error}) comes back as {copy!r}",
                "keep the message in the arguments of the base class",
            )


def _errors(bench: Bench) -> list[BaseException]:
    _ = bench.plain
    found: list[BaseException | None] = []
    if bench.proxy is not None:
        for name in PROXY_FAULTS:
            bench.proxy.fail(name)
            found.append(bench.read().error)
        bench.proxy.fail(None)
    else:
        found += [bench.read(_always(name)).error for name in FAULTS]
    return [error for error in found if isinstance(error, CollectError)]


def _always(name: str) -> Over:
    def over(transport: Transport, clock: JumpClock) -> Transport:
        faulty = FaultTransport(transport, clock)
        faulty.fail(name)
        return faulty

    return over


CHECKS = (
    Check(
        name="nothing_left",
        proves="a run leaves no thread, file or socket, and nothing global changed",
        needs="answers",
        run=nothing_left,
    ),
    Check(
        name="errors_pickle",
        proves="the errors that it raises survive pickling",
        needs="answers",
        run=errors_pickle,
    ),
)
