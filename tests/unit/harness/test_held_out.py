"""The held-out gate: what it draws, that it commits first, what it refuses, and whom it blames."""

from __future__ import annotations

import ast
import hashlib
import json
import math
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from example_evaluations import GATE_PASSED, passed
from examples_of_kernels import device, double, double_spec, kernel, source
from fakes import Call, FakeDevice

from harness import devices, judging
from harness.board import promotion
from harness.checking import counting, trial
from harness.checking.checked import CheckReport
from harness.command import cli
from harness.errors import ExitCode
from harness.evaluation import Evaluation, Refusal, Status
from harness.gate import held_out
from harness.gate import points as gate_points
from harness.gate import report as gate_report
from harness.gate import store as gate_store
from harness.gate.speed import Speed
from harness.problem import catalog, inputs
from harness.problem.catalog import Kernel
from harness.settings import ROOT, Settings, paths
from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Sizes, ulp

KERNELS = catalog.default().kernels()


def everywhere(point: Any) -> bool:
    return True


def ranked(**changes: Any) -> Evaluation:
    """The Evaluation at the size that ranks; without figures nothing is timed."""
    return passed(figures=None, score=None, samples=None, size="published", **changes)


def gate(
    on: FakeDevice | Any,
    text: str = "kernel void double_f32();",
    *,
    problem: Kernel | None = None,
    evaluation: Evaluation | None = None,
    secret: int | None = None,
) -> dict[str, Any]:
    chosen = problem or kernel()
    request = trial.Request(
        kernel=chosen,
        source=source(text),
        variant="file",
        device=on,
        size="published",
        point=chosen.spec.sizes.published,
        mode="check",
        secret=1,
    )
    made = gate_store.commit(chosen.name, text, secret)
    return held_out.run(request, made, evaluation or ranked())


@pytest.mark.parametrize("size", ["published", "large"])
@pytest.mark.parametrize("problem", KERNELS, ids=lambda k: k.name)
def test_draws_are_what_their_kind_says(problem: Kernel, size: str) -> None:
    spec = problem.spec
    centre = catalog.point_of(spec, size)
    for seed in range(3):
        drawn = gate_points.draw(spec, inputs.secret_of(seed), centre, everywhere)
        known = [dict(one.point) for one in drawn if one.kind == gate_points.PUBLISHED]
        assert known == [dict(point) for point in spec.sizes.held_out.values()]
        assert not spec.sizes.series or len(drawn) >= gate_points.LEAST_DRAWS
        found = drawn[len(known) :]
        kinds = [one.kind for one in found]
        assert kinds == [kind for kind in gate_points.KINDS if kind in kinds]
        # A single size leaves nothing to draw, and powers of two too few for every kind.
        if spec.domain.ranges and problem.name != "fft3d":
            assert set(gate_points.KINDS) - set(kinds) <= set(gate_points.EDGES)
        named = [dict(point) for _, point in catalog.named_points(spec)]
        for one in found:
            assert catalog.outside_domain(spec, one.point) == ""
            assert dict(one.point) not in named
            size_here = gate_points.elements(spec, one.point)
            assert size_here <= max(spec.domain.max_elements, 1)
        by_kind = {one.kind: one for one in found}
        large = [n for n, r in spec.domain.ranges.items() if r.integral and r.high >= 64]
        # Constraints may leave no point with all dims prime.
        free = len(kinds) >= 4 and not spec.domain.constraints
        if free and all(spec.domain.ranges[name].multiple == 1 for name in large):
            prime, ragged = by_kind["prime"], by_kind["ragged"]
            assert set(prime.dims) == set(large) == set(ragged.dims)
            assert all(gate_points.is_prime(int(prime.point[name])) for name in large)
            assert all(ragged.point[name] % 32 for name in large)


def test_one_draw_is_larger_where_the_domain_allows() -> None:
    spec = double_spec()
    for seed in range(20):
        found = gate_points.draw(spec, inputs.secret_of(seed), spec.sizes.published, everywhere)
        larger = next(one for one in found if one.kind == "larger")
        size = gate_points.elements(spec, larger.point)
        assert 1.5 <= size / gate_points.elements(spec, spec.sizes.published) <= 4


