"""Grouped-query attention with rotary embedding: what the llama problems share.

D = H_kv * G * W: H_kv key heads of width W, each shared by G query heads. Of the columns of x @
W_qkv the first D are queries, then H_kv * W keys, then as many values. Pairs (2i, 2i + 1) of a head
turn by position / base^(2i / W).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.spec import (
    EPS,
    Range,
    Scalar,
    Tolerance,
    attention,
    heads,
    joined,
    relative_l2,
    rotated,
)

__all__ = ["DIMS", "QKV", "SCALARS", "D", "attend", "attend_in_mlx", "rotary_tolerance"]

D = "H_kv * G * W"
QKV = "H_kv * (G + 2) * W"
DIMS: Mapping[str, Range] = {
    "S": Range(1, 2048),
    "H_kv": Range(1, 8),
    "G": Range(1, 4),
    "W": Range(2, 128, multiple=2),
    "base": Range(1e3, 1e6),
}
SCALARS: Mapping[str, Scalar] = {
    "S": Scalar("uint32", "S"),
    "D": Scalar("uint32", D),
    "H": Scalar("uint32", "H_kv * G"),
    "H_kv": Scalar("uint32", "H_kv"),
}


def attend(
    x: npt.NDArray[Any],
    W_qkv: npt.NDArray[Any],
    W_o: npt.NDArray[Any],
    H: float,
    H_kv: float,
    base: float,
) -> npt.NDArray[Any]:
    """(S, D) -> (S, D) in NumPy."""
    queries, keys = int(H), int(H_kv)
    z = heads(x @ W_qkv, queries + 2 * keys)
    scale = z.shape[-1] ** -0.5
    q, k, v = rotated(z[:queries], base), rotated(z[queries:-keys], base), z[-keys:]
    shared = queries // keys
    found = [attention(q[h], k[h // shared], v[h // shared], scale) for h in range(queries)]
    return np.asarray(joined(np.stack(found)) @ W_o)


def attend_in_mlx(
    x: Any, W_qkv: Any, W_o: Any, H: float, H_kv: float, base: float, fused: bool
) -> Any:
    """The same on mx.arrays; `fused`: MLX's own attention instead of two products and a softmax."""
    import mlx.core as mx

    width = W_o.shape[0] // int(H)
    z = (x @ W_qkv).reshape(1, len(x), -1, width).swapaxes(1, 2)
    q, k, v = mx.split(z, [int(H), int(H) + int(H_kv)], axis=1)
    q, k = (
        mx.fast.rope(part, width, traditional=True, base=base, scale=1.0, offset=0)
        for part in (q, k)
    )
    if fused:
        found = mx.fast.scaled_dot_product_attention(q, k, v, scale=width**-0.5)
    else:
        k, v = (mx.repeat(part, int(H) // int(H_kv), axis=1) for part in (k, v))
        found = mx.softmax((q * width**-0.5) @ k.swapaxes(2, 3), axis=-1) @ v
    return found[0].swapaxes(0, 1).reshape(x.shape) @ W_o


def rotary_tolerance() -> Tolerance:
    """1e-5 of a row in the L2 norm, and 1.5 eps for every position.

    An angle in float32 is off by its size in eps. MLX's own answer misses 4e-5 at 1024 positions;
    half precision misses 3e-4.
    """
    return relative_l2(lambda point: 1e-5 + 1.5 * EPS * point["S"])
