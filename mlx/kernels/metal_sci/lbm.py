"""Lattice Boltzmann in two dimensions: nine fields, streaming and one relaxation time."""

from dataclasses import replace

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Tolerance, Work
from harness.spec_science import board, of_largest, series

CX = (0, 1, 0, -1, 0, 1, -1, -1, 1)
CY = (0, 0, 1, 0, -1, 1, 1, -1, -1)
WEIGHT = (4 / 9, *(1 / 9,) * 4, *(1 / 36,) * 4)


def _step(fields, tau, roll):
    moved = [roll(roll(f, CY[k], 0), CX[k], 1) for k, f in enumerate(fields)]
    rho = sum(moved[1:], moved[0])
    u = sum(CX[k] * s for k, s in enumerate(moved) if CX[k]) / rho
    v = sum(CY[k] * s for k, s in enumerate(moved) if CY[k]) / rho
    rest = 1.0 - 1.5 * (u * u + v * v)
    found = []
    for k, s in enumerate(moved):
        c = CX[k] * u + CY[k] * v
        balance = WEIGHT[k] * rho * (rest + 3.0 * c + 4.5 * (c * c))
        found.append(s - (s - balance) / tau)
    return found


def reference(f_in, tau, steps):
    import mlx.core as mx

    fields = [f_in[k] for k in range(9)]
    for _ in range(int(steps)):
        fields = _step(fields, tau, mx.roll)
    return mx.stack(fields)


def oracle(f_in, tau, steps):
    fields = list(f_in)
    for _ in range(int(steps)):
        fields = _step(fields, tau, np.roll)
    return np.stack(fields)


def disturbed(rng, shape, point):
    noise = 1.0 + 0.05 * rng.uniform(-1, 1, shape)
    return (np.array(WEIGHT)[:, None, None] * noise).astype(np.float32)


def published_inputs(point):
    nx, ny = point["NX"], point["NY"]
    x, y = np.arange(nx) - (nx - 1) / 2, np.arange(ny) - (ny - 1) / 2
    width = 0.15 * min(nx, ny)
    bump = np.exp(-(x[None, :] ** 2 + y[:, None] ** 2) / (2 * width * width))
    rho = (1 + 0.05 * bump).astype(np.float32)
    return {"f_in": np.stack([np.float32(w) * rho for w in WEIGHT])}


def conserving(rule):
    """`rule`, and no mass made or lost beyond what float32 weights do to it."""

    def bounds(inputs, expected, point):
        limit = 1e-6 + 5e-8 * point["steps"]

        def whole(got, due):
            mass, should = float(np.sum(got)), float(np.sum(due))
            lost = abs(mass - should) / should
            return "" if lost <= limit else f"total mass {mass:.9g}, expected {should:.9g}"

        return tuple(replace(bound, whole=whole) for bound in rule(inputs, expected, point))

    return Tolerance(f"{rule.description}, mass conserved", bounds)


def cost(point):
    cells = point["NX"] * point["NY"]
    return Cost(
        flops=130 * cells * point["steps"],
        bytes=72 * cells * point["steps"],
        working_set=72 * cells,
        least_bytes=72 * cells,
    )


def square(n, steps):
    return {"NX": n, "NY": n, "steps": steps, "tau": 0.8}


_HEIGHT = "min(16, pow2_floor(max_threads(lbm_step) / 16))"

SPEC = KernelSpec(
    summary="`steps` steps of a D2Q9 lattice gas with one relaxation time, periodic",
    function="lbm_step",
    reference=reference,
    oracle=oracle,
    inputs={"f_in": Array(9, "NY", "NX", values=disturbed)},
    outputs={"f_out": Array(9, "NY", "NX")},
    scalars={
        "NX": Scalar("uint32", "NX"),
        "NY": Scalar("uint32", "NY"),
        "tau": Scalar("float32", "tau"),
    },
    domain=Domain(
        {
            "NX": Range(1, 1024),
            "NY": Range(1, 1024),
            "steps": Range(1, 100),
            "tau": Range(0.6, 1.8),
        }
    ),
    sizes=series(
        {
            "64x64_50": square(64, 50),
            "128x128_100": square(128, 100),
            "256x256_100": square(256, 100),
        },
        {"192x192_75": square(192, 75)},
        check=[
            {"NX": 3, "NY": 5, "steps": 1},
            {"NX": 33, "NY": 20, "steps": 2},
            {"NX": 17, "NY": 19, "steps": 3},
        ],
    ),
    tolerance=conserving(of_largest(2e-5)),
    cost=cost,
    schedule=f"dispatch lbm_step grid: round_up(NX, 16) round_up(NY, {_HEIGHT})"
    f" threadgroup: 16 {_HEIGHT} repeat: steps swap: f_in,f_out",
    consumed=("f_in",),
    published_tolerance=board(5e-4, 1e-4),
    published_inputs=published_inputs,
    work=Work("bytes", lambda point: 72 * point["NX"] * point["NY"] * point["steps"]),
)
