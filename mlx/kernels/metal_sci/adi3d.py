"""Implicit diffusion by alternating directions: a tridiagonal solve on every line, axis by axis."""

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Work
from harness.spec_science import board, bump, of_largest, rough, series


def _inverse(n, mu):
    """The matrix that a sweep multiplies a line with: the first and last value stay."""
    system = np.eye(n)
    for i in range(1, n - 1):
        system[i, i - 1 : i + 2] = (-mu, 1 + 2 * mu, -mu)
    return np.linalg.inv(system).astype(np.float32)


def reference(u_in, mu, steps):
    """Dense products with the inverse: what a line solve is on hardware that likes matrices."""
    import mlx.core as mx

    corner = mx.array([1, 1])
    along_z, along_y, along_x = (mx.array(_inverse(n, mu)) for n in u_in.shape)
    nz, ny, nx = u_in.shape
    u = u_in
    for _ in range(int(steps)):
        x = (u.reshape(-1, nx) @ along_x.T).reshape(nz, ny, nx)
        u = mx.slice_update(u, x[1:-1, 1:-1], corner, axes=(0, 1))
        y = (mx.swapaxes(u, 1, 2).reshape(-1, ny) @ along_y.T).reshape(nz, nx, ny)
        u = mx.slice_update(u, mx.swapaxes(y, 1, 2)[1:-1, :, 1:-1], corner, axes=(0, 2))
        z = (along_z @ u.reshape(nz, -1)).reshape(nz, ny, nx)
        u = mx.slice_update(u, z[:, 1:-1, 1:-1], corner, axes=(1, 2))
    return u


def _sweep(lines, mu):
    """Thomas along axis 0, in place; the first and last value are given."""
    n = len(lines)
    upper = np.zeros(n)
    b = 1 + 2 * mu
    upper[1] = -mu / b
    lines[1] = (lines[1] + mu * lines[0] + (mu * lines[-1] if n == 3 else 0.0)) / b
    for i in range(2, n - 1):
        pivot = b + mu * upper[i - 1]
        upper[i] = -mu / pivot
        if i == n - 2:
            lines[i] += mu * lines[-1]
        lines[i] += mu * lines[i - 1]
        lines[i] /= pivot
    for i in range(n - 3, 0, -1):
        lines[i] -= upper[i] * lines[i + 1]


def oracle(u_in, mu, steps):
    u = u_in.copy()
    for _ in range(int(steps)):
        for order in ((2, 0, 1), (1, 0, 2), (0, 1, 2)):
            lines = np.ascontiguousarray(u.transpose(order)[:, 1:-1, 1:-1])
            _sweep(lines, mu)
            u.transpose(order)[:, 1:-1, 1:-1] = lines
    return u


def published_inputs(point):
    shape = (point["NZ"], point["NY"], point["NX"])
    return {"u_in": bump(shape, 0.15 * float(np.prod(shape)) ** (1 / 3))}


def cost(point):
    cells = point["NX"] * point["NY"] * point["NZ"]
    return Cost(
        flops=27 * cells * point["steps"],
        bytes=24 * cells * point["steps"],
        working_set=8 * cells,
        least_bytes=8 * cells,
    )


def box(nx, ny, nz, steps):
    return {"NX": nx, "NY": ny, "NZ": nz, "steps": steps, "mu": 0.5}


SPEC = KernelSpec(
    summary="`steps` steps of implicit diffusion, one sweep of line solves for each axis",
    function="adi_x",
    reference=reference,
    oracle=oracle,
    inputs={"u_in": Array("NZ", "NY", "NX", values=rough(0.0, 1.0))},
    outputs={"u_out": Array("NZ", "NY", "NX")},
    scalars={
        "NX": Scalar("uint32", "NX"),
        "NY": Scalar("uint32", "NY"),
        "NZ": Scalar("uint32", "NZ"),
        "mu": Scalar("float32", "mu"),
    },
    domain=Domain(
        {
            "NX": Range(3, 256),
            "NY": Range(3, 256),
            "NZ": Range(3, 256),
            "steps": Range(1, 20),
            "mu": Range(0.05, 2.0),
        }
    ),
    sizes=series(
        {
            "N64_20": box(64, 64, 64, 20),
            "N96_15": box(96, 96, 96, 15),
            "N128_10": box(128, 128, 128, 10),
        },
        {"P256x192x128_10": box(256, 192, 128, 10)},
        check=[
            {"NX": 3, "NY": 4, "NZ": 5, "steps": 1},
            {"NX": 33, "NY": 10, "NZ": 7, "steps": 2},
            {"NX": 8, "NY": 35, "NZ": 16, "steps": 1},
        ],
    ),
    tolerance=of_largest(2e-5),
    cost=cost,
    schedule="repeat: steps swap: u_in,u_out\n"
    "dispatch adi_x grid: round_up(NY, 32) NZ threadgroup: 32\n"
    "dispatch adi_y grid: round_up(NX, 32) NZ threadgroup: 32 bind 0=u_out bind 1=u_in\n"
    "dispatch adi_z grid: round_up(NX, 32) NY threadgroup: 32\n"
    "end",
    consumed=("u_in",),
    published_tolerance=board(1e-3, 1e-3),
    published_inputs=published_inputs,
    work=Work("bytes", lambda point: 24 * point["NX"] * point["NY"] * point["NZ"] * point["steps"]),
)
