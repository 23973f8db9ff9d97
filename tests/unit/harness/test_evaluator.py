"""`harness.evaluate` on a device in memory: judged first, timed only if right."""

from __future__ import annotations

from typing import Any

import pytest
from examples_of_kernels import device, double, double_spec, kernel, source
from fakes import Call, FakeDevice

import harness
from harness.checking import trial
from harness.errors import EnvironmentFault, UserError
from harness.evaluation import Evaluation, Status
from harness.problem.inputs import secret_hash
from harness.spec import Domain, Range
from harness.timing import ceilings, timed


@pytest.fixture(autouse=True)
def no_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceilings, "_measured", lambda: None)
    monkeypatch.setattr(timed, "ceilings_of", lambda device: None)


def evaluate(fake: FakeDevice, text: str = "k", **options: Any) -> Evaluation:
    return harness.evaluate(kernel(), source(text), device=fake, **options)


def test_a_right_kernel_is_timed_and_carries_its_seeds() -> None:
    found = evaluate(device(), mode="screen")
    assert found.status is Status.PASSED and found.samples is not None
    assert {v["side"] for b in found.samples.blocks for v in b["visits"]} == {
        "candidate",
        "baseline",
    }
    assert set(found.baselines) >= {"mlx"}
    seed = found.environment["seed"]
    assert found.environment["seed_sha256"] == secret_hash(int(seed, 16))
    assert found.environment["validated_samples"] >= 1
    assert found.geometry[0]["function"] == "double_f32"
    assert found.source_sha256 == source("k").sha256


def test_check_mode_judges_and_times_nothing() -> None:
    found = evaluate(device(), mode="check")
    assert (found.status, found.figures, found.samples) == (Status.PASSED, None, None)
    assert (found.max_abs_err, found.published_status) == (0.0, Status.PASSED)


def test_a_wrong_kernel_is_a_value_with_its_first_bad_element() -> None:
    def skip(call: Call) -> None:
        call.buffer(1)[:-1] = 2 * call.buffer(0)[:-1]

    found = evaluate(device(skip))
    assert found.status is Status.NOT_WRITTEN and found.figures is None
    assert found.first_bad is not None and found.first_bad.index == (0, 0)
    assert found.reason.startswith("check size (rows=1, cols=1): y[0, 0] was not written")


def test_wrong_only_at_the_requested_size() -> None:
    def small(call: Call) -> None:
        if call.constant(2) < 1000:
            double(call)

    found = evaluate(device(small))
    assert found.status is Status.NOT_WRITTEN
    assert found.reason.startswith("published (rows=16, cols=64): ")


def test_wrong_only_while_it_is_timed() -> None:
    runs = []

    def tired(call: Call) -> None:
        runs.append(1)
        if len(runs) < 30:
            double(call)

    found = evaluate(device(tired), mode="screen", sides="metal")
    assert found.status is Status.NOT_WRITTEN and found.figures is None
    assert "in a timed run" in found.reason


def test_sides_alone() -> None:
    alone = evaluate(device(), mode="screen", sides="metal")
    assert alone.figures is not None and alone.figures.speedup is None
    mlx = evaluate(device(), mode="screen", sides="mlx")
    assert mlx.status is Status.PASSED and mlx.figures is None
    assert mlx.samples is not None and "mlx" in mlx.baselines


def test_a_wrong_baseline_voids_the_comparison() -> None:
    wrong = kernel(double_spec(reference=lambda x: x * 5))
    found = harness.evaluate(wrong, source(), device=device(), mode="screen")
    assert found.status is Status.PASSED and found.figures is not None
    assert found.figures.speedup is None and found.verdict is None
    assert "expected" in found.environment["baseline_void"]


def test_sizes_outside_requires_are_not_covered() -> None:
    found = evaluate(device(), "//! requires: cols == 37\n")
    assert found.status is Status.UNSUPPORTED
    assert found.reason == "not covered: this file requires cols == 37"
    assert found.environment["not_covered"] == ["check 0", "published"]
    found = evaluate(device(), "//! requires: cols == 64\n", mode="check")
    assert found.status is Status.PASSED
    assert found.environment["not_covered"] == ["check 0", "check 1"]


def test_seeds_repeat_and_secrets_do_not() -> None:
    seeds = [evaluate(device(), mode="check", seed=s).environment["seed"] for s in (7, 7, 8)]
    assert seeds[0] == seeds[1] != seeds[2]
    free = {evaluate(device(), mode="check").environment["seed"] for _ in range(2)}
    assert len(free) == 2


def test_workers_end_whatever_happens() -> None:
    fake = device()
    evaluate(fake, mode="check")

    def broken(call: Call) -> None:
        raise RuntimeError("a bug of the harness")

    other = device(broken)
    with pytest.raises(RuntimeError):
        evaluate(other)
    assert all(session.closed for session in (*fake.sessions, *other.sessions))


def test_a_pair_is_judged_and_timed_together() -> None:
    request = trial.Request(
        kernel=kernel(),
        source=source("a"),
        variant="file",
        device=device(),
        size="published",
        point={"rows": 16, "cols": 64},
        mode="screen",
        secret=9,
    )
    found = timed.pair(request, request)
    assert not hasattr(found, "status") and found.blocks  # type: ignore[union-attr]


def test_a_size_that_does_not_fit_is_refused_before_it_is_made() -> None:
    with pytest.raises(EnvironmentFault, match="MiB to judge"):
        wide = double_spec(domain=Domain({"rows": Range(1, 1 << 40), "cols": Range(1, 64)}))
        harness.evaluate(kernel(wide), source(), device=device(), sizes=(f"rows={1 << 36}",))


def test_wrong_use_is_a_user_error() -> None:
    with pytest.raises(UserError, match="one size at a time"):
        evaluate(device(), sizes=("published", "large"))
    with pytest.raises(UserError, match="unknown size"):
        evaluate(device(), sizes=("huge",))
    with pytest.raises(UserError, match="unknown kernel"):
        harness.evaluate("no_such_kernel", device=device())
