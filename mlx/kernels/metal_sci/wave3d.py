"""Leapfrog steps of the wave equation in a box whose faces stay as they are."""

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Work
from harness.spec_science import board, bump, of_largest, rough, series


def _six(u):
    sum_x = u[1:-1, 1:-1, :-2] + u[1:-1, 1:-1, 2:]
    sum_y = u[1:-1, :-2, 1:-1] + u[1:-1, 2:, 1:-1]
    return sum_x + sum_y + u[:-2, 1:-1, 1:-1] + u[2:, 1:-1, 1:-1]


def reference(u_prev, u_curr, alpha, steps):
    import mlx.core as mx

    corner = mx.array([1, 1, 1])
    prev, curr = u_prev, u_curr
    if min(curr.shape) < 3:
        return curr
    core = (slice(1, -1),) * 3
    for _ in range(int(steps)):
        c = curr[core]
        inner = 2.0 * c - prev[core] + alpha * (_six(curr) - 6.0 * c)
        prev, curr = curr, mx.slice_update(curr, inner, corner, axes=(0, 1, 2))
    return curr


def oracle(u_prev, u_curr, alpha, steps):
    prev, curr = u_prev, u_curr
    core = (slice(1, -1),) * 3
    for _ in range(int(steps)):
        c = curr[core]
        inner = 2.0 * c - prev[core] + alpha * (_six(curr) - 6.0 * c)
        prev, curr = curr, curr.copy()
        curr[core] = inner
    return curr


def published_inputs(point):
    shape = (point["NZ"], point["NY"], point["NX"])
    u0 = bump(shape, 0.1 * min(shape))
    return {"u_prev": u0, "u_curr": u0.copy()}


def cost(point):
    cells = point["NX"] * point["NY"] * point["NZ"]
    return Cost(
        flops=10 * cells * point["steps"],
        bytes=12 * cells * point["steps"],
        working_set=12 * cells,
        least_bytes=12 * cells,
    )


def cube(n, steps):
    return {"NX": n, "NY": n, "NZ": n, "steps": steps, "alpha": 0.18}


# z is halved first, then y, while the threadgroup exceeds the pipeline's limit.
_Z = "min(4, pow2_floor(max(1, max_threads(wave_step) / 64)))"
_Y = "min(8, pow2_floor(max(1, max_threads(wave_step) / 8)))"

SPEC = KernelSpec(
    summary="`steps` leapfrog steps of the wave equation, seven points, faces fixed",
    function="wave_step",
    reference=reference,
    oracle=oracle,
    inputs={
        "u_prev": Array("NZ", "NY", "NX", values=rough()),
        "u_curr": Array("NZ", "NY", "NX", values=rough()),
    },
    outputs={"u_next": Array("NZ", "NY", "NX")},
    scalars={
        "NX": Scalar("uint32", "NX"),
        "NY": Scalar("uint32", "NY"),
        "NZ": Scalar("uint32", "NZ"),
        "alpha": Scalar("float32", "alpha"),
    },
    domain=Domain(
        {
            "NX": Range(1, 512),
            "NY": Range(1, 512),
            "NZ": Range(1, 512),
            "steps": Range(1, 40),
            "alpha": Range(0.02, 0.3),
        }
    ),
    sizes=series(
        {
            "64x64x64_30": cube(64, 30),
            "160x160x160_20": cube(160, 20),
            "192x192x192_15": cube(192, 15),
        },
        {"128x128x128_20": cube(128, 20)},
        check=[
            {"NX": 3, "NY": 3, "NZ": 3, "steps": 1},
            {"NX": 19, "NY": 11, "NZ": 7, "steps": 2},
            {"NX": 5, "NY": 18, "NZ": 7, "steps": 3},
            {"NX": 16, "NY": 8, "NZ": 8, "steps": 4},
        ],
    ),
    tolerance=of_largest(1e-5),
    cost=cost,
    schedule=f"dispatch wave_step grid: round_up(NX, 8) round_up(NY, {_Y}) round_up(NZ, {_Z})"
    f" threadgroup: 8 {_Y} {_Z} repeat: steps swap: u_prev,u_curr,u_next",
    consumed=("u_prev", "u_curr"),
    published_tolerance=board(1e-4, 1e-5),
    published_inputs=published_inputs,
    work=Work("bytes", lambda point: 12 * point["NX"] * point["NY"] * point["NZ"] * point["steps"]),
)
