"""From header lines, a SPEC and a point to the dispatches of one run, every limit checked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from harness.devices.base import Dispatch, Limits
from harness.evaluation import Refusal, Status
from harness.problem.binding import (
    GEOMETRY,
    Slot,
    SpecError,
    binding_table,
    problem_slots,
    rounded,
    scalar_values,
)
from harness.problem.expressions import Expression, ExpressionError, parse
from harness.problem.header import DispatchLine, Header, HeaderError, Scratch, parse_schedule
from harness.spec import KernelSpec, Point

MAX_THREADS = 1024
MAX_THREADGROUP_BYTES = 32768
MAX_GRID = (1 << 32) - 1
MAX_DISPATCHES = 65536
#: Scratch is memory of the machine that judges, whatever a header asks for.
MAX_SCRATCH_BYTES = 1 << 30
AXES = "xyz"


@dataclass(frozen=True)
class NotCovered:
    """This point is outside what the header's `requires` allows: neither pass nor fail."""

    requirement: str


@dataclass(frozen=True)
class Schedule:
    """The dispatches of one run. `results`: the slot in which each output lies at the end."""

    dispatches: tuple[Dispatch, ...]
    slots: Mapping[str, Slot]
    results: Mapping[str, str]
    writable: frozenset[str]  # inputs that the schedule itself exchanges with an output
    scalars: Mapping[str, float]

    @property
    def repeatable(self) -> bool:
        """Whether runs may be batched: nothing is updated in place, nothing is stepped through."""
        in_place = any(slot.role == "inout" for slot in self.slots.values())
        stepped = any(entry["repeats"] != 1 for entry in self.geometry)
        return not in_place and not stepped and not self.writable

    @property
    def geometry(self) -> tuple[Mapping[str, object], ...]:
        """Functions, grids and threadgroups for people; a repeated dispatch once."""
        seen = Counter((d.function, d.grid, d.threadgroup) for d in self.dispatches)
        return tuple(
            {"function": f, "grid": list(g), "threadgroup": list(t), "repeats": count}
            for (f, g, t), count in seen.items()
        )


def default_header(spec: KernelSpec) -> Header:
    """The SPEC's own schedule."""
    header = parse_schedule(spec.schedule)
    if isinstance(header, HeaderError):
        raise SpecError(f"schedule, line {header.line}:{header.column}: {header.message}")
    return header


def merged(header: Header, spec: KernelSpec) -> Header:
    """The header in full: what it leaves out comes from the SPEC; short forms become a dispatch."""
    default = default_header(spec)
    if header.dispatches:
        return header
    if (header.grid or header.threadgroup) and default.dispatches:
        only = default.dispatches[0]
        default = replace(default, grid=only.grid, threadgroup=only.threadgroup, dispatches=())
    if default.dispatches:
        scratch = header.scratch or default.scratch
        return replace(header, dispatches=default.dispatches, loops=default.loops, scratch=scratch)
    grid = header.grid or default.grid
    threadgroup = header.threadgroup or default.threadgroup
    if not grid or not threadgroup:
        raise SpecError("the schedule needs grid and threadgroup")
    line = DispatchLine(spec.function, grid, threadgroup)
    return replace(header, dispatches=(line,), grid=(), threadgroup=())


def functions_of(header: Header, spec: KernelSpec) -> tuple[str, ...]:
    """The kernel functions that a schedule dispatches, once each."""
    return merged(header, spec).functions


def resolve(
    header: Header, spec: KernelSpec, point: Point, limits: Mapping[str, Limits]
) -> Schedule | NotCovered | Refusal:
    """The dispatches of one run at `point` on pipelines with `limits`."""
    try:
        return _Resolver(merged(header, spec), spec, point, limits).schedule()
    except _NotCoveredHere as outside:
        return NotCovered(outside.requirement)
    except _Refused as refused:
        return Refusal(Status.LAUNCH_ERROR, refused.reason, location=refused.location)


class _NotCoveredHere(Exception):
    def __init__(self, requirement: str) -> None:
        super().__init__(requirement)
        self.requirement = requirement


class _Refused(Exception):
    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.location = f"{line}:1" if line else ""


