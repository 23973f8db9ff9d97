"""The parts of a first light that run something: each in bounded time, with an answer as data."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from harness import devices, judging, locks, settings
from harness.board.promotion import Request
from harness.checking import judge
from harness.devices.base import Device
from harness.errors import EnvironmentFault
from harness.evaluation import Refusal
from harness.evaluator import evaluate
from harness.problem import catalog, inputs
from harness.problem.bank import Bank
from harness.problem.schedule import Schedule
from harness.timing import verdict
from harness.timing.ceilings import ceilings_of
from harness.timing.kernel_side import KernelSide

if TYPE_CHECKING:
    from harness.command.first_light import Inquiry

#: The kernel that probes launch: small, and right on every host.
PROBE = "relu"
#: What the ceilings are compared with: one kernel bound by memory, one by arithmetic.
MEMORY_BOUND, COMPUTE_BOUND = "matrix_add", "sqr_mm"
EMPTY_RUNS = 400
#: The status of a kernel whose turn did not come.
NO_TIME = "no time"


def conformance(inquiry: Inquiry, seconds: float) -> Mapping[str, Any]:
    """Every conformance family on the device; what failed, why, and which had no time left."""
    script = settings.ROOT / "tests" / "hosts" / "conformance_report.py"
    command = [sys.executable, str(script), inquiry.device, *inquiry.families]
    text, ended = _bounded(command, seconds)
    rows = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    if not rows:
        raise EnvironmentFault("no conformance family ended", f"python {script.name} metal")
    failed = {
        f"{row['family']}/{case}": str(why)[:300]
        for row in rows
        for case, why in row["problems"].items()
    }
    cases = sum(row["cases"] for row in rows)
    late = "" if ended else "; no time for the others"
    return {
        "summary": f"{cases - len(failed)} of {cases} cases as expected, {len(rows)} families"
        + late,
        "families": {row["family"]: row["cases"] for row in rows},
        "failed": failed,
    }


def kernels(inquiry: Inquiry, seconds: float) -> Mapping[str, Any]:
    """Every kernel at its check sizes, on the device and then on the portable host. On a Mac there
    is none: what it says elsewhere of every kernel of this repository is that it passes."""
    on_cpu = inquiry.device.startswith("cpu")
    alone = on_cpu or sys.platform == "darwin"
    here = _statuses(inquiry, inquiry.device, seconds if alone else seconds * 0.6)
    names = inquiry.kernels or [name for _, name in catalog.default().names()]
    portable = here if on_cpu else dict.fromkeys(names, "passed")
    if not alone:
        portable = _statuses(inquiry, "cpu", seconds * 0.4)
    passed = sum(status == "passed" for status in here.values())
    late = sum(NO_TIME in (here.get(name), portable.get(name)) for name in names)
    judged = sum(status != NO_TIME for status in here.values())
    return {
        "summary": f"{passed} of {judged} kernels passed"
        + (f"; no time to compare {late} others" if late else ""),
        "here": here,
        "portable": portable,
    }


def _statuses(inquiry: Inquiry, device: str, seconds: float) -> dict[str, str]:
    """Status by kernel, in the order in which they were judged; a kernel that ended otherwise than
    with a verdict is missing."""
    which = [",".join(inquiry.kernels)] if inquiry.kernels else ["--all"]
    command = [sys.executable, "-m", "harness", *which, "--check-only", "--size", "check"]
    text, ended = _bounded([*command, "--json", "--device", device], seconds)
    rows = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    found = {str(row["kernel"]): str(row["status"]) for row in rows}
    names = inquiry.kernels or [kernel.name for kernel in catalog.default().kernels()]
    behind = 1 + max((place for place, name in enumerate(names) if name in found), default=-1)
    return found | dict.fromkeys([] if ended else names[behind:], NO_TIME)


def _bounded(command: Sequence[str], seconds: float) -> tuple[str, bool]:
    """What a command printed until it ended or its time was over; and whether it ended."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.DEVNULL, cwd=settings.ROOT
        )
        try:
            process.wait(timeout=max(seconds, 1.0))
            ended = True
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            ended = False
        out.seek(0)
        return out.read(), ended


