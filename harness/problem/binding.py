"""What a SPEC means at one point: shapes, slots, scalar values and the binding table."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.problem.dtypes import element_of
from harness.problem.expressions import ExpressionError, parse
from harness.spec import Array, KernelSpec, Point, Scalar

#: What a scalar's value may use beside the point: the geometry of the dispatch it is bound to.
GEOMETRY = ("grid_threads", "threadgroup", "threadgroups")
#: And how often a dispatch was repeated before.
STEP = "step"


@dataclass(frozen=True)
class Slot:
    """A buffer of one instance: its role, element type and shape."""

    name: str
    role: str  # "input", "output", "inout", "scratch"
    dtype: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        """How many elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """How many bytes."""
        return self.elements * element_of(self.dtype).bytes


class SpecError(Exception):
    """A mistake in a SPEC found while it is used: a fault of the definition, not of a kernel."""


def rounded(point: Point) -> dict[str, float]:
    """The point as functions and kernels see it: integers as they are, decimals as float32."""
    return {
        name: int(value) if float(value).is_integer() else float(np.float32(value))
        for name, value in point.items()
    }


def shape_of(array: Array, point: Point) -> tuple[int, ...]:
    """The extents of an array at a point."""
    return tuple(_extent(extent, point) for extent in array.shape)


def _extent(extent: str | int, point: Point) -> int:
    try:
        value = parse(extent).evaluate(point) if isinstance(extent, str) else extent
    except ExpressionError as problem:
        raise SpecError(f"extent {extent!r}: {problem}") from None
    if value != int(value) or value < 1:
        raise SpecError(f"extent {extent!r} is {value}")
    return int(value)


def depends_on_geometry(scalar: Scalar) -> bool:
    """Whether the value follows from how the kernel is launched, or from the step."""
    known = (*GEOMETRY, STEP)
    return any(name.split(".")[0] in known for name in parse(scalar.value).names)


def scalar_values(spec: KernelSpec, point: Point) -> dict[str, float]:
    """The scalars that follow from the point alone, as reference and oracle see them."""
    values = rounded(point)
    found = {
        name: parse(scalar.value).evaluate(values)
        for name, scalar in spec.scalars.items()
        if not depends_on_geometry(scalar)
    }
    return {
        name: float(np.float32(value)) if spec.scalars[name].dtype == "float32" else value
        for name, value in found.items()
    }


def problem_slots(spec: KernelSpec, point: Point) -> dict[str, Slot]:
    """Inputs and outputs at a point; an output that bears the name of an input is in-out."""
    slots = {
        name: Slot(name, "input", array.dtype, shape_of(array, point))
        for name, array in spec.inputs.items()
    }
    for name, array in spec.outputs.items():
        role = "inout" if name in slots else "output"
        slots[name] = Slot(name, role, array.dtype, shape_of(array, point))
    return slots


def binding_table(spec: KernelSpec) -> tuple[str, ...]:
    """Names by buffer index: inputs, outputs that are not inputs, scalars, unless a SPEC says."""
    outputs = [name for name in spec.outputs if name not in spec.inputs]
    return (*(spec.order or (*spec.inputs, *outputs)), *spec.scalars)
