"""MLX's side: every form probed, the fastest right one timed, wrong and missing ones reported."""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from examples_of_kernels import double_spec

from harness.evaluation import Refusal
from harness.problem.bank import Bank
from harness.spec import KernelSpec, ulp
from harness.timing import mlx_side
from harness.timing.mlx_side import COMPILED, EAGER, MlxSide, time_forms

POINT = {"rows": 8, "cols": 32}


def side_of(spec: KernelSpec) -> MlxSide:
    return MlxSide(spec, Bank(spec, POINT, 3, "timing"), 3)


def slow(x: mx.array) -> mx.array:
    for _ in range(200):
        x = x + 0
    return x + x


def test_the_fastest_right_form_is_the_baseline() -> None:
    spec = double_spec(forms={"slow": slow, "wrong": lambda x: x * 3})
    side = side_of(spec)
    assert side.probe() is None
    assert set(side.baselines.ms) >= {EAGER, "slow"}
    assert side.name == min(side.baselines.ms, key=lambda n: side.baselines.ms[n]) != "slow"
    assert side.baselines.absent["wrong"].startswith("wrong: ")
    took = side.sample(4)
    assert not isinstance(took, Refusal) and took.ns > 0
    assert side.overhead().ns > 0
    assert side.max_instances > 4


def test_a_form_that_fails_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(form: Any) -> Any:
        def fail(*arrays: mx.array) -> None:
            raise RuntimeError("[Compile] no compiler\nmore")

        return fail

    monkeypatch.setattr(mlx_side.mx, "compile", broken)
    side = side_of(double_spec())
    assert side.probe() is None
    assert side.baselines.absent == {COMPILED: "[Compile] no compiler"}
    assert side.name == EAGER


def test_a_wrong_reference_is_said() -> None:
    refusal = side_of(double_spec(reference=lambda x: x * 2.5)).probe()
    assert refusal is not None and "expected" in refusal.reason


def test_a_reference_may_be_less_accurate_than_a_kernel_has_to_be() -> None:
    rough = double_spec(reference=lambda x: x * 2.0001, published_tolerance=(0.0, 0.0))
    assert side_of(rough).probe() is None


def test_the_other_forms_are_timed_with_names() -> None:
    spec = double_spec(
        numpy_form=lambda x, cols: x * np.float32(2) if cols == 32 else None, tolerance=ulp(1)
    )
    found = time_forms(spec, Bank(spec, POINT, 3, "timing"))
    assert set(found) == {"numpy"} and found["numpy"] > 0
