"""Judges a source at points: build, ABI, schedule, run on poison, compare. It times nothing.

The same inputs are run on outputs and scratch that start as NaN, as 1e30, and at check sizes once
more with the threads in another order. A right kernel gives the oracle's values each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from harness.checking.pool import Arena, Layout, Overrun, Pool, first_difference
from harness.devices.base import Binding, Device, Program, Session, Source
from harness.evaluation import Refusal, Status
from harness.problem import abi, tracks
from harness.problem.bank import Bank, Guise, Inputs
from harness.problem.binding import rounded
from harness.problem.compare import Comparison, Run, compare
from harness.problem.header import Header, HeaderError, parse_header
from harness.problem.inputs import stream
from harness.problem.schedule import NotCovered, Schedule, functions_of, resolve
from harness.spec import KernelSpec, Point

MEMORY_LIMIT_BYTES = 512 << 20  # what loading a library may add to the worker
CHECK_DEADLINE_MS = 10_000
DEADLINE_MS = 60_000


@dataclass
class Candidate:
    """A source that is built, fits the problem's ABI and is loaded in a worker of its own."""

    spec: KernelSpec
    source: Source
    header: Header
    program: Program
    session: Session
    _arena: Arena | None = None

    @property
    def warnings(self) -> str:
        """The compiler's warnings."""
        return self.program.warnings

    def schedule(self, point: Point) -> Schedule | NotCovered | Refusal:
        """The dispatches of one run at a point."""
        found = resolve(self.header, self.spec, point, self.session.limits)
        if isinstance(found, Refusal) and found.location:
            return replace(found, location=f"{self.source.path}:{found.location}")
        return found

    def geometry(self, schedule: Schedule | None) -> tuple[Mapping[str, Any], ...]:
        """What a schedule launches, with what the pipelines allow."""
        if schedule is None:
            return ()
        return tuple(
            {
                **entry,
                "max_threads": self.session.limits[str(entry["function"])].max_total_threads,
                "static_threadgroup_bytes": self.session.limits[
                    str(entry["function"])
                ].static_threadgroup_bytes,
            }
            for entry in schedule.geometry
        )

    def arena(self, size: int) -> Arena:
        """Memory for a pool of `size` bytes; the same one as before if that is large enough."""
        if self._arena is None or self._arena.bytes < size:
            if self._arena is not None:
                self._arena.close()
            self._arena = Arena(size)
        return self._arena

    def close(self) -> None:
        """End the worker and free the memory."""
        self.session.close()
        if self._arena is not None:
            self._arena.close()
            self._arena = None


@dataclass(frozen=True)
class Judged:
    """A point at which the kernel is right."""

    schedule: Schedule
    max_abs_err: float
    published_status: Status | None


@dataclass(frozen=True)
class Wrong:
    """A point at which it is not, with what else the comparison showed."""

    refusal: Refusal
    published_status: Status | None = None
    max_abs_err: float | None = None
    damage: Mapping[str, Any] = field(default_factory=dict)  # by wrong output
    schedule: Schedule | None = None  # what was dispatched, if it came to that


def prepare(
    spec: KernelSpec, source: Source, device: Device, *, threads: int = 0
) -> Candidate | Refusal:
    """Build a source, check its ABI and load it."""
    header = parse_header(source.text)
    if isinstance(header, HeaderError):
        where = f"{source.path}:{header.line}:{header.column}"
        return Refusal(Status.COMPILE_ERROR, f"{where}: {header.message}", location=where)
    refusal = tracks.forbidden_include(source, header.track)
    if refusal:
        return refusal
    spec = tracks.spec_for(spec, header.track)
    functions = functions_of(header, spec)
    program = device.build(source, functions)
    if isinstance(program, Refusal):
        return program
    refusal = abi.check(header, spec, program.functions)
    if refusal:
        return refusal
    session = device.open(program, threads=threads, memory_limit_bytes=MEMORY_LIMIT_BYTES)
    if isinstance(session, Refusal):
        return session
    return Candidate(spec, source, header, program, session)


def judge(
    candidate: Candidate,
    points: Sequence[tuple[str, Point]],
    secret: int,
) -> list[Judged | NotCovered | Wrong]:
    """Judge the points in order, up to the first that is wrong.

    Points whose label begins with `check` are also run with the threads in another order.
    """
    trials = [_Trial.of(candidate, label, point, secret) for label, point in points]
    small = [t.bytes for t in trials if isinstance(t, _Trial) and t.bytes <= _SHARED_BYTES]
    if small:
        candidate.arena(max(small))
    results: list[Judged | NotCovered | Wrong] = []
    for trial in trials:
        if isinstance(trial, _Trial):
            found = trial.judge()
            if isinstance(found, Wrong):
                found = replace(found, schedule=trial.schedule)
            results.append(found)
        else:
            results.append(Wrong(trial) if isinstance(trial, Refusal) else trial)
        if isinstance(results[-1], Wrong):
            break
    return results