def clock(inquiry: Inquiry, seconds: float) -> Mapping[str, Any]:
    """The time of an empty run, and the smallest step in which times differ."""
    device = devices.open_device(inquiry.device)
    with locks.device(device.name, "first light", exclusive=True):
        times = _empty_runs(device, inquiry.threads, seconds)
    ordered = sorted(times)
    steps = [b - a for a, b in pairwise(ordered) if b > a]
    median = statistics.median(times)
    return {
        "summary": f"empty run {median / 1e3:.1f} us, tick {min(steps, default=0):.0f} ns",
        "runs": len(times),
        "empty_run_ns_least": ordered[0],
        "empty_run_ns_median": median,
        "tick_ns": min(steps, default=0),
        "distinct_times": len(set(times)),
    }


def _empty_runs(device: Device, threads: int, seconds: float) -> list[float]:
    kernel = catalog.default().find(PROBE)
    chip = str(device.facts()["chip"])
    point = kernel.spec.sizes.check_points()[0]
    secret = inputs.new_secret()
    candidate = judge.prepare(
        kernel.spec, catalog.default().variant(kernel, chip).source, device, threads=threads
    )
    if isinstance(candidate, Refusal):
        raise EnvironmentFault(f"{PROBE} is refused: {candidate.reason}")
    try:
        schedule = candidate.schedule(point)
        if not isinstance(schedule, Schedule):
            raise EnvironmentFault(f"{PROBE} does not cover its check size")
        bank = Bank(kernel.spec, point, secret, "first light", sets=1)
        side = KernelSide(candidate, schedule, bank, secret)
        refused = side.open() or side.sample(1)
        if isinstance(refused, Refusal):
            raise EnvironmentFault(f"{PROBE} is refused: {refused.reason}")
        until = time.monotonic() + seconds / 2
        times: list[float] = []
        while len(times) < EMPTY_RUNS and time.monotonic() < until:
            times.append(candidate.session.idle().ms * 1e6)
        return times
    finally:
        candidate.close()


def null(inquiry: Inquiry, seconds: float) -> Mapping[str, Any]:
    """A kernel against itself: any verdict but SAME or UNCLEAR is a fault of the measurement."""
    kernel = catalog.default().find(PROBE)
    chip = str(devices.open_device(inquiry.device).facts()["chip"])
    source = catalog.default().variant(kernel, chip).source.recorded
    request = Request(
        kernel=PROBE,
        size="published",
        device=inquiry.device,
        threads=inquiry.threads,
        source=source,
        variant="null",
        incumbent=source,
        mode="screen",
    )
    until = time.monotonic() + seconds
    trials: list[dict[str, Any]] = []
    while len(trials) < inquiry.null_pairs and time.monotonic() < until:
        samples = judging.pair(request)
        if isinstance(samples, Refusal):
            raise EnvironmentFault(f"{PROBE} is refused: {samples.reason}")
        found = verdict.judge(samples)
        said = found.verdict.value if found.verdict else "invalid"
        trials.append({"verdict": said, "speedup": found.speedup, "interval": found.interval})
    verdicts = [str(trial["verdict"]) for trial in trials]
    wrong = sum(one in ("FASTER", "SLOWER") for one in verdicts)
    said = ", ".join(verdicts)
    return {
        "summary": f"{PROBE} against itself: {said}; {wrong} wrong",
        "trials": trials,
        "wrong": wrong,
    }


def ceilings(inquiry: Inquiry, seconds: float) -> Mapping[str, Any]:
    """The chip's ceilings, and how near two kernels come to them."""
    device = devices.open_device(inquiry.device)
    known = ceilings_of(device)
    reached: dict[str, Any] = {}
    until = time.monotonic() + seconds
    for name in (MEMORY_BOUND, COMPUTE_BOUND):
        if time.monotonic() > until:
            break
        found = evaluate(
            name, None, device=inquiry.device, sizes=("large",), mode="screen", sides="metal"
        )
        figures = found.figures
        reached[name] = {
            "status": found.status.value,
            "kernel_ms": figures.kernel_ms_median if figures else None,
            "gbps": figures.gbps if figures else None,
            "gflops": figures.gflops if figures else None,
        }
    peaks = None
    if known:
        peaks = {"gflops": known.fp32_gflops, "gbps": known.memory_gbps, "origin": known.origin}
    rates = [f"{name} {_rate(one)}" for name, one in reached.items()]
    return {"summary": "; ".join(rates), "peaks": peaks, "reached": reached}


def _rate(one: Mapping[str, Any]) -> str:
    if one["gbps"] is None:
        return str(one["status"])
    return f"{one['gbps']:.3g} GB/s, {one['gflops']:.3g} GFLOP/s"
