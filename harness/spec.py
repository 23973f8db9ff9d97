"""KernelSpec: what a problem is. Definitions under mlx/kernels may import this module alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from harness.problem.formulas import (
    attention,
    erf,
    gelu,
    gelu_tanh,
    heads,
    joined,
    rotated,
    sigmoid,
    silu,
    softmax,
    softplus,
)
from harness.problem.inputs import (
    FINITE_SPECIAL,
    SPECIAL,
    blocks,
    constant,
    integers,
    mask,
    mixture,
    normal,
    permutation,
    rows,
    uniform,
)
from harness.problem.tolerance import (
    EPS,
    Bound,
    Tolerance,
    blocked_product,
    blocked_sum,
    calibrated,
    elementwise,
    exact,
    per_output,
    relative,
    relative_l2,
    ulp,
)

__all__ = [
    "EPS",
    "FINITE_SPECIAL",
    "SPECIAL",
    "Array",
    "Bound",
    "Cost",
    "Domain",
    "Draw",
    "KernelSpec",
    "Point",
    "Range",
    "Scalar",
    "Sizes",
    "Tolerance",
    "Work",
    "attention",
    "blocked_product",
    "blocked_sum",
    "blocks",
    "calibrated",
    "constant",
    "elementwise",
    "erf",
    "exact",
    "gelu",
    "gelu_tanh",
    "heads",
    "integers",
    "joined",
    "mask",
    "mixture",
    "normal",
    "per_output",
    "permutation",
    "relative",
    "relative_l2",
    "rotated",
    "rows",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "ulp",
    "uniform",
]

#: Every dim and parameter of one size by name, e.g. {"rows": 1024, "cols": 1024, "eps": 1e-5}.
Point = Mapping[str, float]
#: Makes the values of one input: (random generator, shape, point) -> array of the declared dtype.
Draw = Callable[[np.random.Generator, tuple[int, ...], Point], npt.NDArray[Any]]


@dataclass(frozen=True)
class Array:
    """A buffer: its extents as dims, integers or expressions of dims ("H - R + 1"), row-major."""

    shape: tuple[str | int, ...]
    dtype: str = "float32"
    values: Draw | None = None

    def __init__(self, *shape: str | int, dtype: str = "float32", values: Draw | None = None):
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "dtype", dtype)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Scalar:
    """A 4-byte constant buffer; `value`: an expression of the point and the resolved schedule."""

    dtype: str  # "uint32" | "int32" | "float32"
    value: str


@dataclass(frozen=True)
class Range:
    """Inclusive bounds of a dim (integers) or parameter (floats), drawn log-uniformly."""

    low: float
    high: float
    multiple: int = 1

    @property
    def integral(self) -> bool:
        """Whether the values are integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def __contains__(self, value: float) -> bool:
        inside = self.low <= value <= self.high
        return inside and (not self.integral or value % self.multiple == 0)


@dataclass(frozen=True)
class Domain:
    """All points where the problem is defined; held-out points are drawn from it, never listed."""

    ranges: Mapping[str, Range]
    constraints: tuple[str, ...] = ()
    max_elements: int = 1 << 24  # cap on the elements of all arrays together in a draw


@dataclass(frozen=True)
class Work:
    """What the public board counts: the bytes or FLOPs of one run, by its own model."""

    kind: Literal["bytes", "flops"]
    amount: Callable[[Point], float]


#: The sizes that rank a kernel whose SPEC has no series of its own.
RANKED_SIZES = ("published", "large")


@dataclass(frozen=True)
class Sizes:
    """Named points. A key that a `check` or `large` point omits takes its published value."""

    published: Point
    large: Point
    check: Sequence[Point]
    series: Mapping[str, Point] = field(default_factory=dict)  # the public board's sizes, by label
    held_out: Mapping[str, Point] = field(default_factory=dict)  # those it scores but never shows

    @property
    def ranked(self) -> tuple[str, ...]:
        """The sizes that make Records."""
        return tuple(self.series) or RANKED_SIZES

    def large_point(self) -> Point:
        """The full `large` point."""
        return {**self.published, **self.large}

    def check_points(self) -> list[Point]:
        """The full `check` points."""
        return [{**self.published, **point} for point in self.check]


@dataclass(frozen=True)
class Cost:
    """True work of the problem at one point: FLOPs, and the least bytes that must move.

    A run of many steps counts the bytes of every step, as if none were fused; then `working_set`
    is what all its buffers hold, and `least_bytes` what moves if every step but the first and last
    stays on the chip.
    """

    flops: float
    bytes: float
    working_set: float | None = None
    least_bytes: float | None = None

    @property
    def intensity(self) -> float:
        """FLOPs a byte."""
        return self.flops / self.bytes if self.bytes else math.inf


@dataclass(frozen=True, kw_only=True)
class KernelSpec:
    """A problem. Functions receive inputs, scalars and dims by parameter name.

    `reference` and each of `forms` take mx.arrays, `oracle` takes float64 (or integer) NumPy arrays
    and imports NumPy alone; each returns one array, or a tuple in the order of `outputs`. Buffers
    bind in the order inputs, outputs, scalars. An output that bears the name of an input is that
    buffer, updated in place: it takes no index of its own. Scalars and parameters of type float
    reach every function rounded to float32, as the kernel sees them.
    """

    summary: str
    function: str
    reference: Callable[..., Any]
    oracle: Callable[..., Any]
    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]
    scalars: Mapping[str, Scalar]
    domain: Domain
    sizes: Sizes
    tolerance: Tolerance
    cost: Callable[[Point], Cost]
    schedule: str  # default header lines, same grammar as `//!` lines without the marker
    forms: Mapping[str, Callable[..., Any]] = field(default_factory=dict)  # e.g. {"mx.fast": f}
    numpy_form: Callable[..., Any] | None = None  # float32 NumPy, timed beside MLX on a CPU
    torch_form: Callable[..., Any] | None = None  # takes torch tensors, imports torch itself
    chunked: tuple[str, ...] = ()  # inputs that, with all outputs, may be split along axis 0
    consumed: tuple[str, ...] = ()  # inputs that a run may overwrite: one end of a ping-pong
    order: tuple[str, ...] = ()  # buffers by index, where not inputs and then outputs
    # Of the public board: (rtol, atol), or a rule of its own
    published_tolerance: tuple[float, float] | Tolerance | None = None
    # The values that the public board uses, by input; judged in addition where there are some
    published_inputs: Callable[[Point], Mapping[str, npt.NDArray[Any]]] | None = None
    work: Work | None = None  # what its score counts
    ranked: bool = True
    unranked_reason: str = ""
    corrects: str = ""
    notes: str = ""