@dataclass(frozen=True)
class AsPublished:
    """How a kernel fares on the public board's own values: by its tolerance, and by ours."""

    status: Status | None
    refusal: Refusal | None
    max_abs_err: float


def as_published(
    candidate: Candidate, label: str, point: Point, secret: int
) -> AsPublished | Refusal | None:
    """Run a size of the public board on its values; None where there is no such thing."""
    known = {**candidate.spec.sizes.series, **candidate.spec.sizes.held_out}
    values, schedule = candidate.spec.published_inputs, candidate.schedule(point)
    if values is None or point not in known.values() or not isinstance(schedule, Schedule):
        return None
    rng = stream(secret, "as published", label)
    layout = Layout.of(schedule.slots, rng)
    pool = Pool(layout, 1, rng, candidate.arena(layout.bytes(1)))
    inputs = values(rounded(point))
    fill_instance(pool, 0, inputs)
    pool.poison(0, 1, 0, poisoned(schedule))
    session = candidate.session
    took = session.bind(binding_of(pool, schedule)) or session.run(
        0, 1, deadline_ms=DEADLINE_MS, freeze=True
    )
    refusal = took if isinstance(took, Refusal) else session.freeze()
    refusal = refusal or memory_refusal(pool, schedule, inputs, [0])
    if refusal:
        return refusal
    run = Run(results_of(pool, schedule, 0), 0)
    found = compare(candidate.spec, rounded(point), inputs, [run])[0]
    return AsPublished(found.published, found.refusal, found.max_abs_err)


#: Points up to this size share memory from the first on: a worker has to map it only once.
_SHARED_BYTES = 64 << 20


@dataclass(frozen=True)
class _Trial:
    """One point about to be judged: as many instances as there are runs, all on the same inputs."""

    candidate: Candidate
    label: str
    point: Point
    secret: int
    schedule: Schedule
    layout: Layout

    @classmethod
    def of(
        cls, candidate: Candidate, label: str, point: Point, secret: int
    ) -> _Trial | NotCovered | Refusal:
        schedule = candidate.schedule(point)
        if not isinstance(schedule, Schedule):
            return schedule
        layout = Layout.of(schedule.slots, stream(secret, "layout", label))
        return cls(candidate, label, point, secret, schedule, layout)

    @property
    def checking(self) -> bool:
        """Whether this is a check size, small enough to be run in two orders."""
        return self.label.startswith("check")

    @property
    def runs(self) -> int:
        """NaN and 1e30 in order; at check sizes NaN in another order."""
        return 3 if self.checking else 2

    @property
    def bytes(self) -> int:
        """What the pool needs."""
        return self.layout.bytes(self.runs)

    def judge(self) -> Judged | Wrong:
        """Run and compare."""
        rng = stream(self.secret, "judge", self.label)
        bank = Bank(self.candidate.spec, self.point, self.secret, self.label, sets=1)
        inputs = bank.inputs(Guise(0, 0))
        pool = Pool(self.layout, self.runs, rng, self.candidate.arena(self.bytes))
        session = self.candidate.session
        refusal = session.bind(binding_of(pool, self.schedule))
        if refusal:
            return Wrong(refusal)
        order = int(rng.integers(1, 1 << 31))
        for run in range(self.runs):
            refusal = self._run(pool, run, inputs, order if run == 2 else 0)
            if refusal:
                return Wrong(refusal)
        refusal = session.freeze() or memory_refusal(pool, self.schedule, inputs, range(self.runs))
        if refusal:
            return Wrong(refusal)
        runs = [
            Run(results_of(pool, self.schedule, run), self.poison_of(run))
            for run in range(self.runs)
        ]
        found = compare(self.candidate.spec, bank.point, inputs, runs)
        if all(item.refusal is None for item in found):
            return Judged(
                self.schedule, max(item.max_abs_err for item in found), found[0].published
            )
        return self._explain(pool, bank, inputs, found, order)

    @staticmethod
    def poison_of(run: int) -> int:
        """Which poison a run starts on."""
        return run % 2

    def _run(self, pool: Pool, run: int, inputs: Inputs, order: int) -> Refusal | None:
        fill_instance(pool, run, inputs)
        pool.poison(run, 1, self.poison_of(run), poisoned(self.schedule))
        deadline = CHECK_DEADLINE_MS if self.checking else DEADLINE_MS
        took = self.candidate.session.run(
            run, 1, deadline_ms=deadline, schedule_seed=order, freeze=True
        )
        return took if isinstance(took, Refusal) else None

    def _explain(
        self, pool: Pool, bank: Bank, inputs: Inputs, found: list[Comparison], order: int
    ) -> Wrong:
        """Which of the runs disagree tells why: poison that was read, or an order that matters."""
        first, other = found[0].refusal, found[1].refusal
        worst = next(item for item in found if item.refusal is not None)
        refusal = worst.refusal
        if refusal is None:
            raise AssertionError("one of the runs is wrong")
        if _same(first, other):
            reordered = found[2].refusal if self.checking else first
            if first is None and reordered is not None:
                reason = f"right in order, wrong with threads in order {order}: {reordered.reason}"
                refusal = Refusal(Status.DATA_RACE, reason, reordered.first_bad)
        elif self._repeats(pool, bank, inputs, first):
            reason = f"the result depends on what memory held before: {refusal.reason}"
            refusal = Refusal(Status.UNINITIALISED_READ, reason, refusal.first_bad)
        return Wrong(refusal, worst.published, worst.max_abs_err, worst.damage)

    def _repeats(self, pool: Pool, bank: Bank, inputs: Inputs, first: Refusal | None) -> bool:
        """Whether the first run comes out the same again, so that chance is not the reason."""
        if self._run(pool, 0, inputs, 0) or self.candidate.session.freeze():
            return False
        again = Run(results_of(pool, self.schedule, 0), self.poison_of(0))
        return _same(first, compare(self.candidate.spec, bank.point, inputs, [again])[0].refusal)


