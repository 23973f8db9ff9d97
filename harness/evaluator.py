"""`evaluate`: the documented entry that judges a kernel and times it beside MLX.

    from harness import evaluate
    found = evaluate("softmax", source=text, device="cpu", sizes=("published",), mode="screen")

Every call judges all `check` sizes first, then the size asked for; only a kernel that is right
everywhere is timed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from harness import devices, locks
from harness.checking.trial import EvaluationMode, Request, Sides, judged
from harness.devices.base import Device, Source
from harness.devices.replay import ReplayDevice
from harness.errors import UserError
from harness.evaluation import Evaluation
from harness.problem import catalog, inputs
from harness.problem.catalog import Kernel
from harness.timing import measure, timed


def evaluate(
    kernel: str | Kernel,
    source: str | Path | Source | None = None,
    *,
    device: str | Device = "cpu",
    sizes: Sequence[str] = ("published",),
    mode: EvaluationMode = "report",
    sides: Sides = "both",
    threads: int = 0,
    checked: bool = False,
    seed: int | None = None,
    target: str = "speed",
    budget: measure.Budget | None = None,
    observer: measure.Observer | None = None,
    on_wait: locks.OnWait = locks.quiet,
) -> Evaluation:
    """Judge one source of a kernel at one size and, unless `mode` is "check", time it beside MLX.

    `source` is MSL text, a path, or None for the Variant of this chip. A wrong kernel is an
    Evaluation with its status; exceptions are for the caller's mistakes (UserError), the machine
    (EnvironmentFault) and a dead host (HostFailure). Without `seed` all values follow from a secret
    that no kernel can know. Nothing is saved.
    """
    if len(sizes) != 1:
        raise UserError(f"evaluate judges one size at a time, not {len(sizes)}")
    opened = devices.open_device(device) if isinstance(device, str) else device
    found = catalog.default().find(kernel) if isinstance(kernel, str) else kernel
    chosen, variant = _source(found, source, str(opened.facts()["chip"]))
    request = Request(
        kernel=found,
        source=chosen,
        variant=variant,
        device=opened,
        size=sizes[0],
        point=catalog.point_of(found.spec, sizes[0]),
        mode=mode,
        secret=inputs.new_secret() if seed is None else inputs.secret_of(seed),
        sides=sides,
        threads=threads,
        checked=checked,
        target=target,
        budget=budget,
        observer=observer,
        on_wait=on_wait,
    )
    return run(request)


def _source(kernel: Kernel, source: str | Path | Source | None, chip: str) -> tuple[Source, str]:
    if source is None:
        chosen = catalog.default().variant(kernel, chip)
        return chosen.source, chosen.stem
    if isinstance(source, Source):
        return source, "file"
    if isinstance(source, Path):
        return catalog.read_source(source), "file"
    return catalog.source_of(source), "file"


def run(request: Request) -> Evaluation:
    """Judge, then time."""
    if isinstance(request.device, ReplayDevice):
        return request.device.evaluation(request.kernel.name, request.size, request.source)
    if request.sides == "mlx":
        return timed.mlx_alone(request)
    with ExitStack() as stack:
        with locks.device(
            request.device.name,
            f"judging {request.kernel.name}",
            exclusive=False,
            on_wait=request.on_wait,
        ):
            trial = judged(request)
            stack.callback(trial.close)
            if trial.wrong is not None or request.mode == "check":
                return trial.evaluation
        return timed.beside_mlx(request, trial)
