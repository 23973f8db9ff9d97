"""Compares outputs with the oracle: NaN and the infinities first, then the tolerance's bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation import FirstBad, Refusal, Status
from harness.problem.binding import shape_of
from harness.problem.dtypes import element_of, poison, widen
from harness.problem.oracle import CHUNK_ELEMENTS, Chunk, as_stored, over_chunks
from harness.problem.tolerance import Bound
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


@dataclass(frozen=True)
class _Finding:
    """The first bad element of one status in one chunk."""

    status: Status
    output: int
    flat: int
    got: float
    expected: float


@dataclass(frozen=True)
class _Part:
    """What one chunk of one run shows."""

    findings: tuple[_Finding, ...]
    bad: int
    published: frozenset[Status]
    max_abs_err: float


def compare(
    spec: KernelSpec, point: Point, inputs: Mapping[str, Values], runs: Sequence[Run]
) -> list[Comparison]:
    """Judge runs on the same inputs; the oracle is evaluated once for all of them."""

    def judge(chunk: Chunk) -> list[_Part]:
        with np.errstate(all="ignore"):
            bounds = spec.tolerance(chunk.inputs, chunk.expected, chunk.names)
            return [_judge_run(spec, chunk, bounds, run) for run in runs]

    parts = over_chunks(spec, point, inputs, judge)
    return [_merge(spec, point, [part[i] for part in parts]) for i in range(len(runs))]


def _judge_run(spec: KernelSpec, chunk: Chunk, bounds: Sequence[Bound], run: Run) -> _Part:
    findings: list[_Finding] = []
    bad = 0
    largest = 0.0
    published: set[Status] = set()
    for output, (name, array) in enumerate(spec.outputs.items()):
        raw = run.outputs[name][chunk.rows]
        row = math.prod(raw.shape[1:])
        for piece in _pieces(raw.shape, bounds[output]):
            expected = chunk.expected[output][piece]
            found = _Output(raw[piece], expected, array.dtype, run.poison)
            wrong = found.wrong(bounds[output].rows(piece, raw.shape))
            start = ((chunk.rows.start or 0) + (piece.start or 0)) * row
            findings += found.findings(wrong, output, start)
            bad += wrong.size
            largest = max(largest, found.max_abs_err())
            if spec.published_tolerance is not None:
                rtol, atol = spec.published_tolerance
                wrong = found.wrong(Bound(atol + rtol * np.abs(expected)))
                published |= {status for status, at in found.sorted_out(wrong) if at.size}
    return _Part(tuple(findings), bad, frozenset(published), largest)


def _pieces(shape: tuple[int, ...], bound: Bound) -> list[slice]:
    """Rows to compare at a time: float64 copies of a whole output would cost more than all else."""
    if bound.norms or not shape:
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
        if self.element.floating:
            self.error = np.abs(np.subtract(self.got, expected))

    def wrong(self, bound: Bound) -> Values:
        """Flat indices of the elements that are wrong."""
        if not self.element.floating:
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

    def findings(self, wrong: Values, output: int, start: int) -> list[_Finding]:
        """The first wrong element of every status."""
        if not wrong.size:
            return []
        return [
            _Finding(
                status,
                output,
                start + int(where[0]),
                float(self.got.reshape(-1)[where[0]]),
                float(self.expected.reshape(-1)[where[0]]),
            )
            for status, where in self.sorted_out(wrong)
            if where.size
        ]

    def max_abs_err(self) -> float:
        """The largest error of a finite element."""
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
    count = sum(part.bad for part in parts)
    reason = _reason(spec, first.status, bad, count, total)
    return Comparison(Refusal(first.status, reason, bad), published, largest)


def _reason(spec: KernelSpec, status: Status, bad: FirstBad, count: int, total: int) -> str:
    where = f"{bad.output}[{', '.join(map(str, bad.index))}]"
    share = f"{count} of {total} elements wrong"
    if status is Status.NOT_WRITTEN:
        return f"{where} was not written, it still holds its poison; {share}"
    if status is Status.NONFINITE:
        return f"{where} is {bad.got:g}, expected {bad.expected:.9g}; {share}"
    tolerance = f"tolerance: {spec.tolerance.description}"
    return f"{where} is {bad.got:.9g}, expected {bad.expected:.9g}; {share} ({tolerance})"
