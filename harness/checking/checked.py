"""Runs the checked build of a source: several schedules and poisons on one point, and the verdict
that follows. A fault that changes no output of an unfinished order is a warning, not a status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.checking import checked_counts
from harness.checking.checked_findings import Finding, Reader, merged
from harness.checking.judge import fill_instance, poisoned, results_of
from harness.checking.pool import Arena, Layout, Pool
from harness.devices.base import Binding, Program, Session, Source
from harness.devices.cpu import CpuDevice
from harness.evaluation import Refusal, Status
from harness.problem.bank import Bank, Guise, Inputs
from harness.problem.compare import Run, compare
from harness.problem.inputs import stream
from harness.problem.schedule import Schedule
from harness.spec import KernelSpec, Point
from msl import checked_area
from msl.checked_area import Area, Reply, Request

#: The order of the threads: as numbered, the other way round, and one more drawn from the secret.
NATURAL, REVERSED = 0, 1
#: What threadgroup memory and lanes hold that nobody has written: a NaN, about 1e30, and a word
#: with which integer arithmetic comes to no harm.
_WORDS = (0x7FC0DEAD, 0x7149F2CA, 1)
_HARMLESS = 2
#: Accesses a run may make, and its deadline: at a check size, and at a size asked for.
CHECK_LIMIT, CHECK_DEADLINE_MS = 20_000_000, 4_000
FULL_LIMIT, FULL_DEADLINE_MS = 4_000_000_000, 120_000
#: For a sample of the threadgroups; those that wait for absent ones never end.
SAMPLE_DEADLINE_MS = 8_000
#: Shadow memory takes about seven times what it shadows.
MAX_POOL_BYTES = 256 << 20
#: A sample of the threadgroups touches a part of the shadow, which is mapped as it is touched.
MAX_COUNTED_BYTES = 3 << 30
_MEMORY_LIMIT_BYTES = 512 << 20
OUT_OF_TIME = "checker ran out of time"
_ALIGNMENT = 4096
_SAMPLE = "sample"


@dataclass(frozen=True)
class CheckReport:
    """What the checked build showed at one point."""

    refusal: Refusal | None = None
    warnings: tuple[str, ...] = ()
    counts: Mapping[str, Any] | None = None
    findings: tuple[Finding, ...] = ()


@dataclass
class Checker:
    """A checked build in a worker of its own; `check` may be called for several points."""

    spec: KernelSpec
    source: Source
    program: Program
    device: CpuDevice
    session: Session
    lost: bool = False  # the worker died or was stopped: the next check starts another
    _arena: Arena | None = field(default=None, repr=False)

    def check(
        self, schedule: Schedule, point: Point, label: str, secret: int, *, full: bool = False
    ) -> CheckReport:
        """Check one point. `full`: with the limits of a size that was asked for by name."""
        if self.lost:
            self.session.close()
            opened = _open(self.program, self.device)
            if isinstance(opened, Refusal):
                return _unable(opened.reason)
            self.session, self.lost = opened, False
        return _Point(self, schedule, point, label, secret, full).check()

    def count(
        self, schedule: Schedule, point: Point, secret: int, groups: int
    ) -> Mapping[str, Any] | str:
        """Counts of one run in which `groups` threadgroups stand for each dispatch; or why not.

        What those threadgroups leave is no answer, so nothing is judged.
        """
        return _Point(self, schedule, point, "count", secret, True).count(groups)

    def sample(self, schedule: Schedule, point: Point, secret: int, groups: int) -> CheckReport:
        """What `groups` threadgroups of the first dispatch do at a point too large for them all.

        Later dispatches read what absent threadgroups have not written, so they are not judged.
        """
        return _Point(self, schedule, point, _SAMPLE, secret, True).sample(groups)

    def arena(self, size: int) -> Arena:
        """Memory for a pool; a larger one needs a fresh worker, which the host starts by itself."""
        if self._arena is None or self._arena.bytes < size:
            self._free()
            self._arena = Arena(size)
        return self._arena

    def _free(self) -> None:
        if self._arena is not None:
            self._arena.close()
            self._arena = None

    def close(self) -> None:
        """End the worker."""
        self.session.close()
        self._free()


def open_checker(
    spec: KernelSpec, source: Source, functions: Sequence[str], device: CpuDevice
) -> Checker | Refusal:
    """Build and load; a refusal says why this host cannot check the source."""
    program = device.build(source, functions, checked=True)
    if isinstance(program, Refusal):
        return program
    session = _open(program, device)
    if isinstance(session, Refusal):
        return session
    return Checker(spec, source, program, device, session)


def _open(program: Program, device: CpuDevice) -> Session | Refusal:
    return device.open(program, threads=1, memory_limit_bytes=_MEMORY_LIMIT_BYTES)


@dataclass(frozen=True)
class _Result:
    """One run: what the worker left, the outputs as they were, and why it did not end well."""

    reply: Reply
    outputs: Mapping[str, Any]
    refusal: Refusal | None
    poison: int


class _Stopped(Exception):
    """The checker cannot judge this point."""


class _Point:
    """One point under check."""

    def __init__(
        self,
        checker: Checker,
        schedule: Schedule,
        point: Point,
        label: str,
        secret: int,
        full: bool,
    ) -> None:
        self.checker = checker
        self.schedule = schedule
        self.label = label
        self.full = full
        self.secret = secret
        self.point = point
        rng = stream(secret, "checked", label)
        self.order = int(rng.integers(2, 1 << 31))
        self.layout = Layout.of(schedule.slots, rng)
        program = checker.program
        if program.tables is None:
            raise ValueError("not a checked build")
        self.area = Area(list(program.functions), program.tables)
        self.reader = Reader(schedule, program, checker.source.path)

    def check(self) -> CheckReport:
        """Run the schedules, then what the findings ask for."""
        try:
            return self._verdict(self._bound(MAX_POOL_BYTES))
        except _Stopped as stopped:
            return _unable(str(stopped))

    def count(self, groups: int) -> Mapping[str, Any] | str:
        """Run once for the counts alone."""
        try:
            self._bound(MAX_COUNTED_BYTES)
            run = self._run(NATURAL, memory=_HARMLESS, lane=_HARMLESS, trace=True, groups=groups)
        except _Stopped as stopped:
            return str(stopped)
        if run.refusal is not None:
            return run.refusal.reason
        return checked_counts.summary(run.reply, self.schedule)

    def sample(self, groups: int) -> CheckReport:
        """Run a sample; what is definite counts, and a race where the other order changes a bit."""
        try:
            bank = self._bound(MAX_COUNTED_BYTES)
            run = self._sample(NATURAL, groups)
            raw = [item for item in run.reply.findings if item.dispatch == 0]
            found = merged([item for item in map(self.reader.finding, raw) if item is not None])
            guilty = [item for item in found if item.definite]
            races = [item for item in found if item.status is Status.DATA_RACE]
            if races and len(self.schedule.dispatches) == 1 and run.refusal is None:
                other = self._sample(REVERSED, groups)
                if other.refusal is None and self._differ([run, other], bank, whole=False):
                    guilty += races
        except _Stopped as stopped:
            return _unable(str(stopped))
        if not guilty:
            return CheckReport(findings=tuple(found))
        first = merged(guilty)[0]
        refusal = Refusal(first.status, first.text, location=first.location)
        return CheckReport(refusal, findings=tuple(found))

    def _sample(self, order: int, groups: int) -> _Result:
        return self._run(order, memory=_HARMLESS, lane=_HARMLESS, groups=groups)

    def _bound(self, most_bytes: int) -> Bank:
        """The values of the point in memory that the worker has bound."""
        slots = len(self.schedule.slots)
        area_bytes = self.area.bytes(slots)
        start = -(-self.layout.bytes(1) // _ALIGNMENT) * _ALIGNMENT
        if start > most_bytes:
            raise _Stopped(f"{start >> 20} MiB of buffers are more than it can shadow")
        self.start = start
        self.arena = self.checker.arena(start + area_bytes)
        rng = stream(self.secret, "checked pool", self.label)
        self.pool = Pool(self.layout, 1, rng, self.arena)
        bank = Bank(self.checker.spec, self.point, self.secret, self.label, sets=1)
        self.inputs: Inputs = bank.inputs(Guise(0, 0))
        binding = Binding(
            self.arena.path,
            self.arena.bytes,
            tuple(self.pool.slots),
            [self.pool.regions(0)],
            self.schedule.dispatches,
            start,
        )
        refusal = self.checker.session.bind(binding)
        if refusal:
            raise _Stopped(refusal.reason)
        return bank

    def _verdict(self, bank: Bank) -> CheckReport:
        runs = [self._run(NATURAL, trace=True)]
        for order in (REVERSED, self.order):
            if runs[-1].refusal is None:
                runs.append(self._run(order))
        found = self._findings(runs)
        counts = {
            "point": dict(self.point),
            **checked_counts.summary(runs[0].reply, self.schedule),
        }
        crash = next((run.refusal for run in runs if run.refusal), None)
        definite = self._confirmed(found, crash is not None)
        if crash and not definite:
            raise _Stopped(f"the checked build ended: {crash.reason}")
        proven = [] if crash else self._proven(found, runs, bank)
        guilty = merged([*definite, *proven])
        rest = [item for item in found if item not in guilty]
        refusal = None
        if guilty:
            first = guilty[0]
            refusal = Refusal(first.status, first.text, location=first.location)
            rest = [*guilty[1:], *rest]
        return CheckReport(refusal, tuple(_warning(f) for f in rest), counts, tuple(found))

    def _confirmed(self, found: Sequence[Finding], crashed: bool) -> list[Finding]:
        """The definite findings, without integer faults that only poison leads to."""
        definite = [item for item in found if item.definite]
        poison = {item.status for item in found} & {
            Status.INACTIVE_LANE,
            Status.UNINITIALISED_READ,
        }
        if crashed or not poison or all(item.kind != checked_area.INTEGER for item in definite):
            return definite
        again = self._findings([self._run(NATURAL, memory=_HARMLESS, lane=_HARMLESS)])
        stays = {item.location for item in again if item.kind == checked_area.INTEGER}
        return [
            item for item in definite if item.kind != checked_area.INTEGER or item.location in stays
        ]

    def _findings(self, runs: Sequence[_Result]) -> list[Finding]:
        read = [self.reader.finding(raw) for run in runs for raw in run.reply.findings]
        return merged([item for item in read if item is not None])

    def _proven(
        self, found: Sequence[Finding], runs: Sequence[_Result], bank: Bank
    ) -> list[Finding]:
        """The conditional findings whose other outcome shows in an output."""
        statuses = {item.status for item in found if not item.definite}
        changed: set[Status] = set()
        if Status.DATA_RACE in statuses and self._differ(runs, bank):
            changed.add(Status.DATA_RACE)
        for status, memory, lane in (
            (Status.UNINITIALISED_READ, 1, 0),
            (Status.INACTIVE_LANE, 0, 1),
        ):
            if status in statuses:
                other = self._run(NATURAL, memory=memory, lane=lane)
                if other.refusal is None and self._differ([runs[0], other], bank):
                    changed.add(status)
        proven = [item for item in found if item.status in changed and not item.definite]
        # Who comes too early reads what nobody has written yet: then the race is the cause.
        early = {item.memory for item in proven if item.status is Status.UNINITIALISED_READ}
        races = [item for item in found if item.status is Status.DATA_RACE]
        return [*proven, *(item for item in races if item.memory in early and item not in proven)]

    def _differ(self, runs: Sequence[_Result], bank: Bank, *, whole: bool = True) -> bool:
        """Whether the outputs of runs differ: in a bit, or where floats are added atomically, so
        far that one of them is wrong, which shows only in outputs that are `whole`."""
        if not any(run.reply.counts.float_atomics for run in runs):
            first = runs[0].outputs
            return any(
                first[name].tobytes() != run.outputs[name].tobytes()
                for run in runs[1:]
                for name in first
            )
        if not whole:
            return False
        judged = [Run(run.outputs, run.poison) for run in runs]
        found = compare(self.checker.spec, bank.point, self.inputs, judged)
        return len({item.refusal is None for item in found}) > 1

    def _inputs(self) -> list[str]:
        """Slots that no kernel may write to."""
        slots = self.schedule.slots.items()
        return [n for n, s in slots if s.role == "input" and n not in self.schedule.writable]

    def _run(
        self, order: int, *, memory: int = 0, lane: int = 0, trace: bool = False, groups: int = 0
    ) -> _Result:
        slots = list(self.schedule.slots)
        starts_poisoned = poisoned(self.schedule)
        fill_instance(self.pool, 0, self.inputs)
        self.pool.poison(0, 1, memory, starts_poisoned)
        if memory == _HARMLESS:
            for name in starts_poisoned:
                self.pool.view(0, name).fill(_WORDS[_HARMLESS])
        view = memoryview(self.arena.memory)[self.start :]
        request = Request(
            _WORDS[memory],
            _WORDS[lane],
            FULL_LIMIT if self.full else CHECK_LIMIT,
            trace,
            [slots.index(name) for name in starts_poisoned],
            [slots.index(name) for name in self._inputs()],
            groups,
        )
        self.area.write(view, request, len(slots))
        deadline = FULL_DEADLINE_MS if self.full else CHECK_DEADLINE_MS
        if self.label == _SAMPLE:
            deadline = SAMPLE_DEADLINE_MS
        session = self.checker.session
        took = session.run(0, 1, deadline_ms=deadline, schedule_seed=order)
        ended = took if isinstance(took, Refusal) else session.freeze()
        self.checker.lost = ended is not None
        reply = self.area.read(view, len(slots))
        view.release()
        if reply.state == checked_area.LIMIT_REACHED:
            raise _Stopped(OUT_OF_TIME)
        if ended and ended.status is Status.TIMEOUT:
            raise _Stopped(OUT_OF_TIME)
        outputs = {
            name: np.array(view) for name, view in results_of(self.pool, self.schedule, 0).items()
        }
        return _Result(reply, outputs, ended, memory)


def _unable(reason: str) -> CheckReport:
    return CheckReport(warnings=(f"unsupported: {reason}",))


def _warning(finding: Finding) -> str:
    return f"{finding.status.value}: {finding.text}"