def test_other_secrets_draw_other_points_and_parameters() -> None:
    spec = catalog.default().find("layer_norm").spec
    seen = {
        (one.point["rows"], one.point["cols"], one.point["eps"])
        for seed in range(5)
        for one in gate_points.draw(spec, inputs.secret_of(seed), spec.sizes.published, everywhere)
    }
    assert len(seen) == 5 * len(gate_points.KINDS)
    assert len({eps for _, _, eps in seen}) == len(seen)
    assert spec.sizes.published["eps"] not in {eps for _, _, eps in seen}


def test_most_secrets_try_a_counter_of_sixteen_bits() -> None:
    """A column counter too narrow was found by 13 of 400 secrets before there were steps."""
    spec = catalog.default().find("cumsum").spec
    beyond = 0
    for seed in range(60):
        found = gate_points.draw(spec, inputs.secret_of(seed), spec.sizes.published, everywhere)
        beyond += any(one.point["cols"] > 0xFFFF for one in found)
        edges = [one for one in found if one.kind in gate_points.EDGES]
        assert len(edges) == len(gate_points.EDGES) and not any(one.timed for one in edges)
        assert edges[1].dims != edges[2].dims
    assert beyond > 30


def test_a_returned_axis_makes_no_point_that_is_too_large() -> None:
    """A long row at the ranked number of rows took gigabytes."""
    spec = catalog.default().find("relu").spec
    centre = spec.sizes.published
    long = {**centre, "rows": 40_009, "cols": 3}
    assert gate_points.returned(spec, long, "cols", centre) is None
    assert gate_points.returned(spec, long, "rows", centre) == {**centre, "cols": 3}


def test_primes() -> None:
    assert [n for n in range(-1, 30) if gate_points.is_prime(n)] == [
        2,
        3,
        5,
        7,
        11,
        13,
        17,
        19,
        23,
        29,
    ]


