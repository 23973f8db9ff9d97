"""What the scientific problems share: bounds by the largest value, initial fields, a hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.problem.tolerance import Bound, Tolerance, elementwise, per_output
from harness.spec import Draw, Point, Sizes

__all__ = [
    "board",
    "bump",
    "mix32",
    "no_faces",
    "of_largest",
    "rough",
    "series",
    "three_of_four",
    "unit_floats",
]

Values = npt.NDArray[Any]


def series(
    sizes: Mapping[str, Point], held_out: Mapping[str, Point], check: Sequence[Point]
) -> Sizes:
    """Three sizes in the public board's order and the one it never shows. `published`, where one
    point has to stand for all, is the second; `large` is the third."""
    _, middle, last = sizes.values()
    return Sizes(middle, last, check, dict(sizes), dict(held_out))


def of_largest(share: float, floor: float = 1.0) -> Tolerance:
    """`share` of the largest expected value, or of `floor` if that is more."""
    return elementwise(
        lambda inputs, expected, point: share * max(floor, _largest(expected)),
        f"{share:g} of the largest value, at least of {floor:g}",
    )


def board(absolute: float, share: float) -> Tolerance:
    """As the public board has it: `absolute`, and `share` of the largest value on top."""
    return elementwise(
        lambda inputs, expected, point: absolute + share * _largest(expected),
        f"{absolute:g} + {share:g} of the largest value",
    )


def three_of_four(*rules: Tolerance) -> Tolerance:
    """Rules for outputs of float4, one each, of which the fourth component is padding."""
    padding = np.array([False, False, False, True])
    inner = per_output(*rules)

    def bounds(
        inputs: Mapping[str, Values], expected: Sequence[Values], point: Mapping[str, float]
    ) -> tuple[Bound, ...]:
        found = inner(inputs, [one[:, :3] for one in expected], point)
        return tuple(Bound(bound.absolute, skipped=padding) for bound in found)

    return Tolerance(inner.description, bounds)


def _largest(values: Values) -> float:
    return float(np.max(np.abs(values), initial=0.0))


def no_faces(values: Values) -> Values:
    """The values with zeros at both ends of every axis."""
    inner = np.zeros_like(values)
    core = (slice(1, -1),) * values.ndim
    inner[core] = values[core]
    return inner


def bump(shape: Sequence[int], sigma: float) -> Values:
    """A Gaussian about the centre in float32, zero on the faces."""
    width = np.float32(sigma)
    square = np.zeros((1,) * len(shape), dtype=np.float32)
    for axis, extent in enumerate(shape):
        middle = np.float32((extent - 1) / 2)
        along = np.arange(extent, dtype=np.float32) - middle
        one = [1] * len(shape)
        one[axis] = extent
        square = square + (along * along).reshape(one)
    return no_faces(np.exp(-square / (np.float32(2) * width * width)).astype(np.float32))


def rough(low: float = -1.0, high: float = 1.0) -> Draw:
    """A bump anywhere, noise on top, faces that are not zero: no cell looks like its neighbour."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        values = rng.random(shape, dtype=np.float32)
        square = np.zeros((1,) * len(shape), dtype=np.float32)
        for axis, extent in enumerate(shape):
            along = np.arange(extent, dtype=np.float32) / np.float32(extent)
            one = [1] * len(shape)
            one[axis] = extent
            square = square + ((along - np.float32(rng.random())) ** 2).reshape(one)
        values = np.float32(0.5) * (values + np.exp(-square * np.float32(rng.uniform(5, 40))))
        return np.asarray(np.float32(low) + np.float32(high - low) * values)

    return draw


def mix32(x: Values) -> Values:
    """A permutation of 32-bit words (MurmurHash3's finaliser), in place."""
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x


def unit_floats(x: Values) -> Values:
    """The upper 24 bits as float32 in [0, 1)."""
    return np.asarray((x >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24))
