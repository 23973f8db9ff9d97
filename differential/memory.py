"""What is in the buffers of a generated kernel before it runs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from differential.kernels import SLOTS, Generated, Shape
from differential.tree import Type

Array = npt.NDArray[np.generic]
WORDS, TYPED, COUNTERS = 256, 64, 16
#: Bits of a bfloat stand in integers: NumPy has no such type.
_NUMPY = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"long": "i8", "ulong": "u8", "half": "f2", "bfloat": "u2", "float": "f4"},
}


def buffers(kernel: Generated, shape: Shape) -> dict[int, Array]:
    """Its buffers before the run, by index; 6 is a constant."""
    rng = np.random.default_rng(kernel.seed)
    threads = shape.threads
    return {
        0: rng.integers(0, 1 << 32, WORDS, np.uint32),
        1: (rng.integers(0, 1024, WORDS) / 4).astype(np.float32),
        2: _values(rng, kernel.typed, TYPED, kernel.packed),
        3: rng.integers(0, 1 << 32, max(threads * SLOTS, WORDS), np.uint32),
        4: _values(rng, kernel.scattered, threads, kernel.packed),
        5: rng.integers(0, 1 << 16, COUNTERS + threads, np.uint32),
        7: np.full(threads * 2, 0.5, np.float32),
        8: (rng.integers(0, 64, COUNTERS) / 4).astype(np.float32),
    }


def params(kernel: Generated, shape: Shape) -> bytes:
    """The bytes of `Params`."""
    rng = np.random.default_rng(kernel.seed + 1)
    words = rng.integers(0, 1000, 8, np.uint32)
    words[2:3] = np.array([words[2] % 1024 / 4], np.float32).view(np.uint32)
    words[3] = shape.threads
    return words.tobytes()


def _values(rng: np.random.Generator, kind: Type, count: int, packed: bool) -> Array:
    """Elements as they lie in memory."""
    number = count * kind.components(packed)
    if kind.base == "bfloat":
        bits = (rng.integers(0, 16, number) / 2).astype(np.float32).view(np.uint32)
        return (bits >> 16).astype(np.uint16)
    if kind.is_float:
        most = 1024 if kind.base == "float" else 128
        return (rng.integers(0, most, number) / 4).astype(_NUMPY[kind.base])
    info = np.iinfo(_NUMPY[kind.base])
    return rng.integers(info.min, info.max, number, _NUMPY[kind.base], endpoint=True)
