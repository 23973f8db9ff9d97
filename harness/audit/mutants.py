"""The nine mutants: what kernels that do not compute a problem would leave in its outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.problem import oracle
from harness.problem.dtypes import element_of, narrow, widen
from harness.problem.tolerance import EPS, TINY
from harness.problem.tracks import shortened
from harness.spec import KernelSpec, Point

Values = npt.NDArray[Any]
Arrays = Mapping[str, Values]
#: What one way of being wrong leaves in all outputs, and which way it is.
Wrong = Iterator[tuple[str, Arrays]]

#: Elements along one axis that a skipped tile holds: one SIMD-group.
TILE = 32
#: Rounding of a right float32 answer; closer than this to it, a mutant is the same function.
ROUNDINGS = 4
_PIECE = 1 << 20  # elements compared at a time


@dataclass(frozen=True)
class Answer:
    """A problem with its right answer at one point; every array is as stored in its buffer."""

    spec: KernelSpec
    point: Point
    inputs: Arrays
    right: Arrays
    previous: Arrays  # the right answer to the inputs of another seed

    def of(self, inputs: Arrays) -> Arrays:
        """The oracle's answer to other inputs."""
        return stored_answer(self.spec, self.point, inputs)

    def but(self, output: str, values: Values) -> Arrays:
        """The right answer but for one output."""
        return {**self.right, output: values}


@dataclass(frozen=True)
class Mutant:
    """One way not to compute a problem. `make` gives its forms, each wrong in another place."""

    make: Callable[[Answer], Wrong]
    leaves: str  # what the kernel leaves in its outputs
    absent: str  # why a problem may have no such form
    must_differ: bool = False  # a problem whose right answer always equals it is degenerate


def stored_answer(spec: KernelSpec, point: Point, inputs: Arrays) -> Arrays:
    """The oracle's answer as a right kernel stores it."""
    parts = oracle.over_chunks(
        spec, point, inputs, lambda chunk: _stored_outputs(spec, chunk.expected)
    )
    return {
        name: parts[0][name] if len(parts) == 1 else np.concatenate([p[name] for p in parts])
        for name in spec.outputs
    }


def _stored_outputs(spec: KernelSpec, values: tuple[Values, ...]) -> Arrays:
    pairs = zip(spec.outputs.items(), values, strict=True)
    return {name: _stored(one, array.dtype) for (name, array), one in pairs}


def _stored(values: Values, dtype: str) -> Values:
    """Values as a buffer of this type holds them; integers are rounded to nearest."""
    element = element_of(dtype)
    if not element.floating and values.dtype.kind == "f":
        values = np.rint(np.nan_to_num(values))
    return np.asarray(narrow(values, element))


def differs(spec: KernelSpec, right: Arrays, other: Arrays) -> bool:
    """Whether an element differs by more than ROUNDINGS units of rounding of its right value."""
    return any(
        _differs(right[name].reshape(-1), other[name].reshape(-1), array.dtype)
        for name, array in spec.outputs.items()
    )


def _differs(right: Values, other: Values, dtype: str) -> bool:
    element = element_of(dtype)
    for start in range(0, right.size, _PIECE):
        a, b = right[start : start + _PIECE], other[start : start + _PIECE]
        if not element.floating:
            if not np.array_equal(a, b):
                return True
            continue
        x, y = widen(a, element), widen(b, element)
        with np.errstate(invalid="ignore", over="ignore"):
            near = np.abs(x - y) <= np.maximum(ROUNDINGS * EPS * np.abs(x), TINY)
        if not (near | (x == y) | (np.isnan(x) & np.isnan(y))).all():
            return True
    return False


def _zeros(answer: Answer) -> Wrong:
    for name, values in answer.right.items():
        yield name, answer.but(name, np.zeros_like(values))


def _mean(answer: Answer) -> Wrong:
    for name, values in answer.right.items():
        dtype = answer.spec.outputs[name].dtype
        wide = widen(values, element_of(dtype))
        finite = wide[np.isfinite(wide)]
        mean = np.mean(finite, dtype=np.float64) if finite.size else 0.0
        yield name, answer.but(name, _stored(np.full(values.shape, mean), dtype))


def _copy(answer: Answer) -> Wrong:
    for name, values in answer.right.items():
        for source, given in answer.inputs.items():
            if given.size >= values.size:
                wide = widen(given.reshape(-1)[: values.size], _input_element(answer, source))
                copied = _stored(np.asarray(wide), answer.spec.outputs[name].dtype)
                yield f"{source} in {name}", answer.but(name, copied.reshape(values.shape))


