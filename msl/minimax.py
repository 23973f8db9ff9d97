"""Where the coefficients of the math headers come from: `python -m msl.minimax` fits each
polynomial again and prints its error beside that of the header's."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import asin, atan, cos, factorial, log, log1p, pi, sin, sqrt

import numpy as np
import numpy.typing as npt

from msl.headers import LIBRARY_FOLDER

Array = npt.NDArray[np.float64]
_GRID = 801
_TERMS = 60


@dataclass(frozen=True)
class Fit:
    """A polynomial in z with float coefficients: what it approximates, where, and how an error of
    it counts in the function's result, in proportion."""

    name: str
    header: str
    degree: int
    low: float
    high: float
    value: Callable[[float], float]
    weight: Callable[[float], float]

    def grid(self) -> Array:
        """Points that are dense at both ends."""
        steps = np.cos(np.linspace(pi, 0, _GRID))
        return (self.low + self.high) / 2 + (self.high - self.low) / 2 * steps

    def error(self, coefficients: Array) -> float:
        """The largest error in proportion to the result."""
        z = self.grid()
        values = np.array([self.value(x) for x in z])
        weights = np.array([self.weight(x) for x in z])
        return float(np.abs((np.polyval(coefficients[::-1], z) - values) * weights).max())


def _series(terms: Callable[[int], float]) -> Callable[[float], float]:
    coefficients = [terms(k) for k in reversed(range(_TERMS))]
    return lambda z: float(np.polyval(coefficients, z))


def _arc_tangent(z: float) -> float:
    t = sqrt(z)
    near = _series(lambda k: -((-1.0) ** k) / (2 * k + 3))
    return near(z) if z < 0.2 else (atan(t) - t) / t**3


def _arc_sine_term(k: int) -> float:
    n = k + 1
    return factorial(2 * n) / (4.0**n * factorial(n) ** 2 * (2 * n + 1))


def _cubed_over(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda z: sqrt(z) ** 3 / function(sqrt(z)) if z else 0.0


FITS = (
    Fit(
        "2^f = 1 + f p(f)",
        "exp",
        5,
        -0.5,
        0.5,
        _series(lambda k: log(2) ** (k + 1) / factorial(k + 1)),
        lambda f: f / 2**f,
    ),
    Fit(
        "log(1 + f) = f + f f (f p(f) - 1/2)",
        "log",
        7,
        sqrt(0.5) - 1,
        sqrt(2) - 1,
        _series(lambda k: (-1.0) ** k / (k + 3)),
        lambda f: f**3 / log1p(f) if f else 0.0,
    ),
    Fit(
        "sin r = r + r z p(z), z = r r",
        "trig",
        2,
        0,
        (pi / 4) ** 2,
        _series(lambda k: -((-1.0) ** k) / factorial(2 * k + 3)),
        _cubed_over(sin),
    ),
    Fit(
        "cos r = 1 + z (z p(z) - 1/2), z = r r",
        "trig",
        2,
        0,
        (pi / 4) ** 2,
        _series(lambda k: (-1.0) ** k / factorial(2 * k + 4)),
        lambda z: z**2 / cos(sqrt(z)),
    ),
    Fit("atan t = t + t z p(z), z = t t", "inverse", 8, 0, 1, _arc_tangent, _cubed_over(atan)),
    Fit(
        "asin t = t + t z p(z), z = t t",
        "inverse",
        4,
        0,
        0.25,
        _series(_arc_sine_term),
        _cubed_over(asin),
    ),
)


def committed(header: str) -> list[Array]:
    """The coefficients of the polynomials of float in one header, lowest order first."""
    text = (LIBRARY_FOLDER / f"msl_math_{header}.h").read_text("utf-8")
    lists = re.findall(r"constexpr float c\[\] = \{(.*?)\};", text, re.S)
    return [
        np.array([float.fromhex(item.strip().rstrip("f")) for item in found.split(",")])
        for found in lists
    ]


def fitted(fit: Fit) -> Array:
    """Coefficients rounded to float one after the other from the lowest order up, the rest fitted
    anew each time."""
    z = fit.grid()
    values = np.array([fit.value(x) for x in z])
    weights = np.array([fit.weight(x) for x in z])
    done: list[float] = []
    for degree in range(fit.degree, -1, -1):
        rest = values - np.polyval(done[::-1], z) if done else values
        done.append(float(np.float32(_minimax(z, rest, weights, len(done), degree)[0])))
    return np.array(done)


def _minimax(z: Array, values: Array, weights: Array, first: int, degree: int) -> Array:
    """Coefficients from order `first` on, by least squares reweighted towards the largest errors
    (Lawson's algorithm)."""
    powers = np.stack([z**k for k in range(first, first + degree + 1)], 1) * weights[:, None]
    scale = np.abs(powers).max(0)
    importance = np.full(len(z), 1 / len(z))
    best, least = np.zeros(degree + 1), np.inf
    for _ in range(200):
        root = np.sqrt(importance)
        found = np.linalg.lstsq(
            powers / scale * root[:, None], values * weights * root, rcond=None
        )[0]
        errors = np.abs(powers / scale @ found - values * weights)
        if errors.max() < least:
            best, least = found / scale, float(errors.max())
        importance *= errors
        if not importance.sum() > 0:
            break
        importance /= importance.sum()
    return best


def compare() -> list[tuple[Fit, Array, float, float]]:
    """For each polynomial: the header's coefficients, their error, and the error of a new fit."""
    found = []
    left = {header: committed(header) for header in {fit.header for fit in FITS}}
    for fit in FITS:
        coefficients = left[fit.header].pop(0)
        assert len(coefficients) == fit.degree + 1, fit.name
        found.append((fit, coefficients, fit.error(coefficients), fit.error(fitted(fit))))
    return found


def main() -> int:
    """Print every polynomial."""
    for fit, coefficients, error, new in compare():
        print(f"{fit.name} on [{fit.low:.4g}, {fit.high:.4g}]")
        print(f"  header: error 2^{np.log2(error):.2f}; fitted here: 2^{np.log2(new):.2f}")
        print("  " + ", ".join(float(c).hex() for c in coefficients))
    return 0


if __name__ == "__main__":
    sys.exit(main())
