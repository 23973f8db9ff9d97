"""`./bench --gputracer NAME`: one run of a kernel as a .gputrace, which Xcode and gpudebug open."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from harness import console, devices, locks, settings
from harness.checking import judge
from harness.checking.judge import Candidate
from harness.checking.pool import Layout, Pool
from harness.devices.base import Device, Source
from harness.devices.host_client import HostSession
from harness.errors import EnvironmentFault, ExitCode, UserError
from harness.evaluation import Refusal, Status
from harness.problem import catalog, inputs
from harness.problem.bank import draw
from harness.problem.binding import rounded
from harness.problem.catalog import Kernel
from harness.problem.schedule import Schedule
from harness.spec import Point

DEVICE = "metal:capture"
_ADVICE = (
    "open it in Xcode, or with macOS 27: gpudebug -t FILE. A trace holds commands and buffers; "
    "counters exist once it is replayed. It was recorded with MTL_CAPTURE_ENABLED=1, which Metal "
    "wants at the start of a process: times of such a run mean nothing, and none is shown"
)


def run(names: Sequence[str], file: str | None, size: str | None, device: str | None) -> int:
    """Record every kernel named; the exit code."""
    if device not in (None, "auto", "metal"):
        raise UserError("--gputracer records Metal: it takes --device metal alone")
    if device != "metal" and sys.platform != "darwin":
        raise EnvironmentFault(
            "a .gputrace is Metal's, and this is no Mac",
            "--device metal records on the stand-in for Metal: commands and nothing else",
        )
    opened = devices.open_device(DEVICE)
    worst, written = int(ExitCode.PASSED), 0
    for name in names:
        try:
            found = _one(catalog.default().find(name), file, size or "published", opened)
        except UserError as error:
            console.error(f"{name}: {error.message}", error.hint)
            worst = max(worst, int(error.exit_code))
            continue
        if isinstance(found, Refusal):
            console.error(f"{name}: {found.status.value}: {found.reason}", "")
            unable = found.status is Status.UNSUPPORTED
            worst = max(worst, int(ExitCode.ENVIRONMENT if unable else ExitCode.REFUSED))
        else:
            written += 1
            console.out.print(f"wrote {settings.paths().shown(found)}", markup=False)
    if written:
        virtual = "virtual: no GPU ran this; " if opened.facts()["virtual"] else ""
        console.say(virtual + _ADVICE)
    return worst


def _one(kernel: Kernel, file: str | None, size: str, device: Device) -> Path | Refusal:
    chip = str(device.facts()["chip"])
    source = (
        catalog.read_source(Path(file)) if file else catalog.default().variant(kernel, chip).source
    )
    point = catalog.point_of(kernel.spec, size)
    folder = settings.paths().home / ".bench" / "traces"
    folder.mkdir(parents=True, exist_ok=True)
    target = free(folder, f"{kernel.name}-{size}")
    with (
        console.working(f"{kernel.name} {size}: recording"),
        locks.device(
            device.name, f"recording {kernel.name}", exclusive=True, on_wait=console.waiting
        ),
    ):
        refusal = record(kernel, source, point, device, target)
    return refusal or target


def free(folder: Path, stem: str) -> Path:
    """A trace's path that is not taken: what was recorded before may be open somewhere."""
    taken = {path.name for path in folder.glob("*.gputrace")}
    names = (f"{stem}{suffix}.gputrace" for suffix in ("", *(f"-{n}" for n in range(2, 1 << 16))))
    return folder / next(name for name in names if name not in taken)


def record(
    kernel: Kernel, source: Source, point: Point, device: Device, target: Path
) -> Refusal | None:
    """Run the source once, on fresh inputs, and once more as a trace at `target`. Judges nothing:
    a kernel that is wrong can be looked at too."""
    candidate = judge.prepare(kernel.spec, source, device)
    if isinstance(candidate, Refusal):
        return candidate
    try:
        schedule = candidate.schedule(point)
        if isinstance(schedule, Refusal):
            return schedule
        if not isinstance(schedule, Schedule):
            reason = f"not covered: this file requires {schedule.requirement}"
            return Refusal(Status.UNSUPPORTED, reason)
        return _recorded(candidate, schedule, rounded(point), target)
    finally:
        candidate.close()


def _recorded(
    candidate: Candidate, schedule: Schedule, point: Point, target: Path
) -> Refusal | None:
    session = candidate.session
    if not isinstance(session, HostSession):
        raise UserError("this device records nothing", "--device metal")
    secret = inputs.new_secret()
    rng = inputs.stream(secret, "trace")
    layout = Layout.of(schedule.slots, rng)
    pool = Pool(layout, 1, rng, candidate.arena(layout.bytes(1)))
    refusal = session.bind(judge.binding_of(pool, schedule))
    # The first run pays for what later ones find ready.
    for recording in (False, True):
        values = draw(candidate.spec, point, secret, "trace", int(recording))
        judge.fill_instance(pool, 0, values)
        pool.poison(0, 1, 0, judge.poisoned(schedule))
        if refusal is None and recording:
            refusal = session.capture(0, target, deadline_ms=judge.DEADLINE_MS)
        elif refusal is None:
            took = session.run(0, 1, deadline_ms=judge.DEADLINE_MS)
            refusal = took if isinstance(took, Refusal) else None
    return refusal
