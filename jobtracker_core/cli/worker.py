"""`jobtracker worker`: executes what is in the queue, until it is told to end."""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

import click

from jobtracker_core.cli.output import open_tracker
from jobtracker_core.cli.setup import open_log
from jobtracker_core.logs import run_sink
from jobtracker_core.runner.worker import Worker
from jobtracker_core.settings import Flag
from jobtracker_core.tracker import JobTracker

slots_option = click.option(
    "--slots", metavar="N", help="Runs to take at once.  [default: the setting `slots`]"
)


@click.command()
@click.option(
    "--collector",
    "collectors",
    multiple=True,
    metavar="NAME",
    help="Serve only that collector; may be given several times.  [default: all]",
)
@slots_option
@click.option(
    "--drain-timeout",
    metavar="SECONDS",
    help="How long runs may go on after the signal to end.  [default: the setting `drain_timeout`]",
)
def worker(collectors: Sequence[str], slots: str | None, drain_timeout: str | None) -> int:
    """Execute the runs in the queue, and the searches whose time has come.

    Any number of workers may share a database. Ctrl-C or SIGTERM: no further run is begun, and
    those under way may come to their end for a while before they are given back. A second one ends
    them at once.
    """
    given = {"slots": slots, "drain_timeout": drain_timeout}
    return work(collectors, flags(given))


def flags(given: dict[str, str | None]) -> list[Flag]:
    """Return what a command's own options say of settings."""
    return [
        Flag(setting=name, value=value, option=f"--{name.replace('_', '-')}")
        for name, value in given.items()
        if value is not None
    ]


def work(collectors: Sequence[str], given: Sequence[Flag]) -> int:
    """Run a worker in this process until a signal ends it."""
    with open_tracker(*given) as tracker:
        crew = Crew(open_worker(tracker, collectors))
        with on_signals(crew.tell):
            crew.start()
            crew.wait()
    return 0


def open_worker(tracker: JobTracker, collectors: Sequence[str] = ()) -> Worker:
    """Make a worker that writes to this command line's log."""
    return tracker.worker(collectors=collectors, on_log=run_sink(open_log()))


_HEARS_EVERY_S = 0.2


class Crew:
    """A worker in a thread of its own, and what it is told from outside.

    Args:
        on_end: Called, in a thread of its own, when the worker has ended.
    """

    def __init__(self, worker: Worker, on_end: Callable[[], None] = lambda: None) -> None:
        self._worker = worker
        self._on_end = on_end
        self._told: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._run, name="worker"),
            threading.Thread(target=self._listen, name="worker's ear"),
        ]

    @property
    def draining(self) -> bool:
        """Whether it begins no more runs."""
        return self._worker.draining

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def tell(self, number: int) -> None:
        """Pass a signal on: the first has it drain, the second end at once.

        A signal's handler may call it: unlike locks, this queue can be used at any moment.
        """
        self._told.put(number)

    def wait(self) -> None:
        """Wait for the end; raise what the worker failed of."""
        for thread in self._threads:
            # The system may hand a signal to any thread; its handler runs when this one wakes.
            while thread.is_alive():
                thread.join(_HEARS_EVERY_S)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._worker.run()
        except BaseException as error:  # noqa: BLE001  (raised again in the main thread)
            self._failure = error
        finally:
            self._told.put(None)
            self._on_end()

    def _listen(self) -> None:
        while self._told.get() is not None:
            if self._worker.draining:
                self._worker.stop()
            else:
                self._worker.drain()


@contextlib.contextmanager
def on_signals(tell: Callable[[int], None]) -> Iterator[None]:
    """Pass Ctrl-C and SIGTERM on while the block runs; for the main thread."""

    def handle(number: int, _frame: FrameType | None) -> None:
        tell(number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