def test_the_revealed_seed_gives_the_committed_points() -> None:
    found = gate(device())
    assert found["status"] == "passed" and found["covered"] and found["draws"] >= 4
    secret = int(found["seed"], 16)
    assert hashlib.sha256(secret.to_bytes(16, "little")).hexdigest() == found["commitment"]
    spec = double_spec()
    again = held_out.draws(spec, secret, spec.sizes.published)
    assert [(one.kind, dict(one.point)) for one in again] == [
        (point["kind"], point["dims"]) for point in found["points"]
    ]
    stored = [json.loads(path.read_text()) for path in paths().gate.iterdir()]
    assert [document["held_out"] for document in stored] == [found]


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from harness.gate import points as gate_points
gate_points.draw = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
from test_held_out import gate
from examples_of_kernels import device
gate(device())
"""


def test_the_commitment_is_on_disk_before_the_first_draw() -> None:
    here = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", KILLED, here], cwd=ROOT, timeout=60)
    assert done.returncode == -signal.SIGKILL
    (path,) = paths().gate.iterdir()
    document = json.loads(path.read_text())
    assert document["state"] == "committed" and len(document["commitment"]) == 64
    assert document["held_out"] is None and "seed" not in document


def test_nothing_that_makes_prompts_reads_what_the_gate_stores() -> None:
    packages = [ROOT / name for name in ("harness", "agent_steel", "trust", "perf")]
    readers = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom | ast.Import) and "gate_store" in ast.unparse(node)
    }
    assert "harness/gate/held_out.py" in readers
    assert [name for name in readers if name.split("/")[0] not in ("harness", "trust")] == []


# --- what a file may leave out --------------------------------------------------------------


@pytest.mark.parametrize(
    ("requires", "status", "says"),
    [
        ("cols % 16 == 0", "passed", ""),
        ("cols == 64", "passed", ""),
        ("rows * cols > 8", "passed", ""),
        ("rows == 16 && cols == 64", "not_covered", "pins a single shape"),
        ("cols == 64 && (rows == 16 || rows == 64)", "not_covered", "0 draws of the domain"),
        ("rows < 64", "not_covered", "leaves out the ranked size large"),
        ("rows > 16", "not_covered", "leaves out the ranked size published"),
    ],
)
def test_only_covered_draws_count(requires: str, status: str, says: str) -> None:
    found = gate(device(), f"//! requires: {requires}\nkernel void double_f32();")
    assert found["status"] == status and says in found["reason"]
    assert found["covered"] == (status == "passed")
    if status == "passed":
        assert found["draws"] >= gate_points.LEAST_DRAWS


def test_a_parameter_may_not_be_pinned() -> None:
    spec = double_spec(
        domain=Domain({"rows": Range(1, 4096), "cols": Range(1, 65536), "alpha": Range(0.5, 2.0)}),
        sizes=Sizes(published={"rows": 16, "cols": 64, "alpha": 1.0}, large={}, check=[]),
    )
    text = "//! requires: alpha == 1.0\nkernel void double_f32();"
    found = gate(device(), text, problem=kernel(spec))
    assert found["status"] == "not_covered" and "alpha == 1.0" in found["reason"]


@pytest.mark.parametrize("track", ["exact", "relaxed", "library"])
@pytest.mark.parametrize("status", held_out.STATUSES)
def test_what_bars_a_record(status: str, track: str) -> None:
    reason = held_out.bar({**GATE_PASSED, "status": status, "reason": "why"}, track)
    allowed = status == "passed" or (status == "not_covered" and track != "exact")
    assert (reason == "") == allowed
    assert "not run" in held_out.bar(None, track)


# --- planted faults, compiled and run for real ----------------------------------------------

MSL = """
//! grid: cols rows 1
//! threadgroup: 32 4 1
#include <metal_stdlib>
using namespace metal;
kernel void scale_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                      constant uint &cols [[buffer(2)]], constant uint &rows [[buffer(3)]],
                      constant float &alpha [[buffer(4)]], uint2 at [[thread_position_in_grid]]) {
  %s
}
"""
HONEST = "y[at.y * cols + at.x] = alpha * x[at.y * cols + at.x];"
PLANTED = {
    "hard-coded columns": (
        "uint i = at.y * 64 + at.x; if (i < rows * cols) y[i] = alpha * x[i];",
        ["cols"],
    ),
    "ignores alpha": (HONEST.replace("alpha * ", ""), ["alpha"]),
    "multiples of 32": ("if (at.x < cols / 32 * 32) " + HONEST, ["cols"]),
    "few rows": ("if (at.y < 16) " + HONEST, ["rows"]),
}


def scale() -> Kernel:
    """y = alpha x, whose check sizes let every planted fault through."""
    spec = KernelSpec(
        summary="y = alpha x",
        function="scale_f32",
        reference=lambda x, alpha: alpha * x,
        oracle=lambda x, alpha: alpha * x,
        inputs={"x": Array("rows", "cols")},
        outputs={"y": Array("rows", "cols")},
        scalars={
            "cols": Scalar("uint32", "cols"),
            "rows": Scalar("uint32", "rows"),
            "alpha": Scalar("float32", "alpha"),
        },
        domain=Domain({"rows": Range(1, 512), "cols": Range(1, 512), "alpha": Range(0.25, 4.0)}),
        sizes=Sizes(published={"rows": 16, "cols": 64, "alpha": 1.0}, large={}, check=[{}]),
        tolerance=ulp(2),
        cost=lambda p: Cost(p["rows"] * p["cols"], 8 * p["rows"] * p["cols"]),
        schedule="grid: cols rows 1\nthreadgroup: 32 4 1",
    )
    return Kernel("scale", "common", spec, Path("scale.py"))


@pytest.mark.host
def test_planted_faults_are_found_and_their_axis_is_named() -> None:
    cpu = devices.open_device("cpu")
    assert gate(cpu, MSL % HONEST, problem=scale(), secret=5)["status"] == "passed"
    for name, (body, axes) in PLANTED.items():
        text = MSL % body
        assert judged_right_where_it_ranks(cpu, text), name
        found = gate(cpu, text, problem=scale(), secret=5)
        assert found["status"] == "failed", name
        assert found["axes"] == axes, (name, found["reason"])
        assert f"({axes[0]})" in found["reason"]


def judged_right_where_it_ranks(cpu: Any, text: str) -> bool:
    from harness import evaluate

    return evaluate(scale(), text, device=cpu, mode="check").passed


# --- blame, memory, speed: on a device in memory --------------------------------------------


def wrong_unless(right: Callable[[int], bool]) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        double(call)
        if not right(int(call.constant(2))):
            call.buffer(1)[0] += 1

    return run


def test_points_where_a_source_failed_are_judged_again() -> None:
    first = gate(device(wrong_unless(lambda n: n <= 1024)), "a", secret=1)
    assert first["status"] == "failed"
    failed = [point["dims"] for point in first["points"] if point["status"] == "wrong_values"]
    # Comments make no other source, and another secret does not make it right.
    second = gate(device(wrong_unless(lambda n: n <= 1024)), "a // again", secret=2)
    earlier = [point["dims"] for point in second["points"] if point["kind"] == "earlier"]
    assert earlier == failed[-gate_store.MOST_EARLIER :] and second["earlier_gates"] == 1
    other = gate(device(), "another source")
    assert other["earlier_gates"] == 0 and other["status"] == "passed"


def test_the_other_ranked_size_is_judged_and_listed_if_it_is_wrong() -> None:
    """A float that counts elements was right at every draw, and wrong at `large`."""
    spec = double_spec()
    most = max(
        math.prod(point.values()) for point in (spec.sizes.published, spec.sizes.large_point())
    )

    def stops(call: Call) -> None:
        if call.constant(2) < most:
            double(call)

    found = gate(device(stops), evaluation=ranked(mode="record"))
    kinds = [point["kind"] for point in found["points"] if point["status"] != "passed"]
    assert found["status"] == "failed" and gate_points.RANKED in kinds
    right = gate(device(), evaluation=ranked(mode="record"))["points"]
    assert gate_points.RANKED not in [point["kind"] for point in right]


def test_a_fault_that_the_checked_build_shows_at_the_ranked_size_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def sample(problem: Kernel, text: Any, point: Any, secret: int) -> CheckReport:
        asked.append(point)
        return CheckReport(Refusal(Status.DIVERGENT_BARRIER, "half of them wait"))

    monkeypatch.setattr(held_out, "is_checked", lambda device: True)
    monkeypatch.setattr(counting, "sample", sample)
    found = gate(device())
    assert found["status"] == "failed" and "checked build: half of them wait" in found["reason"]
    assert found["points"][-1]["kind"] == gate_points.CHECKED
    assert asked == [double_spec().sizes.published]


def test_a_fault_that_no_single_axis_mends_names_all() -> None:
    spec = double_spec()
    found = gate(device(wrong_unless(lambda n: n == 16 * 64)))
    point = found["points"][0]
    assert point["axes"] == ["rows", "cols"]
    assert set(spec.domain.ranges) == {"rows", "cols"}


def test_a_fault_of_the_values_is_not_blamed_on_a_dim() -> None:
    assert gate(device(wrong_unless(lambda n: False)))["axes"] == ["inputs"]


def test_a_source_that_does_not_build_fails() -> None:
    fake = device(refusal=Refusal(Status.COMPILE_ERROR, "no such thing"))
    found = gate(fake)
    assert found["status"] == "failed" and "no such thing" in found["reason"]


def test_workers_end() -> None:
    fake = device(wrong_unless(lambda n: n <= 1024))
    gate(fake)
    assert fake.sessions and all(session.closed for session in fake.sessions)


@pytest.fixture
def speeds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Times come from a function of the point; the labels of what was timed are returned."""
    asked: list[str] = []

    def timed(
        request: Any,
        candidate: Any,
        schedule: Any,
        point: Mapping[str, float],
        *rest: Any,
        **how: Any,
    ) -> Speed:
        asked.append(rest[1])
        if "tiny" in request.source.text:
            return Speed(0.1, (0.1, 0.1), "speed does not count: launching takes most of the time")
        if "noise" in request.source.text:
            slow = len(asked) == 1
        else:
            slow = point["cols"] != 64 and "slow" in request.source.text
        return Speed(0.23, (0.22, 0.24), "") if slow else Speed(2.9, (2.8, 3.0), "")

    monkeypatch.setattr(held_out, "time_point", timed)
    return asked


