"""Convolutions in NumPy, channels last, in the precision they are given; and how far float32 errs.

Arrays are (batch, extents, channels), filters (C_out, taps, C_in), in one to three dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.problem.tolerance import EPS, TINY, blocked_product

Values = npt.NDArray[Any]

#: Elements of the patches that are multiplied at a time: they stay in a cache.
_PATCHES = 1 << 20
_SAMPLED_PIXELS = 64
_FACTOR = 8.0


def _steps(tap: Sequence[int], extents: Sequence[int], stride: int) -> tuple[slice, ...]:
    """Every batch, and along each axis `extent` places from the tap on, `stride` apart."""
    along = (
        slice(at, at + (extent - 1) * stride + 1, stride)
        for at, extent in zip(tap, extents, strict=True)
    )
    return (slice(None), *along)


def tap_views(x: Values, taps: Sequence[int], stride: int) -> Iterator[tuple[Any, Values]]:
    """Each tap with the view of x that it meets, (batch, output extents, channels)."""
    extents = [(size - tap) // stride + 1 for size, tap in zip(x.shape[1:], taps, strict=False)]
    for tap in np.ndindex(*taps):
        yield tap, x[_steps(tap, extents, stride)]


def convolve(x: Values, w: Values, stride: int = 1) -> Values:
    """Without padding: patches of x, gathered block by block, times the filters."""
    taps, spatial = w.shape[1:-1], x.ndim - 2
    windows = np.lib.stride_tricks.sliding_window_view(x, taps, axis=tuple(range(1, spatial + 1)))
    windows = np.moveaxis(windows, spatial + 1, -1)
    every = (slice(None), *[slice(None, None, stride)] * spatial)
    windows = windows[every]
    filters = w.reshape(len(w), -1).T
    y = np.empty((*windows.shape[: spatial + 1], len(w)), dtype=x.dtype)
    rows = max(1, _PATCHES // max(1, windows[0, :1].size))
    for image in range(len(y)):
        for start in range(0, y.shape[1], rows):
            part = windows[image, start : start + rows]
            found = part.reshape(-1, len(filters)) @ filters
            y[image, start : start + rows] = found.reshape(*part.shape[:spatial], len(w))
    return y


def convolve_transposed(x: Values, w: Values, stride: int = 1) -> Values:
    """y[b, i * stride + tap] += x[b, i] w[tap], without padding."""
    taps = w.shape[1:-1]
    extents = [(n - 1) * stride + tap for n, tap in zip(x.shape[1:], taps, strict=False)]
    y = np.zeros((len(x), *extents, len(w)), dtype=x.dtype)
    pixels = x.reshape(-1, x.shape[-1])
    for tap in np.ndindex(*taps):
        part = pixels @ np.moveaxis(w, 0, -1)[tap]
        y[_steps(tap, x.shape[1:-1], stride)] += part.reshape(*x.shape[:-1], len(w))
    return y


def float32_error(x: Values, w: Values, stride: int, *, transposed: bool = False) -> Values:
    """What each element of a float32 convolution may miss.

    8 times the largest error of serial sums over K at sampled pixels. A kernel's matrix units may
    add product by product: of seven million such elements the worst was off by 8.1 times the
    largest error of sampled sums in steps of 8, and by less than 3 times this one. Errors are in
    units of the sum, over the taps, of |x| |w| as vectors of channels: no sum of products of an
    element is larger, and its terms' absolute values have a sum of about two thirds of it.
    """
    lengths, norms = (np.sqrt(np.sum(np.square(a), axis=-1, keepdims=True)) for a in (x, w))
    unit = (convolve_transposed if transposed else convolve)(lengths, norms, stride)
    pixels = unit.size // len(w)
    sampled = np.arange(0, pixels, max(1, pixels // _SAMPLED_PIXELS))
    places = np.unravel_index(sampled, unit.shape[:-1])
    patches = _patches(x, w.shape[1:-1], stride, places, transposed)
    filters = w.reshape(len(w), -1).T
    exact = patches.astype(np.float64) @ filters.astype(np.float64)
    error = np.abs(blocked_product(patches, filters, step=1) - exact)
    largest = np.max(error / np.maximum(unit.reshape(pixels, -1)[sampled], TINY))
    return np.asarray(max(_FACTOR * largest, 2 * EPS) * unit.astype(np.float64))


def _patches(
    x: Values, taps: Sequence[int], stride: int, places: Sequence[Values], transposed: bool
) -> Values:
    """What the filters meet at some places of the output, one row each; zero outside of x."""
    found = np.zeros((len(places[0]), *taps, x.shape[-1]), dtype=x.dtype)
    for tap in np.ndindex(*taps):
        index = [places[0]]
        met = np.ones(len(places[0]), dtype=bool)
        for size, place, at in zip(x.shape[1:-1], places[1:], tap, strict=True):
            if transposed:
                place, left = np.divmod(place - at, stride)
                met &= (left == 0) & (place >= 0) & (place < size)
            else:
                place = place * stride + at
            index.append(place)
        place_of_tap = (met, *tap)
        found[place_of_tap] = x[tuple(one[met] for one in index)]
    return found.reshape(len(found), -1)
