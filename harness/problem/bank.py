"""Sets of input values for one point: drawn once from a run's secret, handed out in many guises.

A sample needs other values than the last one, and drawing them costs more than most kernels run. So
a few sets are drawn, and where the rows of a problem are independent (`chunked`) a set is turned by
a random number of rows: the expected values turn with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.problem.binding import SpecError, rounded, shape_of
from harness.problem.dtypes import element_of, narrow
from harness.problem.inputs import normal, stream
from harness.spec import KernelSpec, Point

Values = npt.NDArray[Any]
Inputs = Mapping[str, Values]

MAX_SETS = 4
#: Sets beyond the first are drawn only while all together stay below this.
_SETS_BYTES = 64 << 20


@dataclass(frozen=True)
class Guise:
    """One way to fill an instance: which set, and by how many rows it is turned."""

    set: int
    roll: int


class Bank:
    """The input sets of one point. `inputs` are as stored in buffers."""

    def __init__(
        self, spec: KernelSpec, point: Point, secret: int, label: str, sets: int = MAX_SETS
    ) -> None:
        self.spec = spec
        self.point = rounded(point)
        first = draw(spec, self.point, secret, label, 0)
        size = sum(array.nbytes for array in first.values()) or 1
        # Without rows to turn there have to be two sets, or every sample would see the same values.
        least = 1 if self._rollable(first) else 2
        count = min(sets, max(least, _SETS_BYTES // size))
        rest = [draw(spec, self.point, secret, label, i) for i in range(1, count)]
        self.sets: list[Inputs] = [first, *rest]
        self.rows = len(first[spec.chunked[0]]) if self._rollable(first) else 1

    def _rollable(self, inputs: Inputs) -> bool:
        return bool(self.spec.chunked) and len(inputs[self.spec.chunked[0]]) > 1

    def guise(self, rng: np.random.Generator) -> Guise:
        """A random guise."""
        return Guise(int(rng.integers(len(self.sets))), int(rng.integers(self.rows)))

    def inputs(self, guise: Guise) -> Inputs:
        """The values of a guise, materialised."""
        chosen = self.sets[guise.set]
        if not guise.roll:
            return chosen
        return {n: np.roll(v, self.roll_of(n, guise), axis=0) for n, v in chosen.items()}

    def roll_of(self, name: str, guise: Guise) -> int:
        """By how many rows one input is turned."""
        return guise.roll if name in self.spec.chunked else 0


def draw(spec: KernelSpec, point: Point, secret: int, label: str, index: int) -> dict[str, Values]:
    """One set of input values, as stored in buffers."""
    found = {}
    for name, array in spec.inputs.items():
        element = element_of(array.dtype)
        if array.values is None and not element.floating:
            raise SpecError(f"input {name} of type {array.dtype} needs values=")
        generate = array.values or normal()
        shape = shape_of(array, point)
        values = np.asarray(generate(stream(secret, label, index, name), shape, point))
        if values.shape != shape:
            raise SpecError(f"input {name}: values of shape {values.shape}, declared {shape}")
        is_stored = values.dtype == element.storage and element.name != "bfloat16"
        found[name] = np.ascontiguousarray(values) if is_stored else narrow(values, element)
    return found
