"""What judging asks of the checked build: it is compiled while the fast one runs, checks the check
sizes once for a source, and remembers the outcome."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness import atomic, settings
from harness.checking import checked
from harness.checking.checked import Checker, CheckReport
from harness.checking.checked_findings import Finding, merged
from harness.devices.base import Device, Source
from harness.devices.cpu import CpuDevice
from harness.errors import EnvironmentFault
from harness.evaluation import Refusal, Status
from harness.problem import tracks
from harness.problem.catalog import Kernel
from harness.problem.header import HeaderError, parse_header
from harness.problem.schedule import NotCovered, Schedule, functions_of
from harness.spec import Point
from msl.cache import front_end_stamp
from msl.headers import headers_hash
from msl.host_build import ensure_host

SCHEMA_VERSION = 2
#: Devices whose kernels the checker judges by running them on this machine's cores.
_NATIVE = ("metal", "cuda")
#: Why a machine with another system checks nothing.
_ELSEWHERE = "the checked build runs on Linux alone"
#: A crash or a hang is what it is; the checker may say why.
_KEPT = (Status.CRASHED, Status.TIMEOUT, Status.LAUNCH_ERROR, Status.PIPELINE_ERROR)

ScheduleAt = Callable[[Point], Schedule | NotCovered | Refusal]


@dataclass(frozen=True)
class Checking:
    """A check under way. `stored` is the outcome of an earlier one for the check sizes."""

    kernel: Kernel
    source: Source
    stored: CheckReport | None
    file: Path | None  # of a kernel without a definition: nowhere
    building: Future[Checker | Refusal] | None
    workers: ThreadPoolExecutor | None

    def report(
        self,
        checks: Sequence[tuple[str, Point]],
        asked: tuple[str, Point] | None,
        schedule_at: ScheduleAt,
        secret: int,
    ) -> CheckReport:
        """The outcome at the check sizes, and at the size `asked` for if there is one."""
        if self.stored is not None and asked is None:
            return self.stored
        opened = self.building.result() if self.building else None
        if opened is None or isinstance(opened, Refusal):
            reason = _ELSEWHERE if opened is None else opened.reason.split("\n")[0]
            return CheckReport(warnings=(f"unsupported: {reason}",))
        try:
            found = self.stored
            if found is None:
                found = _check_all(opened, checks, schedule_at, secret, full=False)
                if self.file:
                    _store(self.file, found)
            if asked is None or found.refusal:
                return found
            return _joined(found, _check_all(opened, [asked], schedule_at, secret, full=True))
        finally:
            opened.close()

    def close(self) -> None:
        """Wait for a build that nobody asked for, and end its worker."""
        if self.workers is not None:
            self.workers.shutdown()
        if self.building is not None:
            opened = self.building.result()
            if isinstance(opened, Checker):
                opened.close()


def start(kernel: Kernel, source: Source, device: Device, *, full: bool) -> Checking | None:
    """Begin to build, unless the outcome is known; None on devices that nothing here stands for."""
    if not is_checked(device):
        there = device.name in _NATIVE
        return Checking(kernel, source, None, None, None, None) if there else None
    file = _file(kernel, source)
    stored = _load(file) if file else None
    if stored is not None and not full:
        return Checking(kernel, source, stored, file, None, None)
    workers = ThreadPoolExecutor(1)
    return Checking(kernel, source, stored, file, workers.submit(_open, kernel, source), workers)


def is_checked(device: Device) -> bool:
    """Whether the checked build stands for kernels of this device."""
    here = sys.platform.startswith("linux")
    return here and (isinstance(device, CpuDevice) or device.name in _NATIVE)


def is_known(kernel: Kernel, source: Source) -> bool:
    """Whether the outcome at the check sizes is stored."""
    file = _file(kernel, source)
    return file is not None and file.exists()


def _file(kernel: Kernel, source: Source) -> Path | None:
    if not kernel.path.is_file():
        return None
    return settings.paths().build / "checked" / f"{_key(kernel, source)}.json"


def _open(kernel: Kernel, source: Source) -> Checker | Refusal:
    header = parse_header(source.text)
    if isinstance(header, HeaderError):
        return Refusal(Status.UNSUPPORTED, "the header lines are wrong")
    try:
        # A device of its own: the other one is in use by another thread.
        functions = functions_of(header, kernel.spec)
        spec = tracks.spec_for(kernel.spec, header.track)
        return checked.open_checker(spec, source, functions, CpuDevice())
    except EnvironmentFault as problem:
        return Refusal(Status.UNSUPPORTED, problem.message)


def explained(plain: Refusal, report: CheckReport) -> Refusal:
    """A refusal with what the checker knows about its cause."""
    found = report.refusal
    if found is None:
        return plain
    if plain.status in _KEPT:
        return replace(plain, reason=f"{plain.reason}; checked build: {found.reason}")
    order = list(Status)
    if order.index(found.status) > order.index(plain.status):
        return plain
    return replace(plain, status=found.status, reason=found.reason, location=found.location)


def _check_all(
    checker: Checker,
    points: Sequence[tuple[str, Point]],
    schedule_at: ScheduleAt,
    secret: int,
    *,
    full: bool,
) -> CheckReport:
    """All points, up to the first that is refused; the counts of the one with the most threads."""
    warnings: dict[str, None] = {}
    findings: list[Finding] = []
    largest: Mapping[str, Any] | None = None
    for label, point in points:
        schedule = schedule_at(point)
        if not isinstance(schedule, Schedule):
            continue
        found = checker.check(schedule, point, label, secret, full=full)
        if found.refusal:
            where = ", ".join(f"{name}={value:g}" for name, value in point.items())
            reason = f"checked build at {where}: {found.refusal.reason}"
            return replace(found, refusal=replace(found.refusal, reason=reason))
        warnings |= dict.fromkeys(found.warnings)
        findings += found.findings
        if any(checked.OUT_OF_TIME in warning for warning in found.warnings):
            break  # the others would cost as much
        if found.counts and (largest is None or _threads(found.counts) > _threads(largest)):
            largest = found.counts
    return CheckReport(None, tuple(warnings), largest, tuple(merged(findings)))


def _threads(counts: Mapping[str, Any]) -> int:
    return int(counts["measured"]["threads"])


def _joined(checks: CheckReport, asked: CheckReport) -> CheckReport:
    warnings = tuple(dict.fromkeys([*checks.warnings, *asked.warnings]))
    findings = tuple(merged([*checks.findings, *asked.findings]))
    return CheckReport(asked.refusal, warnings, asked.counts or checks.counts, findings)


def _key(kernel: Kernel, source: Source) -> str:
    """Everything that decides the outcome but the secret."""
    ours = sorted(Path(__file__).parent.glob("checked*.py"))
    stamps = [(f.name, f.stat().st_mtime_ns) for f in ours]
    parts = [
        SCHEMA_VERSION,
        source.sha256,
        hashlib.sha256(kernel.path.read_bytes()).hexdigest(),
        front_end_stamp(widen=False),
        headers_hash(),
        str(ensure_host().worker),
        stamps,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _load(file: Path) -> CheckReport | None:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        refusal = record["refusal"]
        return CheckReport(
            refusal
            and Refusal(Status(refusal["status"]), refusal["reason"], None, refusal["location"]),
            tuple(record["warnings"]),
            record["counts"],
            tuple(_finding(raw) for raw in record["findings"]),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _finding(raw: Mapping[str, Any]) -> Finding:
    space, index = raw["memory"]
    return Finding(**{**raw, "status": Status(raw["status"]), "memory": (space, index)})


def _store(file: Path, report: CheckReport) -> None:
    refusal = report.refusal
    record = {
        "refusal": refusal
        and {
            "status": refusal.status.value,
            "reason": refusal.reason,
            "location": refusal.location,
        },
        "warnings": list(report.warnings),
        "counts": report.counts,
        "findings": [asdict(item) for item in report.findings],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_json(file, record)
