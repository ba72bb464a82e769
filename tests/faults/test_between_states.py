"""Workers that die or stand still between two states of a run, and runs that are cancelled there."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from crews import Crew, Member, Place, served, strike, wait_until
from jobtracker_core import RunState
from jobtracker_core.storage import runs

pytestmark = pytest.mark.full

KILLED, FROZEN = signal.SIGKILL, signal.SIGSTOP


def struck(crew: Crew, place: Place, number: signal.Signals, mark: Path) -> tuple[int, Member]:
    """Have a worker be struck right after its claim, or in its sweep of a killed one's run."""
    run_id = crew.put("gated")
    if place == "sweep":
        dead = crew.start()
        dead.wait("at the gate")
        dead.kill()
    worker = crew.launch(told=strike(place, number, mark))
    wait_until(mark.exists)
    if number is KILLED:
        assert worker.end() == -KILLED
    return run_id, worker


@pytest.mark.parametrize("place", ["claim", "sweep"])
@pytest.mark.fault(
    "F2",
    done="A worker was killed (kill -9) right after it had claimed a run, or within the sweep that was to rescue one.",
    holds="The next worker took the run up, it counted as lost once, and each posting was stored once.",
)
def test_a_worker_that_is_killed_between_two_states_loses_nothing(
    crew: Crew, tmp_path: Path, place: Place
) -> None:
    run_id, _ = struck(crew, place, KILLED, tmp_path / "struck")
    assert crew.state(run_id) is RunState.RUNNING
    assert runs.get(crew.db, run_id).rescue_count == 0
    crew.open_gate()
    last = crew.start()
    last.wait("run ended", run=run_id)
    assert crew.state(run_id) is RunState.SUCCEEDED
    assert runs.get(crew.db, run_id).rescue_count == 1
    assert [one.outcome for one in crew.attempts(run_id)] == ["lost", "succeeded"]
    assert crew.stored() == sorted(served("berlin"))
    assert crew.counted() == (len(served("berlin")),) * 2
    assert crew.backwards() == 0


@pytest.mark.parametrize("number", [KILLED, FROZEN], ids=["killed", "frozen"])
@pytest.mark.fault(
    "F35",
    done="A run was cancelled right after its claim, when its worker had not begun: it was killed, or stood still for a moment.",
    holds="It ended as cancelled within seconds, had read nothing, and was not tried again.",
)
def test_a_run_is_cancelled_when_it_was_just_claimed(
    crew: Crew, tmp_path: Path, number: signal.Signals
) -> None:
    run_id, worker = struck(crew, "claim", number, tmp_path / "struck")
    with ThreadPoolExecutor(1) as asking:
        asked = asking.submit(runs.request_cancel, crew.db, run_id)
        # Whoever stands still may hold SQLite's lock by another of its threads: then the wish waits.
        wait([asked], timeout=1)
        if number is KILLED:
            worker = crew.start()
        else:
            worker.signal(signal.SIGCONT)
        assert asked.result() is RunState.RUNNING
    wait_until(lambda: crew.state(run_id) is RunState.CANCELLED)
    other = crew.put("plain", "munich")
    worker.wait("run ended", run=other)
    assert crew.state(run_id) is RunState.CANCELLED
    assert len(crew.attempts(run_id)) == 1
    assert crew.stored() == sorted(served("munich"))


@pytest.mark.parametrize("number", [KILLED, FROZEN], ids=["killed", "frozen"])
@pytest.mark.fault(
    "F35",
    done="A run was cancelled while a sweep was taking it from its dead worker; the sweeping one was killed, or stood still.",
    holds="It ended as cancelled within seconds, was not tried again, and the pages that it had stored stayed.",
)
def test_a_run_is_cancelled_while_it_is_rescued(
    crew: Crew, tmp_path: Path, number: signal.Signals
) -> None:
    run_id, worker = struck(crew, "sweep", number, tmp_path / "struck")
    # Whoever stands still holds the row: the wish waits for it.
    asking = threading.Thread(target=runs.request_cancel, args=(crew.db, run_id))
    asking.start()
    if number is KILLED:
        asking.join()
        worker = crew.start()
    else:
        assert crew.state(run_id) is RunState.RUNNING
        worker.signal(signal.SIGCONT)
        asking.join()
    wait_until(lambda: crew.state(run_id) is RunState.CANCELLED)
    other = crew.put("plain", "munich")
    worker.wait("run ended", run=other)
    assert crew.state(run_id) is RunState.CANCELLED
    assert runs.get(crew.db, run_id).rescue_count == 1
    # On its way back into the queue it may have been claimed before the wish was heard.
    outcomes = [one.outcome for one in crew.attempts(run_id)]
    assert outcomes in (["lost"], ["lost", "cancelled"])
    assert crew.stored() == sorted({*served("munich"), "berlin-0", "berlin-1", "berlin-2"})
    assert crew.counted() == (15, 15)