def test_slow_elsewhere_is_a_regression_with_both_figures(speeds: list[str]) -> None:
    found = gate(device(), "slow", evaluation=passed(speedup=2.95))
    assert found["status"] == "regression" and found["axes"] == ["cols"]
    assert "0.23x MLX here, 2.95x at published" in found["reason"]
    assert found["ranked_speedup"] == 2.95 and found["least_speedup"] == 0.95
    slow = [point for point in found["points"] if point["status"] == "regression"]
    assert [point["kind"] for point in slow] == ["prime", "ragged", "larger"]
    assert all(point["speedup"] == 0.23 for point in slow)
    far = next(point for point in found["points"] if point["kind"] == "far")
    assert far["speedup"] is None and "not timed" in far["note"]


def test_a_regression_has_to_be_seen_twice(speeds: list[str]) -> None:
    found = gate(device(), "noise", evaluation=passed(speedup=2.95))
    assert found["status"] == "passed" and speeds[1].endswith("again")


def test_speed_does_not_count_where_launching_takes_the_time(speeds: list[str]) -> None:
    found = gate(device(), "tiny", evaluation=passed(speedup=2.95))
    assert found["status"] == "passed"
    assert all("launching" in p["note"] for p in found["points"] if p["kind"] in gate_points.TIMED)


