"""Scores of the scientific set: each size's share of what the chip allows, S over the sizes, Phi.

Two ceilings stand side by side. The measured one is the least time that this size's bytes or FLOPs
take on this chip; the published one is a constant of the chip, for chips that it was published for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chip_metrics import Ceilings
from harness.evaluation import Evaluation
from harness.problem.schedule import Schedule
from harness.spec import KernelSpec, Point

SET = "metal_sci"
#: The tasks of the paper; two more came after it.
LATER = ("adi3d", "morton")
#: FP32 GFLOPS and GB/s that the public board divides by.
PUBLISHED_CEILINGS = {
    "apple-m1": (2600, 68),
    "apple-m1-pro": (4500, 200),
    "apple-m1-max": (7800, 400),
    "apple-m1-ultra": (21000, 800),
    "apple-m2": (3600, 100),
    "apple-m2-pro": (6800, 200),
    "apple-m2-max": (13600, 400),
    "apple-m2-ultra": (27200, 800),
    "apple-m3": (4100, 100),
    "apple-m3-pro": (7400, 150),
    "apple-m3-max": (14200, 300),
    "apple-m4": (4600, 120),
    "apple-m4-pro": (9200, 273),
    "apple-m4-max": (18000, 546),
}
_UNITS = {"bytes": "GB/s", "flops": "GFLOPS"}


def size_score(
    spec: KernelSpec,
    point: Point,
    schedule: Schedule,
    ms: float,
    chip: str,
    ceilings: Ceilings | None,
) -> dict[str, Any] | None:
    """What a time at one size comes to, as plain values; None for problems without such a score.

    `fraction` is of the measured ceiling and counts true traffic; `published_fraction` is of the
    published constant and counts the work that the public board counts.
    """
    if spec.work is None:
        return None
    cost, by_bytes = spec.cost(point), spec.work.kind == "bytes"
    held = sum(slot.bytes for slot in schedule.slots.values())
    ceiling = None
    if ceilings is not None:
        ceiling = ceilings.bandwidth_gbps(held) if by_bytes else ceilings.fp32_gflops
    board = PUBLISHED_CEILINGS.get(chip)
    published = None if board is None else float(board[by_bytes])
    done = (cost.bytes if by_bytes else cost.flops) / ms / 1e6
    counted = spec.work.amount(point) / ms / 1e6
    return {
        "unit": _UNITS[spec.work.kind],
        "rate": done,
        "ceiling": ceiling,
        "fraction": done / ceiling if ceiling else None,
        "published_rate": counted,
        "published_ceiling": published,
        "published_fraction": counted / published if published else None,
        "working_set_bytes": held,
        "dispatches": len(schedule.dispatches),
    }


@dataclass(frozen=True)
class Score:
    """One task. A factor that is None was not measured; S is 0 where a size is wrong."""

    kernel: str
    s_measured: float | None
    s_published: float | None
    phi_measured: float | None
    phi_published: float | None


def score(spec: KernelSpec, evaluations: Sequence[Evaluation]) -> Score:
    """The score of one source of a task from its Evaluations, one a size."""
    by_size = {evaluation.size: evaluation for evaluation in evaluations}
    shown = [by_size[label] for label in spec.sizes.series if label in by_size]
    complete = len(shown) == len(spec.sizes.series)
    hidden = next((by_size[label] for label in spec.sizes.held_out if label in by_size), None)
    return Score(
        evaluations[0].kernel,
        _geometric(shown, "fraction") if complete else None,
        _geometric(shown, "published_fraction") if complete else None,
        _single(hidden, "fraction"),
        _single(hidden, "published_fraction"),
    )


def _geometric(shown: Sequence[Evaluation], name: str) -> float | None:
    if not all(evaluation.passed for evaluation in shown):
        return 0.0
    found = [_single(evaluation, name) for evaluation in shown]
    return geometric_mean(found)


def geometric_mean(values: Sequence[float | None]) -> float | None:
    """Of all of them; None if one is missing, 0 if one is 0."""
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not known:
        return None
    if 0.0 in known:
        return 0.0
    return math.exp(sum(math.log(max(value, 1e-12)) for value in known) / len(known))


def _single(evaluation: Evaluation | None, name: str) -> float | None:
    if evaluation is None:
        return None
    if not evaluation.passed:
        return 0.0
    found: Mapping[str, Any] = evaluation.environment.get("science") or {}
    value = found.get(name)
    return None if value is None else float(value)


def totals(scores: Sequence[Score]) -> list[tuple[str, Score]]:
    """The geometric means over the paper's ten tasks and over all twelve."""
    every = list(scores)
    groups = {
        "paper-10": [one for one in every if one.kernel not in LATER],
        "all-12": every,
    }
    return [
        (
            name,
            Score(
                name,
                geometric_mean([one.s_measured for one in group]),
                geometric_mean([one.s_published for one in group]),
                geometric_mean([one.phi_measured for one in group]),
                geometric_mean([one.phi_published for one in group]),
            ),
        )
        for name, group in groups.items()
    ]
