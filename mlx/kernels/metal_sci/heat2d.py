"""Explicit steps of the heat equation on a square grid with fixed edges."""

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Work
from harness.spec_science import board, no_faces, of_largest, rough, series


def reference(u_in, alpha, steps):
    import mlx.core as mx

    u = u_in
    corner = mx.array([1, 1])
    if min(u.shape) < 3:
        return u
    for _ in range(int(steps)):
        c = u[1:-1, 1:-1]
        around = u[1:-1, :-2] + u[1:-1, 2:] + u[:-2, 1:-1] + u[2:, 1:-1]
        u = mx.slice_update(u, c + alpha * (around - 4.0 * c), corner, axes=(0, 1))
    return u


def oracle(u_in, alpha, steps):
    u, new = u_in.copy(), u_in.copy()
    for _ in range(int(steps)):
        c = u[1:-1, 1:-1]
        around = u[1:-1, :-2] + u[1:-1, 2:] + u[:-2, 1:-1] + u[2:, 1:-1]
        new[1:-1, 1:-1] = c + alpha * (around - 4.0 * c)
        u, new = new, u
    return u


def published_inputs(point):
    rng = np.random.default_rng(0xC0DE)
    field = rng.uniform(0, 1, (point["NY"], point["NX"])).astype(np.float32)
    return {"u_in": no_faces(field)}


def cost(point):
    cells = point["NX"] * point["NY"]
    return Cost(
        flops=6 * cells * point["steps"],
        bytes=8 * cells * point["steps"],
        working_set=8 * cells,
        least_bytes=8 * cells,
    )


def square(n, steps):
    return {"NX": n, "NY": n, "steps": steps, "alpha": 0.2}


SPEC = KernelSpec(
    summary="`steps` explicit steps of the heat equation, five points, edges fixed",
    function="heat_step",
    reference=reference,
    oracle=oracle,
    inputs={"u_in": Array("NY", "NX", values=rough(0.0, 1.0))},
    outputs={"u_out": Array("NY", "NX")},
    scalars={
        "NX": Scalar("uint32", "NX"),
        "NY": Scalar("uint32", "NY"),
        "alpha": Scalar("float32", "alpha"),
    },
    domain=Domain(
        {
            "NX": Range(1, 4096),
            "NY": Range(1, 4096),
            "steps": Range(1, 100),
            "alpha": Range(0.01, 0.25),
        }
    ),
    sizes=series(
        {
            "256x256_50": square(256, 50),
            "512x512_100": square(512, 100),
            "1024x1024_50": square(1024, 50),
        },
        {"768x768_75": square(768, 75)},
        check=[
            {"NX": 3, "NY": 3, "steps": 1},
            {"NX": 33, "NY": 20, "steps": 2},
            {"NX": 17, "NY": 41, "steps": 3},
            {"NX": 1, "NY": 5, "steps": 1},
        ],
    ),
    tolerance=of_largest(1e-5),
    cost=cost,
    schedule="dispatch heat_step grid: round_up(NX, 16)"
    " round_up(NY, min(16, pow2_floor(max_threads(heat_step) / 16)))"
    " threadgroup: 16 min(16, pow2_floor(max_threads(heat_step) / 16))"
    " repeat: steps swap: u_in,u_out",
    consumed=("u_in",),
    published_tolerance=board(1e-4, 1e-5),
    published_inputs=published_inputs,
    work=Work("bytes", lambda point: 8 * point["NX"] * point["NY"] * point["steps"]),
)