@pytest.mark.parametrize(("speedup", "floor"), [(0.2, 0.1), (1.0, 0.5), (1.9, 0.95), (8.0, 0.95)])
def test_the_floor_is_what_mlx_or_half_the_ranked_speedup_asks(
    speeds: list[str], speedup: float, floor: float
) -> None:
    found = gate(device(), evaluation=passed(speedup=speedup))
    assert found["least_speedup"] == pytest.approx(floor)


def test_a_whole_interval_has_to_be_below() -> None:
    assert Speed(0.5, (0.4, 0.6), "").below(0.95)
    assert not Speed(0.5, (0.4, 0.96), "").below(0.95)
    assert not Speed(0.5, (0.4, 0.6), "why not").below(0.95)
    assert not Speed(note="not timed").below(0.95)


# --- what is shown --------------------------------------------------------------------------


def test_the_report_names_points_axes_and_commitment() -> None:
    found = gate(device(wrong_unless(lambda n: n <= 1024)))
    rows = gate_report.rows(ranked(held_out=found))
    shown = "\n".join(text for _, text, _ in rows)
    assert rows[0][0] == "held out" and rows[0][2] == "bad"
    assert "wrong_values (breaks with" in shown and found["seed"] in shown
    assert gate_report.rows(ranked()) == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("passed", ExitCode.PASSED),
        ("failed", ExitCode.REFUSED),
        ("regression", ExitCode.REFUSED),
        ("not_covered", ExitCode.ENVIRONMENT),
    ],
)
def test_the_option_runs_the_gate_and_never_saves(
    monkeypatch: pytest.MonkeyPatch, status: str, code: int
) -> None:
    outcome = {**GATE_PASSED, "status": status, "reason": "why"}
    monkeypatch.setattr(judging, "held_out_too", lambda *given: passed(held_out=outcome))
    assert cli.main(["relu", "--held-out"]) == code
    assert not paths().results.exists()


@pytest.mark.host
def test_a_kernel_goes_through_the_gate_by_itself() -> None:
    settings = Settings(check_only=True, device="cpu", seed=11)
    found = judging.held_out_too(catalog.default().find("relu"), None, settings, "published")
    assert found.variant == "default"
    assert found.held_out is not None and found.held_out["status"] == "passed"
    assert found.held_out["ranked_speedup"] is None, "nothing was timed"
    assert found.held_out["seed"] == f"{inputs.secret_of(11):032x}"


def test_whoever_asks_for_a_gate_commits_before_anything_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def judged(*given: Any) -> Evaluation:
        (path,) = paths().gate.iterdir()
        assert json.loads(path.read_text())["state"] == "committed"
        raise KeyboardInterrupt

    monkeypatch.setattr(judging, "judged", judged)
    request = promotion.Request(
        kernel="relu",
        size="published",
        device="cpu",
        threads=0,
        source="kernel void relu_f32();",
        variant="default",
        incumbent=None,
    )
    with pytest.raises(KeyboardInterrupt):
        judging.confirmation(request)
    for path in paths().gate.iterdir():
        path.unlink()
    relu = catalog.default().find("relu")
    with pytest.raises(KeyboardInterrupt):
        judging.held_out_too(relu, source(), Settings(device="cpu"), "published")
