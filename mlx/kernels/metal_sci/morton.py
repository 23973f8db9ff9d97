"""Explicit diffusion in a cube whose cells lie in Z-order."""

from functools import lru_cache

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Work
from harness.spec_science import board, bump, of_largest, rough, series


@lru_cache(maxsize=4)
def _places(side):
    """The Morton number of every cell, in row-major order (z, y, x)."""
    spread = np.zeros(side, dtype=np.int64)
    for bit in range(max(side - 1, 1).bit_length()):
        spread |= ((np.arange(side) >> bit) & 1) << (3 * bit)
    z, y, x = spread[:, None, None] << 2, spread[None, :, None] << 1, spread[None, None, :]
    return (z | y | x).reshape(-1)


def to_rows(values, logN):
    """Values in Z-order as a cube (z, y, x)."""
    return values[_places(1 << int(logN))].reshape((1 << int(logN),) * 3)


def to_morton(cube):
    """A cube as values in Z-order."""
    found = np.empty(cube.size, dtype=cube.dtype)
    found[_places(len(cube))] = cube.reshape(-1)
    return found


def _inner(u, alpha):
    c = u[1:-1, 1:-1, 1:-1]
    around = u[1:-1, 1:-1, :-2] + u[1:-1, 1:-1, 2:] + u[1:-1, :-2, 1:-1] + u[1:-1, 2:, 1:-1]
    return c + alpha * (around + u[:-2, 1:-1, 1:-1] + u[2:, 1:-1, 1:-1] - 6.0 * c)


def reference(u_in, logN, alpha, steps):
    import mlx.core as mx

    side, corner = 1 << int(logN), mx.array([1, 1, 1])
    if side < 3:
        return u_in
    places = _places(side)
    back = np.empty(places.size, dtype=np.uint32)
    back[places] = np.arange(places.size)
    u = u_in[mx.array(places.astype(np.uint32))].reshape(side, side, side)
    for _ in range(int(steps)):
        u = mx.slice_update(u, _inner(u, alpha), corner, axes=(0, 1, 2))
    return u.reshape(-1)[mx.array(back)]


def oracle(u_in, logN, alpha, steps):
    u = to_rows(u_in, logN)
    new = u.copy()
    for _ in range(int(steps)):
        new[1:-1, 1:-1, 1:-1] = _inner(u, alpha)
        u, new = new, u
    return to_morton(u)


def anything(rng, shape, point):
    side = 1 << int(point["logN"])
    return to_morton(rough()(rng, (side,) * 3, point))


def published_inputs(point):
    side = 1 << int(point["logN"])
    return {"u_in": to_morton(bump((side,) * 3, 0.15 * side))}


def cost(point):
    cells = 8 ** point["logN"]
    return Cost(
        flops=10 * cells * point["steps"],
        bytes=8 * cells * point["steps"],
        working_set=8 * cells,
        least_bytes=8 * cells,
    )


def cube(log, steps):
    return {"logN": log, "steps": steps, "alpha": 0.1}


_WIDTH = "min(max_threads(morton_stencil), 256)"

SPEC = KernelSpec(
    summary="`steps` explicit steps of diffusion, seven points, cells in Z-order, faces fixed",
    function="morton_stencil",
    reference=reference,
    oracle=oracle,
    inputs={"u_in": Array("pow2(3 * logN)", values=anything)},
    outputs={"u_out": Array("pow2(3 * logN)")},
    scalars={
        "N": Scalar("uint32", "pow2(logN)"),
        "logN": Scalar("uint32", "logN"),
        "alpha": Scalar("float32", "alpha"),
    },
    domain=Domain(
        {"logN": Range(1, 8), "steps": Range(1, 120), "alpha": Range(0.02, 0.16)},
        max_elements=1 << 25,
    ),
    sizes=series(
        {"N32_120": cube(5, 120), "N64_60": cube(6, 60), "N128_30": cube(7, 30)},
        {"N256_10": cube(8, 10)},
        check=[
            {"logN": 1, "steps": 1},
            {"logN": 2, "steps": 3},
            {"logN": 3, "steps": 2},
            {"logN": 4, "steps": 2},
        ],
    ),
    tolerance=of_largest(1e-5),
    cost=cost,
    schedule=f"dispatch morton_stencil grid: round_up(pow2(3 * logN), {_WIDTH})"
    f" threadgroup: {_WIDTH} repeat: steps swap: u_in,u_out",
    consumed=("u_in",),
    published_tolerance=board(1e-4, 1e-5),
    published_inputs=published_inputs,
    work=Work("bytes", lambda point: 8 * 8 ** point["logN"] * point["steps"]),
)
