"""Expected values in float64, in chunks of rows where the SPEC allows it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from harness.problem.arguments import as_tuple, call_by_name
from harness.problem.binding import SpecError, scalar_values, shape_of
from harness.problem.dtypes import element_of, round_to, widen
from harness.spec import KernelSpec, Point

Values = npt.NDArray[Any]
Inputs = Mapping[str, Values]
T = TypeVar("T")

#: Elements of the largest array in a chunk: its float64 temporaries still fit a last-level cache.
CHUNK_ELEMENTS = 1 << 18


@dataclass(frozen=True)
class Chunk:
    """Some rows of the problem with their expected outputs, in float64 or as integers."""

    rows: slice  # along axis 0 of every output
    inputs: Inputs  # as stored
    names: Mapping[str, float]  # dims, parameters and scalars
    expected: tuple[Values, ...]


def names_at(spec: KernelSpec, point: Point) -> dict[str, float]:
    """Dims, parameters and scalars by name, as every function of a SPEC receives them."""
    return {**point, **scalar_values(spec, point)}


def expected(spec: KernelSpec, point: Point, inputs: Inputs) -> tuple[Values, ...]:
    """All outputs in one piece."""
    return _evaluate(spec, names_at(spec, point), inputs, None)


def over_chunks(
    spec: KernelSpec,
    point: Point,
    inputs: Inputs,
    work: Callable[[Chunk], T],
    until: Callable[[], bool] = lambda: False,
) -> list[T]:
    """`work` on every chunk, on all cores; the results in the order of the rows.

    Once `until` holds, the chunks that are left are neither evaluated nor worked on.
    """
    names = names_at(spec, point)

    def one(rows: slice | None) -> list[T]:
        if until():
            return []
        part = inputs if rows is None else _rows_of(spec, inputs, rows)
        values = _evaluate(spec, names, part, rows)
        return [work(Chunk(rows or slice(None), part, names, values))]

    slices = list(_slices(spec, point, inputs))
    if len(slices) == 1:
        return one(slices[0])
    with ThreadPoolExecutor(os.cpu_count() or 1) as workers:
        return [result for results in workers.map(one, slices) for result in results]


def _slices(spec: KernelSpec, point: Point, inputs: Inputs) -> Iterator[slice | None]:
    shapes = [shape_of(array, point) for array in spec.outputs.values()]
    split = [inputs[name].shape for name in spec.chunked] + shapes
    if not spec.chunked or any(not shape for shape in split):
        yield None
        return
    rows = split[0][0]
    if any(shape[0] != rows for shape in split):
        raise SpecError("chunked inputs and all outputs must have the same number of rows")
    widest = max(math.prod(shape[1:]) for shape in split)
    step = max(1, CHUNK_ELEMENTS // widest)
    if step >= rows:
        yield None
        return
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _rows_of(spec: KernelSpec, inputs: Inputs, rows: slice) -> Inputs:
    return {n: (v[rows] if n in spec.chunked else v) for n, v in inputs.items()}


def _evaluate(
    spec: KernelSpec, names: Mapping[str, float], inputs: Inputs, rows: slice | None
) -> tuple[Values, ...]:
    wide = {n: widen(v, element_of(spec.inputs[n].dtype)) for n, v in inputs.items()}
    with np.errstate(all="ignore"):
        found = as_tuple(call_by_name(spec.oracle, {**names, **wide}))
    if len(found) != len(spec.outputs):
        raise SpecError(f"oracle gives {len(found)} outputs, the SPEC lists {len(spec.outputs)}")
    return tuple(
        _as_declared(spec, name, np.asarray(values), names, rows)
        for name, values in zip(spec.outputs, found, strict=True)
    )


def _as_declared(
    spec: KernelSpec, name: str, values: Values, names: Mapping[str, float], rows: slice | None
) -> Values:
    array = spec.outputs[name]
    shape: Sequence[int] = shape_of(array, names)
    if rows is not None:
        shape = (rows.stop - rows.start, *shape[1:])
    if values.size != math.prod(shape):
        raise SpecError(f"oracle: {name} has shape {values.shape}, declared {tuple(shape)}")
    element = element_of(array.dtype)
    if not element.floating:
        return values.reshape(shape).astype(element.storage)
    return values.reshape(shape).astype(np.float64, copy=False)


def as_stored(values: Values, dtype: str) -> Values:
    """Expected values as they read after being stored; what overflows the type is infinite."""
    element = element_of(dtype)
    return round_to(values, element) if element.floating else values
