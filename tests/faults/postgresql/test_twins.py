"""The guards taken away: what they prevent must happen then, or their tests prove nothing."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.full


def test_without_fence_and_trust_a_zombie_writes(
    behind_its_back, other_board, writers, wait_until
) -> None:
    run_id, _, second = behind_its_back("trust", "fence")
    wait_until(lambda: "one" in writers(run_id, 2))
    other_board.let_go()
    second.wait_for("run ended")
