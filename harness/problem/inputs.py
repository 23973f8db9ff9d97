"""Seeded generators of input values, for SPECs to use as `values=`, and a run's random streams.

A generator is a `Draw`: (random generator, shape, point) -> array. Numbers that depend on the size
are given as functions of the point or as expressions of dims: `normal(std=lambda d: d["K"] **
-0.5)`, `integers(0, "V")`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.problem import expressions

Values = npt.NDArray[Any]
Point = Mapping[str, float]
Draw = Callable[[np.random.Generator, tuple[int, ...], Point], Values]
#: A number, an expression of dims, or a function of the point.
Number = float | str | Callable[[Point], float]

_PART = 1 << 20  # elements that one stream fills; larger arrays are filled by all cores


def new_secret() -> int:
    """The secret of one run: 128 bits from the system, so that no kernel can know its inputs."""
    return secrets.randbits(128)


def secret_of(seed: int) -> int:
    """A secret that follows from a public seed, for runs that have to be repeated."""
    return int.from_bytes(hashlib.sha256(f"seed {seed}".encode()).digest()[:16], "little")


def secret_hash(secret: int) -> str:
    """The commitment that is stored at once; the Record reveals the secret."""
    return hashlib.sha256(secret.to_bytes(16, "little")).hexdigest()


def stream(secret: int, *labels: str | int) -> np.random.Generator:
    """An independent random stream of a run for each list of labels."""
    text = "\x1f".join(str(label) for label in labels).encode()
    entropy = [secret, int.from_bytes(hashlib.sha256(text).digest()[:16], "little")]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))


def number(value: Number, point: Point) -> float:
    """What a generator's parameter is at this point."""
    if callable(value):
        return float(value(point))
    if isinstance(value, str):
        return float(expressions.parse(value).evaluate(point))
    return float(value)


