"""Times a candidate beside MLX at one held-out point, as briefly as an answer allows."""

from __future__ import annotations

from dataclasses import dataclass

from harness import locks
from harness.checking.judge import Candidate
from harness.checking.trial import Request
from harness.evaluation import Flag, Refusal
from harness.problem.bank import Bank
from harness.problem.schedule import Schedule
from harness.spec import Point
from harness.timing import measure
from harness.timing.figures import rescore
from harness.timing.kernel_side import KernelSide
from harness.timing.verdict import Mode

#: A gate has several points, so each has less time than a report.
_BRIEF = measure.Budget(wall_s=0.8, warm_up_s=0.1)
_LONG = measure.Budget(wall_s=2.0, warm_up_s=0.2)


@dataclass(frozen=True)
class Speed:
    """The speedup over MLX with its interval; without one, `note` says why speed does not count."""

    speedup: float | None = None
    interval: tuple[float, float] | None = None
    note: str = ""
    kernel_ms: float | None = None

    def below(self, floor: float) -> bool:
        """Whether the whole interval is below; a point where speed does not count never is."""
        return not self.note and self.interval is not None and self.interval[1] < floor


def time_point(
    request: Request,
    candidate: Candidate,
    schedule: Schedule,
    point: Point,
    secret: int,
    label: str,
    *,
    long: bool = False,
) -> Speed | Refusal:
    """Time a candidate that was judged right at `point`; a Refusal if a timed run is wrong."""
    from harness.timing.mlx_side import MlxSide

    spec, device = candidate.spec, request.device
    bank = Bank(spec, point, secret, f"timing {label}")
    side = KernelSide(candidate, schedule, bank, secret)
    with locks.device(
        device.name, f"timing {request.kernel.name}", exclusive=True, on_wait=request.on_wait
    ):
        mlx = MlxSide(spec, bank, secret, gpu=device.name == "metal")
        void = mlx.probe()
        if void:
            return Speed(note=f"not timed: MLX is wrong here, {void.reason}")
        found = measure.compare(
            side, mlx, Mode.REPORT, seed=secret & 0x7FFFFFFF, budget=_LONG if long else _BRIEF
        )
        if isinstance(found, Refusal):
            return found
        refusal = side.finish()
        if refusal:
            return refusal
    scored = rescore(found.samples, spec.cost(bank.point))
    if scored.figures is None or scored.figures.speedup is None:
        return Speed(note=f"not timed: {scored.judgement.reason}")
    note = ""
    if Flag.OVERHEAD_BOUND in scored.flags:
        note = "speed does not count: launching takes most of the time here"
    figures = scored.figures
    return Speed(figures.speedup, figures.speedup_ci, note, figures.kernel_ms_median)
