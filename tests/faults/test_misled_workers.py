"""Workers whose clocks jump in the middle of their work."""

from __future__ import annotations

import pytest

from crews import Crew, served
from jobtracker_core import RunState

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    "jump", [-HOUR, *(pytest.param(jump, marks=pytest.mark.full) for jump in (HOUR, DAY))]
)
@pytest.mark.fault(
    "F16",
    done="The clocks of a worker jumped by an hour, back by an hour, and by a day, in the middle of a run.",
    holds="No fence went back, each posting was stored once, and the run of a worker that was killed after the jump was taken up.",
)
def test_a_clock_that_jumps_costs_nothing(crew: Crew, tmp_path, jump: int) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    told = {"clock": str(clock)}
    places = {crew.put("gated", place): place for place in ("berlin", "munich")}
    misled = crew.start(told=told, slots=1)
    misled.wait("at the gate")
    killed = crew.start(told=told, slots=1)
    killed.wait("at the gate")
    clock.write_text(str(jump))
    killed.kill()
    misled.wait("the clock jumped")
    misled.wait("run taken from a dead worker")
    crew.open_gate()
    crew.wait_for_end(*places)
    assert {crew.state(number) for number in places} == {RunState.SUCCEEDED}
    expected = sorted(served("berlin") | served("munich"))
    assert crew.stored() == expected
    assert crew.counted() == (len(expected), len(expected))
    assert crew.backwards() == 0