def _fill(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> Values:
    """float32 values, in parallel beyond one part; the result does not depend on the cores."""
    values = np.empty(shape, dtype=np.float32)
    flat = values.reshape(-1)
    parts = max(1, -(-flat.size // _PART))
    streams = rng.spawn(parts) if parts > 1 else [rng]

    def fill(part: int) -> None:
        out = flat[part * _PART : (part + 1) * _PART]
        if kind == "normal":
            streams[part].standard_normal(out=out, dtype=np.float32)
        else:
            streams[part].random(out=out, dtype=np.float32)

    if parts == 1:
        fill(0)
    else:
        with ThreadPoolExecutor(os.cpu_count() or 1) as workers:
            list(workers.map(fill, range(parts)))
    return values


def normal(mean: Number = 0.0, std: Number = 1.0) -> Draw:
    """Normal values."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        values = _fill(rng, shape, "normal")
        scale, shift = np.float32(number(std, point)), np.float32(number(mean, point))
        if scale != 1:
            values *= scale
        if shift != 0:
            values += shift
        return values

    return draw


def uniform(low: Number = 0.0, high: Number = 1.0) -> Draw:
    """Uniform values in [low, high)."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        values = _fill(rng, shape, "uniform")
        a, b = number(low, point), number(high, point)
        values *= np.float32(b - a)
        values += np.float32(a)
        return values

    return draw


#: Values where element-wise kernels go wrong: zeros of both signs, denormals, infinities, NaN.
SPECIAL = (0.0, -0.0, 1e-42, -1e-42, 1.1754944e-38, float("inf"), float("-inf"), float("nan"))
FINITE_SPECIAL = SPECIAL[:5]


def mixture(
    special: Sequence[float] = FINITE_SPECIAL,
    large: Number = 1e4,
    large_share: float = 1 / 8,
    special_share: float = 1 / 64,
    std: Number = 1.0,
) -> Draw:
    """Normal values, some uniform in +-`large`, some from `special` (add a function's breakpoints).

    Every special value occurs at least once in an array of 64 elements or more.
    """

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        values = normal(std=std)(rng, shape, point)
        flat = values.reshape(-1)
        _scatter(rng, flat, large_share, uniform(-number(large, point), number(large, point)))
        if len(special) and flat.size:
            count = max(int(flat.size * special_share), len(special) if flat.size >= 64 else 1)
            where = rng.choice(flat.size, size=min(count, flat.size), replace=False, shuffle=False)
            rng.shuffle(where)
            flat[where] = np.resize(np.array(special, dtype=np.float32), where.size)
        return values

    return draw


def _scatter(rng: np.random.Generator, flat: Values, share: float, draw: Draw) -> None:
    """Overwrite a share of the elements, in runs of 16: cheap for any size."""
    blocks = flat.size // 16
    count = int(blocks * share)
    if count:
        where = rng.choice(blocks, size=count, replace=False, shuffle=False)
        flat[: blocks * 16].reshape(blocks, 16)[where] = draw(rng, (count, 16), {})


def integers(low: Number, high: Number, dtype: str = "int32", ends: bool = True) -> Draw:
    """Uniform integers in [low, high), repeats included; with `ends`, both ends occur."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        first, last = int(number(low, point)), int(number(high, point)) - 1
        values = rng.integers(first, last, size=shape, endpoint=True, dtype=np.dtype(dtype))
        flat = values.reshape(-1)
        if ends and flat.size >= 2:
            where = rng.choice(flat.size, size=2, replace=False)
            flat[where] = (first, last)
        return values

    return draw


def permutation(dtype: str = "int32") -> Draw:
    """A permutation of 0 … n-1 along the last axis, another one in every row."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        ordered = np.broadcast_to(np.arange(shape[-1], dtype=np.dtype(dtype)), shape)
        return np.asarray(rng.permuted(ordered, axis=-1))

    return draw


def mask(density: Number | None = 0.5, dtype: str = "float32") -> Draw:
    """Zeros and ones. Of four rows or more the first are all one, all zero and a single one.

    Without a density every row has its own.
    """

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        if density is None:
            share = rng.random((shape[0], *(1,) * (len(shape) - 1)), dtype=np.float32)
        else:
            share = np.float32(number(density, point))
        chosen = np.less(_fill(rng, shape, "uniform"), share)
        if len(shape) > 1 and shape[0] >= 4:
            chosen[0], chosen[1], chosen[2] = True, False, False
            chosen[2].reshape(-1)[rng.integers(chosen[2].size)] = True
        return chosen.astype(np.dtype(dtype))

    return draw


def rows(
    means: Number = 10.0,
    stds: Number = 3.0,
    special: bool = True,
    offset: tuple[float, float] = (1000.0, 0.01),
) -> Draw:
    """Rows (last axis) that differ: mean ~ N(0, means), scale log-uniform in 1/stds … stds.

    With `special`, where there are rows enough: one of the mean and scale that `offset` names, one
    constant in eighths, so that no library's sum of it rounds, one with a single large element.
    """

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        values = _fill(rng, shape, "normal").reshape(-1, shape[-1])
        count, width = values.shape
        spread = np.log(max(number(stds, point), 1.0))
        values *= np.exp(rng.uniform(-spread, spread, (count, 1))).astype(np.float32)
        values += rng.normal(0.0, number(means, point), (count, 1)).astype(np.float32)
        if special and count >= 4:
            shifted, constant, spiked = rng.choice(count, size=3, replace=False)
            mean, std = (np.float32(value) for value in offset)
            values[shifted] = mean + std * rng.standard_normal(width, dtype=np.float32)
            values[constant] = np.rint(8 * values[constant, 0]) / 8
            values[spiked, rng.integers(width)] = 50.0
        return values.reshape(shape)

    return draw


def distributions(std: Number = 1.0, one_hot: float = 0.0, zeros: float = 0.0) -> Draw:
    """Rows that sum to one: the softmax of normal values, a share `zeros` of them exactly zero.

    A share `one_hot` of the rows is 1 in one place and 0 elsewhere.
    """

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        values = np.exp(normal(std=std)(rng, shape, point)).reshape(-1, shape[-1])
        count, width = values.shape
        if zeros > 0 and width > 1:
            _scatter(rng, values.reshape(-1), zeros, constant(0.0))
            values[np.arange(count), rng.integers(width, size=count)] = 1.0
        values /= values.sum(axis=-1, keepdims=True)
        chosen = np.flatnonzero(rng.random(count) < one_hot)
        values[chosen] = 0.0
        values[chosen, rng.integers(width, size=chosen.size)] = 1.0
        return values.reshape(shape)

    return draw


def log_distributions(std: Number = 1.0) -> Draw:
    """Logarithms of rows that sum to one: the log-softmax of normal values."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        values = normal(std=std)(rng, shape, point)
        values -= np.log(np.exp(values).sum(axis=-1, keepdims=True))
        return values

    return draw


def blocks(block: int = 1024, means: Number = 1.0, std: Number = 1.0) -> Draw:
    """Values whose mean differs from block to block, so that no part stands for the whole."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        values = normal(std=std)(rng, shape, point)
        flat = values.reshape(-1)
        size = min(block, max(1, flat.size // 4))
        centres = rng.normal(0.0, 1.0, -(-flat.size // size)) * number(means, point)
        flat += np.repeat(centres.astype(np.float32), size)[: flat.size]
        return values

    return draw


def constant(value: Number, dtype: str = "float32") -> Draw:
    """One value everywhere."""
    return lambda rng, shape, point: np.full(shape, number(value, point), dtype=np.dtype(dtype))
