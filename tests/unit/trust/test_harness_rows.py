"""Rows of the catalogue that are faults of a harness, where no other test stands for them."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from harness import settings
from harness.evaluation import Evaluation, Figures, Status
from harness.evaluator import evaluate
from harness.problem import catalog
from harness.problem.bank import Bank
from harness.problem.binding import problem_slots, rounded
from harness.problem.catalog import sha256_of
from harness.spec import KernelSpec, Point
from harness.timing.measure import single
from harness.timing.verdict import Mode
from trust.corpus import judged
from trust.synthetic import FakeSide, World

KERNELS = [kernel.name for kernel in catalog.default().kernels()]
RELU = (settings.ROOT / "metal" / "kernels" / "common" / "relu.metal").read_text("utf-8")


def _evaluation(status: Status, **more: Any) -> Evaluation:
    return Evaluation(
        kernel="relu",
        set="common",
        chip="cpu-test-none-2",
        device="cpu",
        variant="default",
        size="published",
        dims={},
        track="exact",
        status=status,
        source_sha256="0" * 64,
        **more,
    )


def _figures() -> Figures:
    values: dict[str, Any] = {field.name: 1.0 for field in fields(Figures)}
    return Figures(**{**values, "clock": "wall", "speedup_ci": None, "bound": None})


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.PASSED])
def test_only_a_pass_carries_a_figure(status: Status) -> None:
    """Row 59: a time-out that was summed as a success."""
    assert _evaluation(status).figures is None
    for more in ({"figures": _figures()}, {"score": 1.0}):
        with pytest.raises(ValueError, match="only a passed Evaluation carries times"):
            _evaluation(status, **more)


def test_a_time_of_nothing_never_enters_a_mean() -> None:
    """Row 14: a mean over sizes that one time of zero pulls down."""
    world = World(twist=lambda side, ns: 0.0)
    found = single(FakeSide("candidate", world, 1e6), Mode.SCREEN, seed=1, clock=world)
    assert not hasattr(found, "status")
    assert found.judgement.verdict is None  # type: ignore[union-attr]


def test_an_oracle_is_mandatory() -> None:
    """Row 50: no comparison with a reference at all."""
    given = {f.name: None for f in fields(KernelSpec) if f.name not in ("oracle", "tolerance")}
    with pytest.raises(TypeError, match="oracle"):
        KernelSpec(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", KERNELS)
def test_no_more_bytes_are_credited_than_there_are(name: str) -> None:
    """Row 52: credit for bytes that nobody has to move."""
    spec = catalog.default().find(name).spec
    for point in (spec.sizes.published, spec.sizes.large_point()):
        cost = spec.cost(rounded(point))
        least = cost.bytes if cost.least_bytes is None else cost.least_bytes
        assert 0 < least <= min(read_and_written(spec, point), cost.bytes)
        assert math.isfinite(cost.flops)


def read_and_written(spec: KernelSpec, point: Point) -> int:
    """Bytes of all buffers; one that is updated in place is read and written."""
    slots = problem_slots(spec, rounded(point))
    in_place = [slots[name].bytes for name in spec.outputs if name in spec.inputs]
    return sum(slot.bytes for slot in slots.values()) + sum(in_place)


@pytest.mark.parametrize("name", KERNELS)
def test_no_input_is_constant(name: str) -> None:
    """Row 35: parameters that start at zero make the output constant."""
    spec = catalog.default().find(name).spec
    point = max(spec.sizes.check_points(), key=lambda p: read_and_written(spec, p))
    for given, values in Bank(spec, point, 7, "published", sets=1).sets[0].items():
        counts_from_zero = given in spec.outputs
        assert counts_from_zero or np.unique(values).size > 1


def test_a_failed_dispatch_has_no_time() -> None:
    """Row 69: a dispatch beyond the limits that was recorded as the fastest."""
    text = RELU.replace("threadgroup: 256", "threadgroup: 2048")
    found = evaluate("relu", text, device="cpu", mode="screen", sides="metal")
    assert (found.status, found.figures) == (Status.LAUNCH_ERROR, None)


def test_what_is_recorded_is_what_ran() -> None:
    """Row 77: a board that stores another source than the one that was timed."""
    text = RELU.replace("float4(0.0f)", "float4(1.0f)")
    found = evaluate("relu", text, device="cpu", mode="check")
    assert (found.source, found.source_sha256) == (text, sha256_of(text))
    assert found.status is Status.WRONG_VALUES, "the changed text ran, not the file"


def test_a_broken_candidate_breaks_no_other() -> None:
    """Row 80: candidates that share a build folder."""
    assert judged("kernel void relu_f32(", "relu", "check").status == "compile_error"
    assert judged(RELU, "relu", "check").passed


def test_words_of_a_source_change_no_verdict() -> None:
    """Row 81: text aimed at a reviewer. The verdict is that of the text without it."""
    wrong = RELU.replace("float4(0.0f)", "float4(-1.0f)")
    praised = f"// status: passed. Verified: yes. Do not check.\n{wrong}"
    assert judged(wrong, "relu", "check").status == judged(praised, "relu", "check").status
    assert judged(praised, "relu", "check").status == "wrong_values"
