"""How far an output may be from the oracle: rules that give a bound per element.

A Tolerance receives the inputs as stored, the expected values in float64 and the point, and gives
one Bound per output. It is called on chunks along axis 0 where the SPEC allows chunks, so no rule
may look beyond what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.problem.arguments import as_tuple, call_by_name

Values = npt.NDArray[Any]
Inputs = Mapping[str, Values]
#: Gives the bound of one output: (inputs as stored, expected in float64, point) -> absolute error.
Rule = Callable[[Inputs, Values, Mapping[str, float]], "Values | float"]

EPS = 2.0**-24
#: MSL lets an implementation flush denormals to zero, so no bound is tighter than the smallest
#: normal float.
TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Bound:
    """What one output may miss: an absolute bound per element, and relative L2 norms along axes."""

    absolute: Values | float = np.inf
    norms: tuple[tuple[float, int | None], ...] = ()  # (limit, axis), None: the whole output
    skipped: npt.NDArray[np.bool_] | None = None  # elements that nothing is asked of
    # (got, expected) -> what is wrong with the output as a whole; empty: nothing
    whole: Callable[[Values, Values], str] | None = None
    missing_rows: float = 0.0  # the share of rows that may be wrong

    def rows(self, piece: slice, shape: tuple[int, ...]) -> Bound:
        """The bound of some rows of an output of this shape."""
        if np.ndim(self.absolute) == 0:
            return self
        return Bound(np.broadcast_to(self.absolute, shape)[piece], self.norms)

    def and_also(self, other: Bound) -> Bound:
        """Both together."""
        if other.whole or other.skipped is not None or other.missing_rows:
            raise ValueError("the second of two tolerances may only bound elements and norms")
        absolute = np.minimum(self.absolute, other.absolute)
        return replace(self, absolute=absolute, norms=self.norms + other.norms)

    @property
    def needs_all(self) -> bool:
        """Whether it can only be applied to a whole output."""
        by_rows = self.skipped is None and self.whole is None and not self.missing_rows
        return bool(self.norms) or not by_rows

    def within(self, error: Values, expected: Values) -> npt.NDArray[np.bool_]:
        """Which absolute errors are small enough; one that is not finite never is."""
        good: npt.NDArray[np.bool_] = (error <= self.absolute) & (error < np.inf)
        for limit, axis in self.norms:
            finite = np.isfinite(error) & np.isfinite(expected)
            length = _norm(np.where(finite, expected, 0.0), axis) + TINY
            good = good & finite & (_norm(np.where(finite, error, 0.0), axis) <= limit * length)
        return good


def _norm(values: Values, axis: int | None) -> Values:
    total = np.sum(np.square(values), axis=axis, keepdims=True)
    return np.asarray(np.sqrt(total))


@dataclass(frozen=True)
class Tolerance:
    """A rule with its description; `a & b` demands both."""

    description: str
    bounds: Callable[[Inputs, Sequence[Values], Mapping[str, float]], tuple[Bound, ...]]

    def __call__(
        self, inputs: Inputs, expected: Sequence[Values], point: Mapping[str, float]
    ) -> tuple[Bound, ...]:
        """One Bound per output."""
        return self.bounds(inputs, expected, point)

    def __and__(self, other: Tolerance) -> Tolerance:
        def bounds(
            inputs: Inputs, expected: Sequence[Values], point: Mapping[str, float]
        ) -> tuple[Bound, ...]:
            pairs = zip(self(inputs, expected, point), other(inputs, expected, point), strict=True)
            return tuple(a.and_also(b) for a, b in pairs)

        return Tolerance(f"{self.description} and {other.description}", bounds)


def elementwise(rule: Rule, description: str = "custom") -> Tolerance:
    """A tolerance from one rule, applied to every output."""

    def bounds(
        inputs: Inputs, expected: Sequence[Values], point: Mapping[str, float]
    ) -> tuple[Bound, ...]:
        return tuple(Bound(np.maximum(rule(inputs, one, point), TINY)) for one in expected)

    return Tolerance(description, bounds)


def per_output(*tolerances: Tolerance) -> Tolerance:
    """One tolerance for each output, in order."""

    def bounds(
        inputs: Inputs, expected: Sequence[Values], point: Mapping[str, float]
    ) -> tuple[Bound, ...]:
        pairs = zip(tolerances, expected, strict=True)
        return tuple(tolerance(inputs, (one,), point)[0] for tolerance, one in pairs)

    return Tolerance("; ".join(t.description for t in tolerances), bounds)


def exact() -> Tolerance:
    """Equal values. Both zeros are one value, NaN matches NaN, denormals may be flushed."""
    return elementwise(lambda inputs, expected, point: 0.0, "exact")


def ulp(n: float, absolute: float | Rule = 0.0, dtype: str = "float32") -> Tolerance:
    """`n` units in the last place of the expected value, or `absolute` where that is more."""
    mantissa = {"float32": 23, "float16": 10, "bfloat16": 7}[dtype]
    largest = {"float32": 3.4028235e38, "float16": 65504.0, "bfloat16": 3.3895314e38}[dtype]
    smallest = {"float32": -126, "float16": -14, "bfloat16": -126}[dtype]

    def rule(inputs: Inputs, expected: Values, point: Mapping[str, float]) -> Values:
        magnitude = np.minimum(np.abs(expected), largest)
        _, exponent = np.frexp(magnitude)
        unit = np.ldexp(1.0, np.maximum(exponent - 1, smallest) - mantissa)
        return np.asarray(np.maximum(n * unit, _value(absolute, inputs, expected, point)))

    return elementwise(rule, f"{n:g} ulp")


def relative(rtol: float, absolute: float | Rule = 0.0) -> Tolerance:
    """`rtol` of the expected value, plus `absolute`."""

    def rule(inputs: Inputs, expected: Values, point: Mapping[str, float]) -> Values:
        return np.asarray(rtol * np.abs(expected) + _value(absolute, inputs, expected, point))

    return elementwise(rule, f"relative {rtol:g}")


def calibrated(
    evaluate: str | Callable[..., Any],
    factor: float = 8.0,
    scale: Rule | None = None,
    by_row: str = "",
) -> Tolerance:
    """max(factor * E, 4 eps |ref|), E the largest error of a float32 evaluation of the same inputs.

    `evaluate` is a function of inputs, scalars and dims by name that computes the outputs in
    float32 as a good kernel would (see `blocked_sum`, `blocked_product`), or a family: "product"
    (first input @ second, K in steps of 8), "dot" (sum of first * second over the last axis),
    "rows" (sum of the first input over its last axis), "whole" (sum over everything, 1024 lanes).
    `scale` gives the sum of the absolute values of the terms of every element: errors are then
    measured in units of it, and the bound is at least 2 eps of it. Families know theirs. Without it
    a lucky evaluation of a single output may leave no room at all, so give it wherever few outputs
    are sums that cancel. `by_row` names an input each of whose rows makes one row of every output:
    then 128 of its rows are evaluated, which finds nearly the same error.
    """
    if isinstance(evaluate, str) and evaluate not in _FAMILIES:
        raise ValueError(f"unknown family {evaluate!r}; one of {', '.join(_FAMILIES)}")

    def bounds(
        inputs: Inputs, expected: Sequence[Values], point: Mapping[str, float]
    ) -> tuple[Bound, ...]:
        if isinstance(evaluate, str):
            return (_family_bound(evaluate, inputs, expected[0], factor),)
        rows = _some_rows(len(inputs[by_row])) if by_row else None
        part = {by_row: inputs[by_row][rows]} if by_row else {}
        with np.errstate(all="ignore"):
            got = as_tuple(call_by_name(evaluate, {**point, **inputs, **part}))
        found = []
        for single, ref in zip(got, expected, strict=True):
            unit = np.asarray(0.0 if scale is None else scale(inputs, ref, point))
            sampled = unit[rows] if rows is not None and unit.ndim else unit
            found.append(Bound(_calibrated_bound(single, ref, sampled, unit, factor, rows)))
        return tuple(found)

    name = evaluate if isinstance(evaluate, str) else evaluate.__name__
    return Tolerance(f"{factor:g} x the error of {name} in float32", bounds)


def relative_l2(
    limit: float | Callable[[Mapping[str, float]], float], axis: int | None = -1
) -> Tolerance:
    """|got - ref| <= limit |ref| in the L2 norm along `axis` (None: the whole, not for chunks).

    A function of the point gives a limit that grows with the size.
    """

    def bounds(
        inputs: Inputs, expected: Sequence[Values], point: Mapping[str, float]
    ) -> tuple[Bound, ...]:
        here = limit(point) if callable(limit) else limit
        return tuple(Bound(norms=((here, axis),)) for _ in expected)

    return Tolerance("relative L2" if callable(limit) else f"relative L2 {limit:g}", bounds)


def blocked_sum(x: Values, lanes: int = 32, axis: int = -1) -> Values:
    """A float32 sum as a SIMD-group makes it: every lane serially, then a tree over the lanes."""
    moved = np.moveaxis(np.asarray(x, dtype=np.float32), axis, -1)
    steps = max(1, -(-moved.shape[-1] // lanes))
    padded = np.zeros((*moved.shape[:-1], steps * lanes), dtype=np.float32)
    padded[..., : moved.shape[-1]] = moved
    # A reduction over any axis but the last adds row by row, which is serial in every lane.
    total = np.add.reduce(padded.reshape(*moved.shape[:-1], steps, lanes), axis=-2)
    while total.shape[-1] > 1:
        half = total.shape[-1] // 2
        total = total[..., :half] + total[..., half:]
    return np.asarray(total[..., 0])


def blocked_product(a: Values, b: Values, step: int = 8) -> Values:
    """A float32 matrix product that accumulates over K in steps of 8, as simdgroup_matrix does."""
    a, b = np.asarray(a, dtype=np.float32), np.asarray(b, dtype=np.float32)
    total = a[..., :step] @ b[..., :step, :]
    for k in range(step, a.shape[-1], step):
        total += a[..., k : k + step] @ b[..., k : k + step, :]
    return np.asarray(total)


def _value(absolute: float | Rule, inputs: Inputs, ref: Values, point: Mapping[str, float]) -> Any:
    return absolute(inputs, ref, point) if callable(absolute) else absolute


def _calibrated_bound(
    got: Values, ref: Values, sampled_unit: Any, unit: Any, factor: float, rows: slice | None = None
) -> Values:
    """The bound of `ref` from the errors of `got`, which may be some rows of it."""
    sample = ref if rows is None else ref[rows]
    measure = np.maximum(sampled_unit, TINY) if np.any(sampled_unit) else 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(got.reshape(sample.shape) - sample) / measure
    finite = error[np.isfinite(error)]
    largest = float(finite.max()) if finite.size else 0.0
    spread = largest * unit if np.any(unit) else largest
    bound = np.maximum(factor * spread, np.maximum(2 * EPS * unit, 4 * EPS * np.abs(ref)))
    return np.asarray(np.maximum(bound, TINY))


def _family_bound(family: str, inputs: Inputs, ref: Values, factor: float) -> Bound:
    with np.errstate(all="ignore"):
        got, rows, unit = _FAMILIES[family](inputs)
        unit = unit.reshape(ref.shape)
        sampled = unit if rows is None else unit[rows]
        return Bound(_calibrated_bound(got, ref, sampled, unit, factor, rows))


#: The largest of 128 rows' errors is within a few per cent of the largest of all, at an eighth of
#: the cost.
_SAMPLED_ROWS = 128


def _some_rows(count: int) -> slice:
    return slice(None, None, max(1, count // _SAMPLED_ROWS))


#: got in float32 (of some rows), which rows, sum of the absolute terms of every element
_Evaluated = tuple[Values, "slice | None", Values]


def _product(inputs: Inputs) -> _Evaluated:
    a, b = list(inputs.values())[:2]
    right = b if b.ndim > 1 else b[:, None]
    unit = np.abs(a) @ np.abs(right)
    if a.ndim != 2:
        return blocked_product(a, right), None, unit
    rows = _some_rows(a.shape[0])
    return blocked_product(a[rows], right), rows, unit


def _sum(terms: Values, lanes: int = 32) -> _Evaluated:
    total = np.asarray(np.sum(np.abs(terms), axis=-1, dtype=np.float64))
    return blocked_sum(terms, lanes), None, total


def _dot(inputs: Inputs) -> _Evaluated:
    x, y = list(inputs.values())[:2]
    return _sum(x * y)


def _rows(inputs: Inputs) -> _Evaluated:
    return _sum(next(iter(inputs.values())))


def _whole(inputs: Inputs) -> _Evaluated:
    return _sum(next(iter(inputs.values())).reshape(-1), lanes=1024)


_FAMILIES: dict[str, Callable[[Inputs], _Evaluated]] = {
    "product": _product,
    "dot": _dot,
    "rows": _rows,
    "whole": _whole,
}