def _input_element(answer: Answer, name: str) -> Any:
    return element_of(answer.spec.inputs[name].dtype)


def _previous(answer: Answer) -> Wrong:
    for name in answer.right:
        yield name, answer.but(name, answer.previous[name])


def _transposed(answer: Answer) -> Wrong:
    for name, values in answer.right.items():
        long = [axis for axis, extent in enumerate(values.shape) if extent > 1]
        if len(long) >= 2:
            turned = np.swapaxes(values, long[-2], long[-1])
            yield name, answer.but(name, np.ascontiguousarray(turned).reshape(values.shape))


def _without_end(values: Values, axis: int, count: int) -> Values:
    """Zeros in place of the last `count` elements along an axis."""
    left: Values = values.copy()
    np.moveaxis(left, axis, -1)[..., -count:] = 0
    return left


def _end_skipped(answer: Answer, tile: int) -> Wrong:
    """Zeros at the end of every row, and the right answer to inputs whose end reads as zero."""
    for name, values in answer.right.items():
        axis = _axis(values.shape, tile)
        if axis is not None:
            count = min(tile, values.shape[axis] // 2)
            yield f"the end of {name}", answer.but(name, _without_end(values, axis, count))
    kept = {extent for array in answer.spec.outputs.values() for extent in array.shape}
    for name, array in answer.spec.inputs.items():
        shape = answer.inputs[name].shape
        reduced = [
            axis
            for axis, extent in enumerate(array.shape)
            if isinstance(extent, str) and extent not in kept and shape[axis] > 1
        ]
        if reduced:
            count = min(tile, shape[reduced[-1]] // 2)
            short = _without_end(answer.inputs[name], reduced[-1], count)
            yield f"the end of {name}", answer.of({**answer.inputs, name: short})
            return


def _axis(shape: tuple[int, ...], tile: int) -> int | None:
    """The last axis longer than a tile, or else longer than one."""
    for least in (tile, 1):
        found = [axis for axis, extent in enumerate(shape) if extent > least]
        if found:
            return found[-1]
    return None


def _half(answer: Answer) -> Wrong:
    """Rounded inputs and a rounded result, each alone: less than a kernel in half does wrong."""
    short = {
        name: shortened(values).astype(np.float32)
        for name, values in answer.inputs.items()
        if answer.spec.inputs[name].dtype == "float32" and not _whole(values)
    }
    if short:
        yield "inputs", answer.of({**answer.inputs, **short})
    for name, values in answer.right.items():
        if answer.spec.outputs[name].dtype == "float32" and not _whole(values):
            yield f"{name}", answer.but(name, shortened(values).astype(np.float32))


def _whole(values: Values) -> bool:
    """Whole numbers only: indices, labels and masks, in which precision has no say."""
    finite = values[np.isfinite(values)]
    return bool((finite == np.rint(finite)).all())


def _swapped(answer: Answer) -> Wrong:
    given = answer.inputs
    kinds = {name: (given[name].shape, array.dtype) for name, array in answer.spec.inputs.items()}
    for a, b in combinations(kinds, 2):
        if kinds[a] == kinds[b]:
            yield f"{a} and {b}", answer.of({**given, a: given[b], b: given[a]})


MUTANTS: Mapping[str, Mutant] = {
    "zeros": Mutant(_zeros, "zeros in one output", "", must_differ=True),
    "mean": Mutant(
        _mean, "the mean of an output in all its elements", "every output is one number", True
    ),
    "copy": Mutant(_copy, "the first elements of an input", "no input is as large as an output"),
    "previous": Mutant(_previous, "the right answer to another seed's inputs", "", True),
    "transposed": Mutant(
        _transposed, "an output with its last two axes exchanged", "no output has two axes"
    ),
    "last tile": Mutant(
        lambda answer: _end_skipped(answer, TILE),
        f"zeros in the last {TILE} elements of every row; or those of a reduced input read as zero",
        "every array is one number",
    ),
    "tail": Mutant(
        lambda answer: _end_skipped(answer, 1),
        "the same with the last element alone",
        "every array is one number",
    ),
    "half": Mutant(
        _half,
        "the answer to inputs of 11 significant bits, or the answer rounded to 11 bits",
        "whole numbers, or no float32",
    ),
    "swapped": Mutant(
        _swapped, "the answer with two inputs exchanged", "no two inputs of one shape and type"
    ),
}
