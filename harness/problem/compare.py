"""Compares outputs with the oracle: NaN and the infinities first, then the tolerance's bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation import FirstBad, Refusal, Status
from harness.problem.binding import shape_of
from harness.problem.damage import Damage
from harness.problem.dtypes import element_of, poison, widen
from harness.problem.oracle import CHUNK_ELEMENTS, Chunk, as_stored, over_chunks
from harness.problem.tolerance import Bound, Tolerance
from harness.spec import KernelSpec, Point

Values = npt.NDArray[Any]

#: The statuses that a comparison can find, in the order in which they are reported.
_FINDINGS = (Status.NOT_WRITTEN, Status.NONFINITE, Status.WRONG_VALUES)


@dataclass(frozen=True)
class Run:
    """The outputs of one run as stored, and the poison they started with (None: none)."""

    outputs: Mapping[str, Values]
    poison: int | None


@dataclass(frozen=True)
class Comparison:
    """What was found: `refusal` by the SPEC's tolerance, `published` by the public board's."""

    refusal: Refusal | None
    published: Status | None
    max_abs_err: float
    damage: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by wrong output


@dataclass(frozen=True)
class _Finding:
    """The first bad element of one status in one chunk."""

    status: Status
    output: int
    flat: int
    got: float
    expected: float
    note: str = ""  # what is wrong with the output as a whole


@dataclass(frozen=True)
class _Part:
    """What one chunk of one run shows."""

    findings: tuple[_Finding, ...]
    damage: Mapping[int, Damage]
    published: frozenset[Status]
    max_abs_err: float


def compare(
    spec: KernelSpec, point: Point, inputs: Mapping[str, Values], runs: Sequence[Run]
) -> list[Comparison]:
    """Judge runs on the same inputs; the oracle is evaluated once for all of them."""

    def judge(chunk: Chunk) -> list[_Part]:
        with np.errstate(all="ignore"):
            bounds = spec.tolerance(chunk.inputs, chunk.expected, chunk.names)
            published = _published_bounds(spec, chunk)
            return [_judge_run(spec, chunk, bounds, run, published) for run in runs]

    parts = over_chunks(spec, point, inputs, judge)
    return [_merge(spec, point, [part[i] for part in parts]) for i in range(len(runs))]


def refused(
    spec: KernelSpec, point: Point, inputs: Mapping[str, Values], runs: Sequence[Run]
) -> list[bool]:
    """Whether each run is refused. Cheaper than `compare`: one refused is looked at no further."""
    found = [False] * len(runs)

    def judge(chunk: Chunk) -> None:
        with np.errstate(all="ignore"):
            bounds = spec.tolerance(chunk.inputs, chunk.expected, chunk.names)
            for i, run in enumerate(runs):
                # Chunks are judged at once: nothing but True may be written.
                if not found[i] and _judge_run(spec, chunk, bounds, run).damage:
                    found[i] = True

    over_chunks(spec, point, inputs, judge, until=lambda: all(found))
    return found


def _published_bounds(spec: KernelSpec, chunk: Chunk) -> Sequence[Bound]:
    """What the public board allows; nothing where it has no rule."""
    rule = spec.published_tolerance
    if isinstance(rule, Tolerance):
        return rule(chunk.inputs, chunk.expected, chunk.names)
    if rule is None:
        return ()
    rtol, atol = rule
    return [Bound(atol + rtol * np.abs(expected)) for expected in chunk.expected]


def _judge_run(
    spec: KernelSpec,
    chunk: Chunk,
    bounds: Sequence[Bound],
    run: Run,
    by_board: Sequence[Bound] = (),
) -> _Part:
    findings: list[_Finding] = []
    damage: dict[int, Damage] = {}
    largest = 0.0
    published: set[Status] = set()
    for output, (name, array) in enumerate(spec.outputs.items()):
        raw = run.outputs[name][chunk.rows]
        row = math.prod(raw.shape[1:])
        both = (bounds[output], *by_board[output : output + 1])
        for piece in _pieces(raw.shape, *both):
            expected = chunk.expected[output][piece]
            found = _Output(raw[piece], expected, array.dtype, run.poison)
            wrong = found.wrong(bounds[output].rows(piece, raw.shape))
            start = ((chunk.rows.start or 0) + (piece.start or 0)) * row
            if wrong.size:
                at = found.sorted_out(wrong)
                findings += found.findings(at, output, start)
                where = damage.setdefault(output, Damage(shape_of(array, chunk.names)))
                left, nonfinite, _ = (flat.size for _, flat in at)
                where.add(wrong + start, not_written=left, nonfinite=nonfinite)
            largest = max(largest, found.max_abs_err(bounds[output].skipped))
            if by_board:
                wrong = found.wrong(by_board[output].rows(piece, raw.shape))
                published |= {status for status, at in found.sorted_out(wrong) if at.size}
    return _Part(tuple(findings), damage, frozenset(published), largest)


def _pieces(shape: tuple[int, ...], *bounds: Bound) -> list[slice]:
    """Rows to compare at a time: float64 copies of a whole output would cost more than all else."""
    if any(bound.needs_all for bound in bounds) or not shape:
        return [slice(None)]
    step = max(1, CHUNK_ELEMENTS // max(1, math.prod(shape[1:])))
    return [slice(start, start + step) for start in range(0, shape[0], step)]


class _Output:
    """One output of one chunk of one run beside what it should be."""

    def __init__(self, raw: Values, expected: Values, dtype: str, which: int | None) -> None:
        self.raw = raw
        self.element = element_of(dtype)
        self.dtype = dtype
        self.expected = expected
        self.got = widen(raw, self.element)
        self.which = which
        self.note = ""  # what a rule says of the output as a whole
        if self.element.floating:
            self.error = np.abs(np.subtract(self.got, expected))

    def wrong(self, bound: Bound) -> Values:
        """Flat indices of the elements that are wrong."""
        found = self._wrong_elements(bound)
        if bound.skipped is not None and found.size:
            skipped = np.broadcast_to(bound.skipped, self.got.shape).reshape(-1)
            found = found[~skipped[found]]
        if bound.missing_rows and found.size and self._few_rows(found, bound.missing_rows):
            found = found[:0]
        self.note = bound.whole(self.got, self.expected) if bound.whole else ""
        if self.note and not found.size:
            return np.array([np.argmax(np.abs(np.subtract(self.got, self.expected, dtype=float)))])
        return found

    def _few_rows(self, found: Values, share: float) -> bool:
        """Whether few enough rows are wrong, and all of them in their values alone."""
        rows = np.unique(found // max(1, self.got[0].size))
        at = dict(self.sorted_out(found))
        written = not at[Status.NOT_WRITTEN].size and not at[Status.NONFINITE].size
        return written and rows.size <= share * len(self.got)

    def _wrong_elements(self, bound: Bound) -> Values:
        if not self.element.floating:
            if bound.whole:
                return np.empty(0, dtype=np.int64)
            return np.flatnonzero(self.got != self.expected)
        good = bound.within(self.error, self.expected)
        if good.all():
            return np.empty(0, dtype=np.int64)
        suspects = np.flatnonzero(~good)
        got = self.got.reshape(-1)[suspects]
        due = as_stored(self.expected.reshape(-1)[suspects], self.dtype)
        # Infinities are equal by sign, and NaN is right only where the oracle has NaN.
        same = (got == due) & np.isinf(due) | np.isnan(got) & np.isnan(due)
        return np.asarray(suspects[~same])

    def sorted_out(self, wrong: Values) -> list[tuple[Status, Values]]:
        """The wrong elements by what is wrong with them."""
        raw = np.ascontiguousarray(self.raw.reshape(-1)[wrong])
        left = np.zeros(wrong.size, dtype=bool)
        if self.which is not None:
            bits = poison(self.element.bytes, self.which)
            left = raw.view(bits.dtype) == bits
        got = self.got.reshape(-1)[wrong]
        due = self.expected.reshape(-1)[wrong]
        nonfinite = ~left & ~np.isfinite(got) & np.isfinite(due)
        return [
            (Status.NOT_WRITTEN, wrong[left]),
            (Status.NONFINITE, wrong[nonfinite]),
            (Status.WRONG_VALUES, wrong[~left & ~nonfinite]),
        ]

    def findings(
        self, wrong: Sequence[tuple[Status, Values]], output: int, start: int
    ) -> list[_Finding]:
        """The first wrong element of every status."""
        return [
            _Finding(
                status,
                output,
                start + int(where[0]),
                float(self.got.reshape(-1)[where[0]]),
                float(self.expected.reshape(-1)[where[0]]),
                self.note,
            )
            for status, where in wrong
            if where.size
        ]

    def max_abs_err(self, skipped: npt.NDArray[np.bool_] | None = None) -> float:
        """The largest error of a finite element that counts."""
        if skipped is not None:
            kept = ~np.broadcast_to(skipped, self.got.shape)
            error = np.abs(np.subtract(self.got[kept], self.expected[kept], dtype=float))
            return float(error[np.isfinite(error)].max(initial=0.0))
        if not self.element.floating:
            wrong = self.got != self.expected
            if not wrong.any():
                return 0.0
            return float(np.max(np.abs(self.got[wrong].astype(float) - self.expected[wrong])))
        if not self.error.size:
            return 0.0
        largest = float(np.fmax.reduce(self.error, axis=None))
        if not math.isfinite(largest):
            finite = self.error[np.isfinite(self.error)]
            largest = float(finite.max()) if finite.size else 0.0
        return largest


def _merge(spec: KernelSpec, point: Point, parts: Sequence[_Part]) -> Comparison:
    largest = max(part.max_abs_err for part in parts)
    published = None
    if spec.published_tolerance is not None:
        seen = {status for part in parts for status in part.published}
        published = next((status for status in _FINDINGS if status in seen), Status.PASSED)
    found = [finding for part in parts for finding in part.findings]
    if not found:
        return Comparison(None, published, largest)
    first = min(found, key=lambda f: (_FINDINGS.index(f.status), f.output, f.flat))
    name, array = list(spec.outputs.items())[first.output]
    shape = shape_of(array, point)
    index = tuple(int(i) for i in np.unravel_index(first.flat, shape))
    bad = FirstBad(name, index, first.got, first.expected)
    total = sum(math.prod(shape_of(array, point)) for array in spec.outputs.values())
    damage = _damage(spec, parts)
    count = sum(where.bad for where in damage.values())
    reason = _reason(spec, first, bad, count, total)
    maps = {output: where.as_map() for output, where in damage.items()}
    return Comparison(Refusal(first.status, reason, bad), published, largest, maps)


def _damage(spec: KernelSpec, parts: Sequence[_Part]) -> dict[str, Damage]:
    """The bad elements of every output that has some, of all parts together."""
    found: dict[str, Damage] = {}
    for part in parts:
        for output, where in part.damage.items():
            name = list(spec.outputs)[output]
            found[name] = found[name].merged(where) if name in found else where
    return found


def _reason(spec: KernelSpec, first: _Finding, bad: FirstBad, count: int, total: int) -> str:
    status = first.status
    where = f"{bad.output}[{', '.join(map(str, bad.index))}]"
    share = f"{count} of {total} elements wrong"
    if status is Status.NOT_WRITTEN:
        return f"{where} was not written, it still holds its poison; {share}"
    if status is Status.NONFINITE:
        return f"{where} is {bad.got:g}, expected {bad.expected:.9g}; {share}"
    if first.note:
        return f"{bad.output}: {first.note}"
    tolerance = f"tolerance: {spec.tolerance.description}"
    return f"{where} is {bad.got:.9g}, expected {bad.expected:.9g}; {share} ({tolerance})"
