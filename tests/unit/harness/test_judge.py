"""Judging on a device in memory: honest kernels pass, each fault gets its own status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from examples_of_kernels import DOUBLE_PARAMETERS, device, double, double_spec, source
from fakes import Call, FakeDevice

from harness.checking.judge import Candidate, Judged, Wrong, judge, prepare
from harness.evaluation import Refusal, Status
from harness.problem.schedule import NotCovered
from harness.spec import Array, KernelSpec

SECRET = 1234
POINTS = [("check 0", {"rows": 5, "cols": 37}), ("published", {"rows": 16, "cols": 64})]


def judged(
    kernel: Callable[[Call], None] = double,
    spec: KernelSpec | None = None,
    text: str = "",
    points: Any = POINTS,
    fake: FakeDevice | None = None,
) -> list[Judged | NotCovered | Wrong]:
    fake = fake or device(kernel)
    candidate = prepare(spec or double_spec(), source(text + "\n"), fake)
    assert isinstance(candidate, Candidate), candidate
    try:
        return judge(candidate, points, SECRET)
    finally:
        candidate.close()


def status_of(kernel: Callable[[Call], None], **options: Any) -> Status:
    last = judged(kernel, **options)[-1]
    assert isinstance(last, Wrong), last
    return last.refusal.status


def test_an_honest_kernel_passes_everywhere() -> None:
    results = judged()
    assert all(isinstance(r, Judged) for r in results) and len(results) == 2
    assert isinstance(results[0], Judged)
    assert (results[0].max_abs_err, results[0].published_status) == (0.0, Status.PASSED)


def test_judging_stops_at_the_first_wrong_point() -> None:
    results = judged(lambda call: None)
    assert len(results) == 1 and isinstance(results[0], Wrong)


def skip_last(call: Call) -> None:
    n = call.constant(2)
    call.buffer(1)[: n - 1] = 2 * call.buffer(0)[: n - 1]


def wrong_constant(call: Call) -> None:
    call.buffer(1)[:] = 2.0001 * call.buffer(0)


def nan_somewhere(call: Call) -> None:
    double(call)
    call.buffer(1)[3] = np.nan


def overwrite_input(call: Call) -> None:
    double(call)
    call.buffer(0)[2] = 0.0


def write_past_the_end(call: Call) -> None:
    double(call)
    call.buffer(1, beyond=1)[-1] = 1.0


def write_before_the_start(call: Call) -> None:
    double(call)
    call.before(1, 2)[:] = 1.0


def stale_output(call: Call) -> None:
    y = call.buffer(1)
    fresh = np.isnan(y)
    y[fresh] = 2 * call.buffer(0)[fresh]


def scale_what_is_there(call: Call) -> None:
    call.buffer(1)[:] *= 2 * call.buffer(0)


def depends_on_order(call: Call) -> None:
    double(call)
    if call.order:
        call.buffer(1)[1] = 7.0


def crash(call: Call) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("kernel", "status"),
    [
        (skip_last, Status.NOT_WRITTEN),
        (wrong_constant, Status.WRONG_VALUES),
        (nan_somewhere, Status.NONFINITE),
        (overwrite_input, Status.INPUT_MODIFIED),
        (write_past_the_end, Status.OUT_OF_BOUNDS),
        (write_before_the_start, Status.OUT_OF_BOUNDS),
        (stale_output, Status.UNINITIALISED_READ),
        (scale_what_is_there, Status.UNINITIALISED_READ),
        (depends_on_order, Status.DATA_RACE),
        (crash, Status.CRASHED),
    ],
)
def test_faults_get_their_status(kernel: Callable[[Call], None], status: Status) -> None:
    assert status_of(kernel) is status


def test_the_first_bad_index_of_a_skipped_last_element() -> None:
    last = judged(skip_last)[-1]
    assert isinstance(last, Wrong) and last.refusal.first_bad is not None
    assert last.refusal.first_bad.index == (4, 36)
    assert last.published_status is Status.NOT_WRITTEN


def test_overruns_name_the_buffer_and_the_distance() -> None:
    last = judged(write_past_the_end)[-1]
    assert isinstance(last, Wrong)
    assert last.refusal.reason == "wrote to byte 0 past the end of 'y'"
    last = judged(write_before_the_start)[-1]
    assert isinstance(last, Wrong) and "before the start of 'y'" in last.refusal.reason


def test_a_kernel_that_remembers_its_inputs_by_call_order_is_caught() -> None:
    """Each run has another address and the seeds are secret: only the values can be right."""
    answers: list[np.ndarray] = []

    def replay_first(call: Call) -> None:
        if not answers:
            answers.append(2 * call.buffer(0))
        call.buffer(1)[:] = np.resize(answers[0], call.buffer(1).size)

    assert status_of(replay_first, points=POINTS) is Status.WRONG_VALUES


def test_a_kernel_that_differs_by_chance_is_not_called_uninitialised() -> None:
    rng = np.random.default_rng(0)

    def noisy(call: Call) -> None:
        double(call)
        call.buffer(1)[rng.integers(185)] += 1

    assert status_of(noisy) is Status.WRONG_VALUES


def test_scratch_starts_as_poison_and_is_judged_by_results_only() -> None:
    parameters = {
        "first": {0: ("x", "device const float*"), 1: ("t", "device float*")},
        "second": {0: ("t", "device const float*"), 1: ("y", "device float*")},
    }
    header = (
        "//! scratch t: float rows * cols\n"
        "//! dispatch first grid: 64 threadgroup: 64 bind 1=t\n"
        "//! dispatch second grid: 64 threadgroup: 64 bind 0=t\n"
    )

    def first(call: Call) -> None:
        call.buffer(1)[:] = call.buffer(0)

    def second(call: Call) -> None:
        call.buffer(1)[:] = 2 * call.buffer(0)

    def lazy(call: Call) -> None:
        t = call.buffer(1)
        t[np.isnan(t)] = call.buffer(0)[np.isnan(t)]

    honest = FakeDevice({"first": first, "second": second}, parameters)
    assert all(isinstance(r, Judged) for r in judged(text=header, fake=honest))
    reads = FakeDevice({"first": lazy, "second": second}, parameters)
    assert status_of(double, text=header, fake=reads) is Status.UNINITIALISED_READ


def test_in_out_buffers_start_with_their_input() -> None:
    spec = double_spec(outputs={"x": Array("rows", "cols")})
    parameters = {"double_f32": {0: ("x", "device float*"), 1: ("N", "constant uint&")}}

    def in_place(call: Call) -> None:
        call.buffer(0)[:] *= 2

    fake = FakeDevice({"double_f32": in_place}, parameters)
    assert all(isinstance(r, Judged) for r in judged(spec=spec, fake=fake))


def test_swapped_buffers_leave_the_result_where_the_schedule_says() -> None:
    spec = double_spec(oracle=lambda x: x + 3)
    header = "//! dispatch double_f32 grid: 1 threadgroup: 1 repeat: 3 swap: x,y\n"
    parameters = {"double_f32": {0: ("x", "device float*"), 1: ("y", "device float*")}}

    def add_one(call: Call) -> None:
        call.buffer(1)[:] = call.buffer(0) + np.float32(1)

    fake = FakeDevice({"double_f32": add_one}, parameters)
    from harness.spec import ulp

    close = double_spec(oracle=spec.oracle, tolerance=ulp(4, absolute=1e-6))
    assert all(isinstance(r, Judged) for r in judged(spec=close, text=header, fake=fake))


def test_points_outside_requires_are_neither_pass_nor_fail() -> None:
    results = judged(text="//! requires: cols % 64 == 0\n")
    assert isinstance(results[0], NotCovered) and isinstance(results[1], Judged)


def test_refusals_before_anything_runs() -> None:
    spec = double_spec()
    bad = prepare(spec, source("\n//! grid: oops("), device())
    assert isinstance(bad, Refusal) and bad.status is Status.COMPILE_ERROR
    assert bad.location == "double.metal:2:16"
    bad = prepare(spec, source(), device(refusal=Refusal(Status.COMPILE_ERROR, "no")))
    assert bad == Refusal(Status.COMPILE_ERROR, "no")
    mutable = {"double_f32": {**DOUBLE_PARAMETERS, 0: ("x", "device float*")}}
    bad = prepare(spec, source(), FakeDevice({"double_f32": double}, mutable))
    assert isinstance(bad, Refusal) and "'x' [[buffer(0)]]" in bad.reason
    results = judged(text="//! threadgroup: 1024", fake=device(max_threads=896))
    assert isinstance(results[0], Wrong)
    assert "1024 threads > pipeline limit 896" in results[0].refusal.reason


def test_outputs_are_read_only_while_the_worker_is_frozen() -> None:
    fake = device()
    judged(fake=fake)
    assert fake.sessions[0].frozen and fake.sessions[0].closed


def test_secrets_change_the_values() -> None:
    seen = []

    def spy(call: Call) -> None:
        seen.append(call.buffer(0).copy())
        double(call)

    for secret in (1, 1, 2):
        candidate = prepare(double_spec(), source(), device(spy))
        assert isinstance(candidate, Candidate)
        judge(candidate, POINTS[:1], secret)
    runs = len(seen) // 3
    assert np.array_equal(seen[0], seen[runs])
    assert not np.array_equal(seen[0], seen[2 * runs])
