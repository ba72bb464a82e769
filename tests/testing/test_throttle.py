from __future__ import annotations

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobtracker_core.testing.throttle import Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_passes_and_the_rest_is_paced(clock):
    throttle = Throttle(clock)
    waits = [throttle.acquire("a", per_minute=60, burst=3).wait for _ in range(4)]
    assert waits[:3] == [0, 0, 0]
    assert waits[3] == pytest.approx(1.0)


def test_after_the_wait_that_was_told_the_grant_comes(clock):
    throttle = Throttle(clock)
    for _ in range(50):
        wait = throttle.acquire("a", per_minute=7, burst=2).wait
        if wait:
            clock.now += wait
            assert throttle.acquire("a", per_minute=7, burst=2).wait == 0


def test_a_refusal_reserves_nothing(clock):
    throttle = Throttle(clock)
    throttle.acquire("a", per_minute=60, burst=1)
    waits = [throttle.acquire("a", per_minute=60, burst=1).wait for _ in range(5)]
    assert waits == pytest.approx([1.0] * 5)


def test_keys_do_not_wait_for_each_other(clock):
    throttle = Throttle(clock)
    assert throttle.acquire("a", per_minute=1, burst=1).wait == 0
    assert throttle.acquire("b", per_minute=1, burst=1).wait == 0


def test_a_rate_may_be_lowered_on_the_way(clock):
    throttle = Throttle(clock)
    throttle.acquire("a", per_minute=60, burst=1)
    clock.now += 1
    assert throttle.acquire("a", per_minute=6, burst=1).wait == 0
    assert throttle.acquire("a", per_minute=6, burst=1).wait == pytest.approx(10.0)


@given(
    st.floats(0.5, 600),
    st.integers(1, 10),
    st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_no_span_of_time_holds_more_than_rate_and_burst_allow(per_minute, burst, steps):
    clock = Clock()
    throttle = Throttle(clock)
    granted = []
    for step in steps:
        clock.now += step
        granted += [
            clock.now
            for _ in range(3)
            if throttle.acquire("a", per_minute=per_minute, burst=burst).wait == 0
        ]
    assert granted
    for first, start in enumerate(granted):
        for last in range(first, len(granted)):
            span = granted[last] - start
            assert last - first + 1 <= math.floor(span * per_minute / 60 + burst + 1e-6)


@given(st.floats(0.5, 600), st.integers(1, 10))
def test_whoever_waits_as_told_loses_no_time(per_minute, burst):
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(40):
        while wait := throttle.acquire("a", per_minute=per_minute, burst=burst).wait:
            clock.now += wait
    assert clock.now - 1000 == pytest.approx((40 - burst) * 60 / per_minute)


def test_idle_keys_are_forgotten(clock):
    throttle = Throttle(clock)
    for number in range(10_000):
        throttle.acquire(f"site:{number}", per_minute=60, burst=2)
        clock.now += 1
    assert len(throttle) <= 64


def test_keys_in_use_are_not_forgotten(clock):
    throttle = Throttle(clock)
    for number in range(500):
        throttle.acquire(f"site:{number}", per_minute=1, burst=1)
    assert throttle.acquire("site:0", per_minute=1, burst=1).wait == pytest.approx(60)
    assert len(throttle) == 500


@pytest.mark.parametrize(
    ("per_minute", "burst"), [(0, 1), (-1, 1), (float("nan"), 1), (60, 0), (60, -2)]
)
def test_a_rate_that_means_nothing_is_refused(clock, per_minute, burst):
    with pytest.raises(ValueError, match="per minute"):
        Throttle(clock).acquire("a", per_minute=per_minute, burst=burst)


def test_threads_take_turns_and_get_one_burst_together():
    inside = 0
    most = 0
    moment = threading.Event()

    def clock() -> float:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        moment.wait(0.005)  # lets the other threads in, if anything does
        inside -= 1
        return 1000.0

    throttle = Throttle(clock)
    ready = threading.Barrier(8)
    granted: list[bool] = []

    def ask() -> None:
        ready.wait(60)
        granted.extend(throttle.acquire("a", per_minute=1, burst=5).wait == 0 for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(granted), sum(granted)) == (40, 5)
    assert most == 1