class _Resolver:
    """The state of one resolution: what names mean, and which slot each buffer name denotes now."""

    def __init__(
        self, header: Header, spec: KernelSpec, point: Point, limits: Mapping[str, Limits]
    ) -> None:
        self.header = header
        self.spec = spec
        self.limits = limits
        self.scalars = scalar_values(spec, point)
        tuned = {tune.name: tune.value for tune in header.tune}
        self.names: dict[str, float] = {**tuned, **self.scalars, **rounded(point)}
        self.functions: dict[str, Callable[[str], int]] = {"max_threads": self._max_threads}
        self.slots = problem_slots(spec, rounded(point))
        self.line = 0

    def _max_threads(self, function: str) -> int:
        return self.limits[function].max_total_threads

    def schedule(self) -> Schedule:
        """Evaluate everything, in the order in which people read it."""
        for requirement in self.header.requires:
            if not self._number(requirement, "requires", {}):
                raise _NotCoveredHere(requirement.text)
        for scratch in self.header.scratch:
            self._add_scratch(scratch)
        place = {name: name for name in self.slots}
        dispatches: list[Dispatch] = []
        for _, together in groupby(self.header.dispatches, key=_unit):
            self._expand(list(together), place, dispatches)
        results = {name: place[name] for name in self.spec.outputs}
        exchanged = self.header.swapped | set(self.spec.consumed)
        writable = {name for name in exchanged if self.slots[name].role == "input"}
        return Schedule(tuple(dispatches), self.slots, results, frozenset(writable), self.scalars)

    def _add_scratch(self, scratch: Scratch) -> None:
        self.line = scratch.line
        if scratch.name in self.slots or scratch.name in self.spec.scalars:
            raise _Refused(f"scratch {scratch.name}: the problem has this name", self.line)
        most = MAX_SCRATCH_BYTES // scratch.element.bytes
        count = self._whole(scratch.count, f"scratch {scratch.name}", 1, most)
        self.slots[scratch.name] = Slot(scratch.name, "scratch", scratch.element.name, (count,))

    def _expand(
        self, lines: Sequence[DispatchLine], place: dict[str, str], out: list[Dispatch]
    ) -> None:
        """One dispatch, or those of one loop, as often as they are repeated."""
        first = lines[0]
        unit = first if first.loop is None else self.header.loops[first.loop]
        self.line = unit.line
        for swap in unit.swap:
            self._check_swap(swap)
        repeats = 1
        if unit.repeat is not None:
            repeats = self._whole(unit.repeat, "repeat", 1, MAX_DISPATCHES)
        total = len(out) + repeats * len(lines)
        if total > MAX_DISPATCHES:
            raise _Refused(f"{total} dispatches > limit {MAX_DISPATCHES}", self.line)
        for step in range(repeats):
            for swap in unit.swap if step else ():
                before = [place[name] for name in swap]
                place.update(zip(swap, [*before[1:], before[0]], strict=True))
            for line in lines:
                self.line = line.line
                out.append(self._dispatch(line, step, place))

    def _check_swap(self, swap: Sequence[str]) -> None:
        for name in swap:
            if name not in self.slots:
                raise _Refused(f"swap: no buffer '{name}'", self.line)
            a, b = self.slots[swap[0]], self.slots[name]
            if (a.dtype, a.bytes) != (b.dtype, b.bytes):
                raise _Refused(f"swap: '{a.name}' and '{name}' differ in type or size", self.line)

    def _dispatch(self, line: DispatchLine, step: int, place: Mapping[str, str]) -> Dispatch:
        function = line.function or self.spec.function
        names = {"step": float(step)}
        grid = self._extent(line.grid, f"{function} grid", names, MAX_GRID)
        group = self._extent(line.threadgroup, f"{function} threadgroup", names, MAX_THREADS)
        self._check_threads(function, group)
        names |= _geometry(grid, group)
        memory = {
            index: self._whole(size, f"{function} tgmem {index}", 16, MAX_THREADGROUP_BYTES, names)
            for index, size in line.tgmem.items()
        }
        self._check_threadgroup_memory(function, memory)
        buffers: dict[int, tuple[str, int]] = {}
        constants: dict[int, bytes] = {}
        bound: dict[int, tuple[str, Expression | None]] = {
            index: (name, None) for index, name in enumerate(binding_table(self.spec))
        }
        for index, (name, offset) in (bound | dict(line.bind)).items():
            if index in line.const:
                continue
            if name in self.spec.scalars:
                constants[index] = self._scalar(name, names)
            else:
                buffers[index] = self._buffer(index, name, offset, names, place)
        for index, value in line.const.items():
            constants[index] = _packed(self._number(value, f"const {index}", names))
        return Dispatch(function, grid, group, buffers, constants, memory)

    def _check_threads(self, function: str, group: tuple[int, int, int]) -> None:
        total = math.prod(group)
        limit = self.limits[function].max_total_threads if function in self.limits else MAX_THREADS
        if total > limit:
            size = "x".join(map(str, group))
            reason = f"{function}: threadgroup {size} = {total} threads > pipeline limit {limit}"
            raise _Refused(reason, self.line)

    def _check_threadgroup_memory(self, function: str, memory: Mapping[int, int]) -> None:
        for index, size in memory.items():
            if size % 16:
                reason = f"{function}: tgmem {index} is {size} bytes, not a multiple of 16"
                raise _Refused(reason, self.line)
        static = 0
        if function in self.limits:
            static = self.limits[function].static_threadgroup_bytes
        total = static + sum(memory.values())
        if memory and total > MAX_THREADGROUP_BYTES:
            reason = f"{function}: threadgroup memory {total} bytes > limit {MAX_THREADGROUP_BYTES}"
            raise _Refused(reason, self.line)

    def _buffer(
        self,
        index: int,
        name: str,
        offset: Expression | None,
        names: Mapping[str, float],
        place: Mapping[str, str],
    ) -> tuple[str, int]:
        if name not in self.slots:
            known = ", ".join([*self.slots, *self.spec.scalars])
            raise _Refused(f"bind {index}: no buffer '{name}'; there are {known}", self.line)
        shift = 0
        if offset is not None:
            most = self.slots[name].bytes - 1
            shift = self._whole(offset, f"bind {index} offset", 0, most, names)
            if shift % 4:
                raise _Refused(f"bind {index}: offset {shift} is not a multiple of 4", self.line)
        return place.get(name, name), shift

    def _scalar(self, name: str, names: Mapping[str, float]) -> bytes:
        scalar = self.spec.scalars[name]
        value = self._number(parse(scalar.value), f"scalar {name}", names)
        try:
            return np.array([value], dtype=np.dtype(scalar.dtype)).tobytes()
        except (OverflowError, ValueError):
            reason = f"scalar {name}: {value:g} does not fit {scalar.dtype}"
            raise _Refused(reason, self.line) from None

    def _number(self, expression: Expression, what: str, names: Mapping[str, float]) -> float:
        try:
            return expression.evaluate({**self.names, **names}, self.functions)
        except ExpressionError as problem:
            raise _Refused(f"{what}: {expression.text}: {problem.message}", self.line) from None

    def _whole(
        self,
        expression: Expression,
        what: str,
        least: int,
        most: int,
        names: Mapping[str, float] | None = None,
    ) -> int:
        value = self._number(expression, what, names or {})
        if value != int(value):
            raise _Refused(f"{what}: {expression.text} = {value:g} is not whole", self.line)
        if value < least:
            raise _Refused(f"{what}: {expression.text} = {int(value)} < {least}", self.line)
        if value > most:
            raise _Refused(f"{what}: {expression.text} = {int(value)} > limit {most}", self.line)
        return int(value)

    def _extent(
        self,
        expressions: tuple[Expression, ...],
        what: str,
        names: Mapping[str, float],
        most: int,
    ) -> tuple[int, int, int]:
        found = [
            self._whole(expression, f"{what}.{AXES[axis]}", 1, most, names)
            for axis, expression in enumerate(expressions)
        ]
        x, y, z = (*found, 1, 1)[:3]
        return x, y, z


def _unit(line: DispatchLine) -> object:
    """What is repeated together: the lines of one loop, else one line by itself."""
    return ("line", line.line, id(line)) if line.loop is None else ("loop", line.loop)


def _geometry(grid: tuple[int, int, int], group: tuple[int, int, int]) -> dict[str, float]:
    groups = tuple(-(-g // t) for g, t in zip(grid, group, strict=True))
    values = zip(GEOMETRY, (grid, group, groups), strict=True)
    return {f"{n}.{axis}": v[i] for n, v in values for i, axis in enumerate(AXES)}


def _packed(value: float) -> bytes:
    dtype = np.float32 if isinstance(value, float) else (np.int32 if value < 0 else np.uint32)
    return np.array([value], dtype=dtype).tobytes()
