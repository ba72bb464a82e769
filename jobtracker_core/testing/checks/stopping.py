"""A run that is to stop, stops."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

from msgspec import structs

from jobtracker_core.contract.run import RunState
from jobtracker_core.runner.clock import JumpClock
from jobtracker_core.testing.bench import Bench
from jobtracker_core.testing.host import KitHost
from jobtracker_core.testing.registry import Check
from jobtracker_core.testing.subject import Subject
from jobtracker_core.testing.verdict import require

SOON = 1.0
"""Seconds, on the run's clock and on this machine's."""

MOST_WAITS = 8
"""Waits of a run that are tried."""

_STEP = "let Cancelled pass: catch only the errors that you can do something about"


class _Stop:
    """Wishes a run to stop, and remembers where everything stood then."""

    def __init__(self, host: KitHost, clock: JumpClock) -> None:
        self._host = host
        self._clock = clock
        self.at: tuple[float, float] | None = None

    def now(self) -> None:
        """Wish it, once."""
        if self.at is None:
            self._host.reason = "stopped"
            self.at = (self._clock.monotonic(), time.monotonic())


def _stopped(bench: Bench, wish: Callable[[_Stop, KitHost, JumpClock], None], when: str) -> bool:
    """Run with a wish to stop; False if it never came to the moment of the wish."""
    stops: list[_Stop] = []

    def prepare(host: KitHost, clock: JumpClock) -> None:
        stops.append(_Stop(host, clock))
        wish(stops[0], host, clock)

    ran = bench.run(prepare=prepare)
    (stop,) = stops
    if stop.at is None:
        return False
    waited = ran.clock.monotonic() - stop.at[0]
    took = time.monotonic() - stop.at[1]
    later = [request.url for at, request in ran.sent if at > stop.at[0]]
    outcome = ran.result.outcome
    require(
        outcome.state is RunState.CANCELLED,
        f"stopped {when}, the run ended {ran.ending} instead of cancelled",
        _STEP,
    )
    require(not later, f"stopped {when}, it still asked for {later[:1]}", _STEP)
    require(
        waited <= SOON and took <= SOON,
        f"stopped {when}, it went on for {max(waited, took):.1f} s",
        "wait with ctx.pause() alone, and look at ctx.check() in long calculations",
    )
    return True


def stop(subject: Subject) -> None:
    """It stops within a second at every page."""
    for bench in subject.benches:
        batches = bench.plain.ran.host.batches
        # After the last list page the site may still be asked; after the last details, nobody is.
        last = len(batches) - (batches[-1].kind == "detail")
        for number in range(1, last + 1):
            _stopped(bench, _at_batch(number), f"at page {number}")


def _at_batch(number: int) -> Callable[[_Stop, KitHost, JumpClock], None]:
    def wish(stop: _Stop, host: KitHost, _clock: JumpClock) -> None:
        host.on_batch = lambda count: stop.now() if count == number else None

    return wish


def stop_while_waiting(subject: Subject) -> None:
    """It stops within a second during every wait, the collector's own and the core's."""
    for bench in subject.benches:
        for number in range(1, MOST_WAITS + 1):
            if not _stopped(bench, _at_wait(number), f"during wait {number}"):
                break


def _at_wait(number: int) -> Callable[[_Stop, KitHost, JumpClock], None]:
    def wish(stop: _Stop, _host: KitHost, clock: JumpClock) -> None:
        waits = 0
        real = clock.wait

        def wait(seconds: float) -> None:
            nonlocal waits
            waits += 1
            if waits == number:
                stop.now()
            real(seconds)

        clock.wait = wait  # type: ignore[method-assign]

    return wish


def deadline(subject: Subject) -> None:
    """When a run's time is up, it asks for nothing more, and keeps what it has."""
    for bench in subject.benches:
        stamps = [at for at, _ in bench.plain.ran.sent[:MOST_WAITS]]
        for before, after in pairwise(stamps):
            # Half-way to a request, so that the time is up while the collector waits for it.
            end = (before + after) / 2
            if end == before:
                continue
            limits = structs.replace(subject.info.limits, max_minutes=end / 60)
            ran = bench.run(limits=limits)
            if ran.clock.monotonic() < end:
                continue  # its random pauses were shorter this time: it was through before
            late = [request.url for at, request in ran.sent if at >= end]
            require(not late, f"its time was up, and it still asked for {late[:1]}", _STEP)
            outcome = ran.result.outcome
            require(
                (outcome.state, outcome.error_class) == (RunState.PARTIAL, "runtime_limit"),
                f"its time was up, and the run ended {ran.ending}",
                _STEP,
            )


_BETWEEN = (
    "the collector waits inside its own HTTP, where the core cannot reach it; in production its "
    "process is ended"
)

CHECKS = (
    Check(
        name="stop",
        proves="a run that is to stop does so within a second at every page",
        needs="answers",
        run=stop,
    ),
    Check(
        name="stop_while_waiting",
        proves="a run that is to stop does so within a second during every wait",
        needs="answers",
        run=stop_while_waiting,
        own_http=_BETWEEN,
    ),
    Check(
        name="deadline",
        proves="when a run's time is up it asks for nothing more and keeps what it has",
        needs="answers",
        run=deadline,
        own_http=_BETWEEN,
    ),
)
