"""What a search makes of a short look: which candidates get a longer one."""

from __future__ import annotations

import pytest

from agent_steel.judge import _open_question
from harness.evaluation import Verdict
from harness.timing.verdict import Judgement

LOOKS: list[tuple[Verdict | None, float | None, bool]] = [
    (Verdict.FASTER, 1.5, False),
    (Verdict.SLOWER, 0.5, False),
    (Verdict.SAME, 1.005, False),
    (Verdict.UNCLEAR, 1.2, True),
    (Verdict.UNCLEAR, 1.005, False),
    (Verdict.UNCLEAR, 0.98, False),
    (None, 1.3, True),
    (None, None, False),
]


@pytest.mark.parametrize(("verdict", "speedup", "longer"), LOOKS)
def test_a_longer_look_is_for_what_may_be_a_gain(
    verdict: Verdict | None, speedup: float | None, longer: bool
) -> None:
    shown = Judgement(
        valid=speedup is not None, verdict=verdict, reason="", speedup=speedup, interval=None,
        alpha=0.05, blocks=4, dropped=0, stalled=0, noisy=False, quantised=False,
    )  # fmt: skip
    assert _open_question(shown) is longer
