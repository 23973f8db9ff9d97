"""Picard steps of the Grad-Shafranov equation: a maximum, then a stencil that depends on it."""

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Work
from harness.spec_science import board, no_faces, of_largest, rough, series


def _inner(psi, axis, R, dR, dZ, p_axis, mu0, omega, where):
    """The new interior; `where(condition, values)` is zero where the condition fails."""
    c = psi[1:-1, 1:-1]
    west, east = 1 / (dR * dR) + 1 / (2 * R * dR), 1 / (dR * dR) - 1 / (2 * R * dR)
    north = 1 / (dZ * dZ)
    centre = -2 / (dR * dR) - 2 / (dZ * dZ)
    pn = c / axis
    current = where((pn > 0) & (pn < 1), R * p_axis * 4 * pn * (1 - pn))
    around = west * psi[1:-1, :-2] + east * psi[1:-1, 2:]
    around = around + north * psi[2:, 1:-1] + north * psi[:-2, 1:-1]
    return c + omega * ((-mu0 * R * current) - (around + centre * c)) / centre


def reference(psi_in, Rmin, dR, dZ, p_axis, mu0, omega, steps):
    import mlx.core as mx

    psi, corner = psi_in, mx.array([1, 1])
    R = Rmin + mx.arange(1, psi.shape[1] - 1, dtype=mx.float32)[None, :] * dR
    axis = psi
    for _ in range(int(steps)):
        axis = mx.max(psi[1:-1, 1:-1])
        inner = _inner(
            psi, axis, R, dR, dZ, p_axis, mu0, omega, lambda yes, value: mx.where(yes, value, 0.0)
        )
        psi = mx.slice_update(psi, inner, corner, axes=(0, 1))
    return psi, axis.reshape(1)


def oracle(psi_in, Rmin, dR, dZ, p_axis, mu0, omega, steps):
    psi = psi_in.copy()
    R = Rmin + np.arange(1, psi.shape[1] - 1)[None, :] * dR
    axis = np.float64(0.0)
    for _ in range(int(steps)):
        axis = psi[1:-1, 1:-1].max()
        inner = _inner(
            psi, axis, R, dR, dZ, p_axis, mu0, omega, lambda yes, value: np.where(yes, value, 0.0)
        )
        psi = psi.copy()
        psi[1:-1, 1:-1] = inner
    return psi, axis.reshape(1)


def published_inputs(point):
    u = np.linspace(0, 1, point["NR"], dtype=np.float32)
    v = np.linspace(0, 1, point["NZ"], dtype=np.float32)
    wave = np.sin(np.float32(np.pi) * v)[:, None] * np.sin(np.float32(np.pi) * u)[None, :]
    return {"psi_in": no_faces(wave.astype(np.float32))}


def cost(point):
    cells = point["NR"] * point["NZ"]
    return Cost(
        flops=22 * cells * point["steps"],
        bytes=12 * cells * point["steps"],
        working_set=8 * cells,
        least_bytes=8 * cells,
    )


def square(n, steps):
    plasma = {"Rmin": 1.0, "p_axis": 200.0, "mu0": 1.0, "omega": 1.0}
    return {"NR": n, "NZ": n, "steps": steps, **plasma}


def uneven(rng, shape, point):
    """A hump with negative regions, and edges above every value inside."""
    values = rough(-0.4, 1.0)(rng, shape, point)
    inner = values[1:-1, 1:-1]
    inner.reshape(-1)[rng.integers(inner.size)] += np.float32(0.3)
    top = float(inner.max())
    for edge in (values[0], values[-1], values[:, 0], values[:, -1]):
        edge[rng.integers(edge.size)] = np.float32(top + 0.2)
    return values


_WIDTH = "min(256, pow2_floor(max_threads(gradshaf_axis_reduce)))"
_HEIGHT = "min(16, pow2_floor(max_threads(gradshaf_step) / 16))"

SPEC = KernelSpec(
    summary="`steps` Picard steps of the Grad-Shafranov equation",
    function="gradshaf_step",
    reference=reference,
    oracle=oracle,
    inputs={"psi_in": Array("NZ", "NR", values=uneven)},
    outputs={"psi_out": Array("NZ", "NR"), "psi_axis": Array(1)},
    scalars={
        "NR": Scalar("uint32", "NR"),
        "NZ": Scalar("uint32", "NZ"),
        "Rmin": Scalar("float32", "Rmin"),
        "dR": Scalar("float32", "1.0 / (NR - 1)"),
        "dZ": Scalar("float32", "1.0 / (NZ - 1)"),
        "p_axis": Scalar("float32", "p_axis"),
        "mu0": Scalar("float32", "mu0"),
        "omega": Scalar("float32", "omega"),
    },
    domain=Domain(
        {
            "NR": Range(3, 1024),
            "NZ": Range(3, 1024),
            "steps": Range(1, 40),
            "Rmin": Range(0.5, 3.0),
            "p_axis": Range(20.0, 200.0),
            "mu0": Range(0.5, 2.0),
            "omega": Range(0.5, 1.0),
        }
    ),
    sizes=series(
        {"65x65_30": square(65, 30), "257x257_40": square(257, 40), "513x513_30": square(513, 30)},
        {"129x129_35": square(129, 35)},
        check=[
            {"NR": 3, "NZ": 3, "steps": 1},
            {"NR": 33, "NZ": 20, "steps": 2},
            {"NR": 10, "NZ": 37, "steps": 3},
        ],
    ),
    tolerance=of_largest(1e-5),
    cost=cost,
    schedule="repeat: steps swap: psi_in,psi_out\n"
    f"dispatch gradshaf_axis_reduce grid: {_WIDTH} threadgroup: {_WIDTH}"
    " bind 0=psi_in bind 1=psi_axis bind 2=NR bind 3=NZ\n"
    f"dispatch gradshaf_step grid: round_up(NR, 16) round_up(NZ, {_HEIGHT})"
    f" threadgroup: 16 {_HEIGHT}\n"
    "end",
    consumed=("psi_in",),
    published_tolerance=board(1e-4, 1e-5),
    published_inputs=published_inputs,
    work=Work("bytes", lambda point: 12 * point["NR"] * point["NZ"] * point["steps"]),
)
