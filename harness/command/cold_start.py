"""`--cold-start`: the latency of a first launch, each taken in a process that has run nothing yet.

`python -m harness.command.cold_start` is that process: it reads one Launch and writes one Latency.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import mlx.core as mx

from harness import atomic, devices, locks, settings
from harness.board.documents import Strict
from harness.checking import judge
from harness.errors import HostFailure, UserError
from harness.evaluation import Evaluation, Refusal
from harness.problem import catalog, inputs
from harness.problem.arguments import as_tuple, call_by_name
from harness.problem.bank import Bank, Guise
from harness.problem.oracle import names_at
from harness.problem.schedule import Schedule
from harness.spec import KernelSpec
from harness.timing.kernel_side import KernelSide

PROCESSES = 5
_TIMEOUT_S = 120


class Launch(Strict):
    """What the fresh process is asked to launch."""

    kernel: str
    size: str
    device: str
    threads: int
    source: str


class Latency(Strict):
    """What it cost, in milliseconds of the wall clock."""

    load_ms: float
    first_ms: float
    next_ms: float
    mlx_first_ms: float
    mlx_next_ms: float


def measured(evaluation: Evaluation, threads: int) -> dict[str, float]:
    """The median latency of a right kernel over fresh processes, field by field."""
    launch = Launch(
        kernel=evaluation.kernel,
        size=evaluation.size,
        device=evaluation.device,
        threads=threads,
        source=evaluation.source,
    )
    taken = [_in_fresh_process(launch) for _ in range(PROCESSES)]
    medians = {
        name: statistics.median(getattr(latency, name) for latency in taken)
        for name in Latency.model_fields
    }
    return {"processes": float(PROCESSES), **medians}


def _in_fresh_process(launch: Launch) -> Latency:
    done = subprocess.run(
        [sys.executable, "-m", "harness.command.cold_start"],
        input=launch.model_dump_json(),
        stdout=subprocess.PIPE,
        text=True,
        cwd=settings.ROOT,
        timeout=_TIMEOUT_S,
    )
    if done.returncode != 0:
        raise HostFailure(f"the launching process ended with code {done.returncode}")
    return Latency.model_validate_json(done.stdout)


def launched(launch: Launch) -> Latency:
    """Load, launch twice, and let MLX do the same."""
    kernel = catalog.default().find(launch.kernel)
    point = catalog.point_of(kernel.spec, launch.size)
    secret = inputs.new_secret()
    bank = Bank(kernel.spec, point, secret, "cold start", sets=1)
    source = catalog.source_of(launch.source)
    with locks.device(launch.device, f"cold start of {launch.kernel}", exclusive=True):
        started = time.perf_counter_ns()
        device = devices.open_device(launch.device)
        candidate = judge.prepare(kernel.spec, source, device, threads=launch.threads)
        if isinstance(candidate, Refusal):
            raise UserError(f"refused when loaded afresh: {candidate.reason}")
        load_ms = (time.perf_counter_ns() - started) / 1e6
        schedule = candidate.schedule(point)
        if not isinstance(schedule, Schedule):
            raise UserError("the kernel does not cover this size")
        side = KernelSide(candidate, schedule, bank, secret)
        try:
            runs = [side.sample(1), side.sample(1)]
        finally:
            candidate.close()
        mlx_first_ms, mlx_next_ms = _eager_ms(kernel.spec, bank), _eager_ms(kernel.spec, bank)
    times = []
    for found in runs:
        if isinstance(found, Refusal):
            raise UserError(f"refused when launched afresh: {found.reason}")
        times.append(found.ms)
    return Latency(
        load_ms=load_ms,
        first_ms=times[0],
        next_ms=times[1],
        mlx_first_ms=mlx_first_ms,
        mlx_next_ms=mlx_next_ms,
    )


def _eager_ms(spec: KernelSpec, bank: Bank) -> float:
    """One eager evaluation of the reference, on arrays that are evaluated already."""
    arrays = {name: mx.array(values) for name, values in bank.inputs(Guise(0, 0)).items()}
    mx.eval(list(arrays.values()))
    outputs = as_tuple(call_by_name(spec.reference, {**names_at(spec, bank.point), **arrays}))
    started = time.perf_counter_ns()
    mx.eval(outputs)
    return (time.perf_counter_ns() - started) / 1e6


def main() -> int:
    """Answer one Launch."""
    try:
        latency = launched(Launch.model_validate_json(sys.stdin.read()))
    except UserError as error:
        print(f"error: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return error.exit_code
    sys.stdout.write(atomic.strict_json(latency.model_dump(), indent=None))
    return 0


if __name__ == "__main__":
    sys.exit(main())
