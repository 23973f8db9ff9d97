"""The candidate's side: fresh values and poison before every sample, timed runs validated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from examples_of_kernels import device, double, double_spec, source
from fakes import Call

from harness.checking.judge import Candidate, prepare
from harness.evaluation import Refusal, Status
from harness.problem import bank as bank_module
from harness.problem.bank import Bank, Guise
from harness.problem.schedule import Schedule
from harness.spec import Array
from harness.timing import kernel_side
from harness.timing.kernel_side import KernelSide

POINT = {"rows": 16, "cols": 64}


def side_of(kernel: Callable[[Call], None], text: str = "k", rows: int = 16) -> KernelSide:
    point = {**POINT, "rows": rows}
    spec = double_spec()
    candidate = prepare(spec, source(text), device(kernel))
    assert isinstance(candidate, Candidate)
    schedule = candidate.schedule(point)
    assert isinstance(schedule, Schedule)
    return KernelSide(candidate, schedule, Bank(spec, point, 5, "timing"), 5)


def test_samples_are_timed_by_the_host_and_hold_as_many_runs() -> None:
    calls = []

    def counted(call: Call) -> None:
        calls.append(1)
        double(call)

    side = side_of(counted)
    for count in (1, 7):
        calls.clear()
        took = side.sample(count)
        assert not isinstance(took, Refusal)
        assert (len(calls), took.ns) == (count, 1000.0 * count)
    assert side.overhead().ns == 100.0
    assert side.max_instances > 7


def test_every_instance_gets_fresh_values_and_poison() -> None:
    seen: list[np.ndarray] = []

    def spy(call: Call) -> None:
        y = call.buffer(1)
        assert np.isnan(y).all() or (y > 1e29).all()
        seen.append(call.buffer(0).copy())
        double(call)

    side = side_of(spy)
    for _ in range(4):
        assert not isinstance(side.sample(5), Refusal)
    different = {values.tobytes() for values in seen}
    assert len(different) > len(seen) / 2
    assert side.validated >= 1


def test_a_kernel_that_is_right_once_and_wrong_later_is_caught() -> None:
    calls = []

    def lazy(call: Call) -> None:
        calls.append(1)
        if len(calls) <= 3:
            double(call)

    side = side_of(lazy)
    results = [side.sample(1) for _ in range(60)]
    caught = [r for r in results if isinstance(r, Refusal)]
    assert caught and caught[0].status is Status.NOT_WRITTEN
    assert caught[0].reason.startswith("in a timed run: ")


def test_the_last_sample_is_always_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_side, "VALIDATED_SHARE", 0.0)
    calls = []

    def late(call: Call) -> None:
        calls.append(1)
        double(call)
        if len(calls) > 4:
            call.buffer(1)[0] += 1

    for count in (1, 2):
        calls.clear()
        side = side_of(late)
        for _ in range(6):
            assert not isinstance(side.sample(count), Refusal) or count == 1
        refusal = side.finish()
        assert refusal is not None and refusal.status is Status.WRONG_VALUES


@pytest.mark.parametrize("fault", ["input", "guard"])
def test_memory_is_checked_in_timed_runs_too(fault: str) -> None:
    def bad(call: Call) -> None:
        double(call)
        if fault == "input":
            call.buffer(0)[1] = 0
        else:
            call.buffer(1, beyond=3)[-1] = 0

    refusal = side_of(bad).sample(1)
    assert isinstance(refusal, Refusal)
    assert refusal.status is (Status.INPUT_MODIFIED if fault == "input" else Status.OUT_OF_BOUNDS)


def test_addresses_change_between_single_runs() -> None:
    places = set()

    def spy(call: Call) -> None:
        places.add(call.regions["y"].offset)
        double(call)

    side = side_of(spy)
    for _ in range(20):
        side.sample(1)
    assert len(places) == 2


def test_schedules_that_update_in_place_run_one_at_a_time() -> None:
    text = "//! dispatch double_f32 grid: 1 threadgroup: 1 repeat: 2 swap: x,y\n"
    assert side_of(double, text).max_instances == 1


def test_a_turned_set_is_its_own_expectation() -> None:
    spec = double_spec()
    bank = Bank(spec, POINT, 7, "t")
    bank.refresh()
    turned = bank.inputs(Guise(1, 5))["x"]
    assert np.array_equal(turned, np.roll(bank.sets[1]["x"], 5, axis=0))
    guises = {bank.guise(np.random.default_rng(s)) for s in range(40)}
    assert len(guises) > 20


def test_whole_problems_have_several_sets_instead() -> None:
    spec = double_spec(
        chunked=(),
        inputs={"x": Array("rows", "cols", values=lambda rng, shape, point: rng.random(shape))},
    )
    bank = Bank(spec, POINT, 7, "t", sets=2)
    assert (len(bank.sets), bank.rows) == (2, 1)
    assert bank.sets[0]["x"].dtype == np.float32
    assert not np.array_equal(bank.sets[0]["x"], bank.sets[1]["x"])


def test_what_was_timed_is_seldom_seen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that remembers answers by the content of its inputs would seldom meet one again."""
    spec = double_spec(
        chunked=(),
        inputs={"x": Array("rows", "cols", values=lambda rng, shape, point: rng.random(shape))},
    )
    monkeypatch.setattr(bank_module, "FRESH_S", 60.0)
    bank, rng = Bank(spec, POINT, 7, "t"), np.random.default_rng(1)
    seen = []
    for _ in range(20):
        bank.refresh()
        seen += [bank.inputs(bank.guise(rng))["x"].tobytes() for _ in range(50)]
    assert len(set(seen)) == len(seen)
    monkeypatch.setattr(bank_module, "FRESH_S", 0.0)
    monkeypatch.setattr(bank_module, "FRESH_TIME_SHARE", 0.0)
    few = Bank(spec, POINT, 7, "t")
    few.refresh()
    assert len({few.guise(rng).set for _ in range(100)}) == 2


def test_inputs_are_combined_across_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    def values(rng: np.random.Generator, shape: tuple[int, ...], point: object) -> np.ndarray:
        return rng.random(shape)

    one = Array("rows", "cols", values=values)
    spec = double_spec(chunked=(), inputs={"x": one, "z": one})
    monkeypatch.setattr(bank_module, "FRESH_S", 0.0)
    bank, rng = Bank(spec, POINT, 7, "t"), np.random.default_rng(1)
    pairs = [bank.inputs(bank.guise(rng)) for _ in range(4)]
    assert len({p["x"].tobytes() + p["z"].tobytes() for p in pairs}) == 4
    assert len({p["x"].tobytes() for p in pairs}) == len({p["z"].tobytes() for p in pairs}) == 2