def _same(a: Refusal | None, b: Refusal | None) -> bool:
    """Whether two runs fail alike."""
    if a is None or b is None:
        return a is b
    if a.status is not b.status or a.first_bad is None or b.first_bad is None:
        return a.status is b.status
    if (a.first_bad.output, a.first_bad.index) != (b.first_bad.output, b.first_bad.index):
        return False
    both = a.first_bad.got, b.first_bad.got
    return a.status is Status.NOT_WRITTEN or both[0] == both[1] or bool(np.isnan(both).all())


def poisoned(schedule: Schedule) -> list[str]:
    """Slots that start as poison: pure outputs and scratch."""
    return [n for n, slot in schedule.slots.items() if slot.role in ("output", "scratch")]


def fill_instance(pool: Pool, instance: int, inputs: Inputs) -> None:
    """Write (or restore) the inputs of an instance, in-out buffers included."""
    for name, values in inputs.items():
        pool.write(instance, name, values)


def results_of(pool: Pool, schedule: Schedule, instance: int) -> Mapping[str, Any]:
    """The outputs of an instance, where the schedule left them."""
    return {name: pool.view(instance, slot) for name, slot in schedule.results.items()}


def binding_of(pool: Pool, schedule: Schedule) -> Binding:
    """A pool and a schedule as a host binds them."""
    return Binding(
        pool.arena.path,
        pool.arena.bytes,
        tuple(pool.slots),
        [pool.regions(i) for i in range(pool.instances)],
        schedule.dispatches,
    )


def memory_refusal(
    pool: Pool, schedule: Schedule, inputs: Inputs, instances: Sequence[int]
) -> Refusal | None:
    """Whether a run wrote where it may not: a guard, or an input."""
    overrun = pool.overrun()
    if overrun:
        return Refusal(Status.OUT_OF_BOUNDS, _overrun_reason(overrun))
    for name, values in inputs.items():
        if pool.slots[name].role != "input" or name in schedule.writable:
            continue
        for instance in instances:
            at = first_difference(pool.view(instance, name), values)
            if at is not None:
                index = np.unravel_index(at, pool.slots[name].shape)
                where = f"{name}[{', '.join(str(int(i)) for i in index)}]"
                return Refusal(Status.INPUT_MODIFIED, f"input {where} was overwritten")
    return None


def _overrun_reason(overrun: Overrun) -> str:
    if overrun.offset >= 0:
        return f"wrote to byte {overrun.offset} past the end of '{overrun.slot}'"
    return f"wrote to byte {-overrun.offset} before the start of '{overrun.slot}'"
