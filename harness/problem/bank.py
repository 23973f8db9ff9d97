"""Sets of input values for one point: drawn from a run's secret, handed out in many guises.

Every instance of every sample needs other values than those before it, or a kernel that remembers
answers would look fast; and drawing them costs more than most kernels run. So some sets are drawn;
inputs are combined across them, since each is drawn by itself; where the rows of a problem are
independent (`chunked`) a set is turned by a random number of rows, and what is expected turns with
it; and as long as it takes a small part of the time, sets that were used are drawn again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
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

MAX_SETS = 64
#: Sets beyond the first are drawn only while all together stay below this.
_SETS_BYTES = 64 << 20
#: Drawing further sets, and used ones again, may take so long, then this share of the time.
FRESH_S = 0.05
FRESH_TIME_SHARE = 0.15
#: Combinations are dealt like cards; of more than so many, at random.
_MOST_DEALT = 1 << 12


@dataclass(frozen=True)
class Guise:
    """One way to fill an instance: which set of each input, and by how many rows it is turned.

    `set` counts combinations: the set of the first input is its last digit to the base of the
    number of sets. A guise is good until the bank is next refreshed.
    """

    set: int
    roll: int


class Bank:
    """The input sets of one point. `inputs` are as stored in buffers."""

    def __init__(
        self, spec: KernelSpec, point: Point, secret: int, label: str, sets: int = MAX_SETS
    ) -> None:
        self.spec = spec
        self.point = rounded(point)
        self._secret, self._label = secret, label
        self._drawn, self._drawing = 0, 0.0
        self._started = time.perf_counter()
        first = self._another()
        size = sum(array.nbytes for array in first.values()) or 1
        # Without rows to turn there have to be two sets, or every sample would see the same values.
        least = min(sets, 1 if self._rollable(first) else 2)
        self._most = min(sets, max(least, _SETS_BYTES // size))
        self.sets: list[Inputs] = [first, *(self._another() for _ in range(1, least))]
        self.rows = len(first[spec.chunked[0]]) if self._rollable(first) else 1
        self._dealt: list[int] = []
        self._stale: list[int] = []  # sets that were handed out, the oldest first

    def _rollable(self, inputs: Inputs) -> bool:
        return bool(self.spec.chunked) and len(inputs[self.spec.chunked[0]]) > 1

    def _another(self) -> Inputs:
        began = time.perf_counter()
        values = draw(self.spec, self.point, self._secret, self._label, self._drawn)
        self._drawn += 1
        self._drawing += time.perf_counter() - began
        return values

    def refresh(self) -> None:
        """Draw further sets, then used ones again, within the share of the time. Guises that were
        handed out before are good no more."""
        while len(self.sets) < self._most and self._may_draw():
            self.sets.append(self._another())
            self._dealt = []
        while self._stale and self._may_draw():
            self.sets[self._stale.pop(0)] = self._another()
        if not self._stale:
            self._dealt = []

    def _may_draw(self) -> bool:
        elapsed = time.perf_counter() - self._started
        return self._drawing < max(FRESH_S, FRESH_TIME_SHARE * elapsed)

    def guise(self, rng: np.random.Generator) -> Guise:
        """A guise at random; no combination of sets again before all others."""
        chosen = self._deal(rng)
        for number in self._digits(chosen):
            if number not in self._stale:
                self._stale.append(number)
        return Guise(chosen, int(rng.integers(self.rows)))

    def _deal(self, rng: np.random.Generator) -> int:
        count = len(self.sets) ** len(self.spec.inputs)
        if count > _MOST_DEALT:
            return int(rng.integers(count))
        if not self._dealt:
            self._dealt = [int(number) for number in rng.permutation(count)]
        return self._dealt.pop()

    def _digits(self, combination: int) -> Iterator[int]:
        for _ in self.spec.inputs:
            combination, number = divmod(combination, len(self.sets))
            yield number

    def parts(self, guise: Guise) -> Iterator[tuple[str, Values, int]]:
        """(name, values, rows to turn them by) for each input of a guise."""
        for name, number in zip(self.spec.inputs, self._digits(guise.set), strict=True):
            yield name, self.sets[number][name], guise.roll if name in self.spec.chunked else 0

    def inputs(self, guise: Guise) -> Inputs:
        """The values of a guise, materialised."""
        return {n: np.roll(v, turn, axis=0) if turn else v for n, v, turn in self.parts(guise)}


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
