"""A kernel of the repository as one side of comparisons, without judging it at every size first.

`./bench --all` judges; here the first run at a size is compared with the oracle and the rest is
timed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness import devices, locks
from harness.checking import judge, trial
from harness.evaluation import Flag, Refusal
from harness.problem import catalog, inputs
from harness.problem.bank import Bank
from harness.problem.catalog import Kernel
from harness.problem.schedule import NotCovered
from harness.sides import Side
from harness.spec import KernelSpec, Point
from harness.timing import measure
from harness.timing.blocks import BASELINE, CANDIDATE
from harness.timing.figures import rescore
from harness.timing.kernel_side import KernelSide
from harness.timing.verdict import Mode
from perf.store import Entry

#: Both sides of every comparison have as many.
THREADS = 2
_SEED = 1


@dataclass(frozen=True)
class Bench:
    """A kernel at a point, and what its sides need."""

    spec: KernelSpec
    bank: Bank
    side: KernelSide
    secret: int
    engine: str

    def beside(self, other: Side) -> Entry:
        """How many times the other side's speed the kernel has, with interval; or why not."""
        found = measure.compare(self.side, other, Mode.SCREEN, seed=_SEED)
        if isinstance(found, Refusal):
            return {"unable": f"{found.status.value}: {found.reason}"}
        scored = rescore(found.samples, self.spec.cost(self.bank.point))
        shown = scored.judgement
        if shown.speedup is None:
            return {"unable": shown.reason}
        return {
            "ratio": shown.speedup,
            "interval": None if shown.interval is None else list(shown.interval),
            "other": other.name,
            "kernel_ms": scored.sides[CANDIDATE].ms_median,
            "other_ms": scored.sides[BASELINE].ms_median,
            "passes_gate": Flag.OVERHEAD_BOUND not in scored.flags,
        }


@contextmanager
def bench(kernel: Kernel, point: Point, label: str) -> Iterator[Bench | Mapping[str, Any]]:
    """A kernel built, loaded and bound while the device is ours; or an entry that says why not."""
    device = devices.open_device("cpu")
    variant = catalog.default().variant(kernel, str(device.facts()["chip"]))
    secret = inputs.new_secret()
    request = trial.Request(
        kernel, variant.source, variant.stem, device, label, point, "screen", secret
    )
    trial.require_memory(request)
    candidate = judge.prepare(kernel.spec, variant.source, device, threads=THREADS)
    if isinstance(candidate, Refusal):
        yield {"unable": f"{candidate.status.value}: {candidate.reason}"}
        return
    try:
        schedule = candidate.schedule(point)
        if isinstance(schedule, NotCovered):
            yield {"unable": f"not covered: this file requires {schedule.requirement}"}
        elif isinstance(schedule, Refusal):
            yield {"unable": f"{schedule.status.value}: {schedule.reason}"}
        else:
            with locks.device("cpu", f"timing {kernel.name}", exclusive=True):
                bank = Bank(candidate.spec, point, secret, "timing")
                side = KernelSide(candidate, schedule, bank, secret)
                yield Bench(candidate.spec, bank, side, secret, candidate.program.engine)
    finally:
        candidate.close()
