"""Children that speak the protocol their own way."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import psutil
import pytest
from msgspec.structs import replace

from jobtracker_core import RunState


@pytest.fixture(autouse=True)
def nothing_left(supervised) -> Iterator[None]:
    yield
    assert supervised.left() == []


def ends(result):
    return result.outcome.state, result.outcome.error_class


QUESTIONS = """
import os
from jobtracker_core.runner import channel
question = channel.frame(channel.Acquire(key="site:board.example", per_minute=60, burst=1))
while True:
    os.write(1, question * 100)
"""
HALF_A_FRAME = "import os; os.write(1, bytes([0, 0, 1, 0]) + b'half')"
A_DRIP = """
import os, time
os.write(1, bytes([0, 200, 0, 0]))
while True:
    os.write(1, b"x")
    time.sleep(0.05)
"""
LAST_WORDS = """
import os
from jobtracker_core.contract.host import Batch
from jobtracker_core.runner import channel
os.write(1, channel.frame(channel.Ready()))
os.write(1, channel.frame(channel.Deliver(batch=Batch(kind="list", records=()))))
os._exit(4)
"""


@pytest.mark.fault(
    "F34",
    done="A run's process sent half a frame, endless questions, a drip of bytes or a page without an end.",
    holds="The run failed with a class of its own, and the supervisor's memory did not grow.",
)
@pytest.mark.parametrize(
    ("script", "loading", "error_class", "batches"),
    [
        (QUESTIONS, 2, "plugin_import", 0),
        (HALF_A_FRAME, 20, "plugin_import", 0),
        (A_DRIP, 2, "plugin_import", 0),
        (LAST_WORDS, 20, "internal", 1),
    ],
    ids=["only asks", "half a frame", "a drip", "last words"],
)
def test_a_child_with_a_protocol_of_its_own(
    supervised, script, loading, error_class, batches
) -> None:
    supervised.command = [sys.executable, "-P", "-c", script]
    supervised.patience = replace(supervised.patience, loading=loading)
    before = psutil.Process().memory_info().rss
    result = supervised.run("good")
    assert ends(result) == (RunState.FAILED, error_class)
    assert len(supervised.host.batches) == batches
    assert psutil.Process().memory_info().rss - before < 20 * 1024 * 1024
