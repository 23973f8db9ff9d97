"""Steps of softened gravity, every body on every other."""

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Work, elementwise
from harness.spec_science import board, of_largest, series, three_of_four


def _step(pos, vel, mass, dt, eps, G, power):
    """The next positions and velocities as lists of three components."""
    apart = [p[None, :] - p[:, None] for p in pos]
    square = apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2] + eps * eps
    weight = mass[None, :] * power(square)
    vel = [v + dt * (G * (weight * d).sum(axis=1)) for v, d in zip(vel, apart, strict=True)]
    return [p + dt * v for p, v in zip(pos, vel, strict=True)], vel


def reference(pos_in, vel_in, mass, dt, eps, G, steps):
    import mlx.core as mx

    def power(square):
        inverse = mx.rsqrt(square)
        return inverse * inverse * inverse

    pos = [pos_in[:, axis] for axis in range(3)]
    vel = [vel_in[:, axis] for axis in range(3)]
    for _ in range(int(steps)):
        pos, vel = _step(pos, vel, mass, dt, eps, G, power)
    zero = mx.zeros_like(mass)
    return mx.stack([*pos, zero], axis=1), mx.stack([*vel, zero], axis=1)


def oracle(pos_in, vel_in, mass, dt, eps, G, steps):
    pos, vel = list(pos_in[:, :3].T), list(vel_in[:, :3].T)
    for _ in range(int(steps)):
        pos, vel = _step(
            pos, vel, mass, dt, eps, G, lambda square: 1.0 / (square * np.sqrt(square))
        )
    zero = np.zeros_like(mass)
    return np.stack([*pos, zero], axis=1), np.stack([*vel, zero], axis=1)


def points(low, high):
    def draw(rng, shape, point):
        values = rng.uniform(low, high, shape).astype(np.float32)
        values[:, 3] = 0
        return values

    return draw


def masses(rng, shape, point):
    values = rng.uniform(0.5, 1.5, shape).astype(np.float32)
    values[rng.random(shape) < 1 / 16] = 0
    return values


def published_inputs(point):
    rng, count = np.random.default_rng(0xCAFE), point["N"]
    pos, vel = np.zeros((count, 4), np.float32), np.zeros((count, 4), np.float32)
    pos[:, :3] = rng.uniform(-1, 1, (count, 3))
    vel[:, :3] = rng.uniform(-0.01, 0.01, (count, 3))
    return {"pos_in": pos, "vel_in": vel, "mass": rng.uniform(0.5, 1.5, count).astype(np.float32)}


def cost(point):
    count, steps = point["N"], point["steps"]
    return Cost(
        flops=20 * count * count * steps,
        bytes=68 * count * steps,
        working_set=68 * count,
        least_bytes=68 * count,
    )


def size(count):
    return {"N": count, "steps": 10, "dt": 1e-3, "eps": 0.05, "G": 1.0}


_WIDTH = "min(max_threads(nbody_step), 128)"
_NOTHING = elementwise(lambda inputs, expected, point: np.inf, "not compared")

SPEC = KernelSpec(
    summary="`steps` steps of N bodies under softened gravity",
    function="nbody_step",
    reference=reference,
    oracle=oracle,
    inputs={
        "pos_in": Array("N", 4, values=points(-1, 1)),
        "vel_in": Array("N", 4, values=points(-0.3, 0.3)),
        "mass": Array("N", values=masses),
    },
    outputs={"pos_out": Array("N", 4), "vel_out": Array("N", 4)},
    scalars={
        "N": Scalar("uint32", "N"),
        "dt": Scalar("float32", "dt"),
        "eps": Scalar("float32", "eps"),
        "G": Scalar("float32", "G"),
    },
    domain=Domain(
        {
            "N": Range(1, 4096),
            "steps": Range(1, 20),
            "dt": Range(1e-4, 5e-3),
            "eps": Range(0.05, 0.4),
            "G": Range(-1.0, 1.0),
        }
    ),
    sizes=series(
        {"256_10": size(256), "1024_10": size(1024), "2048_10": size(2048)},
        {"512_10": size(512)},
        check=[
            {"N": 1, "steps": 1},
            {"N": 100, "steps": 1},
            {"N": 257, "steps": 2},
            {"N": 33, "steps": 3},
        ],
    ),
    tolerance=three_of_four(of_largest(2e-6), of_largest(1e-5, 0.1)),
    cost=cost,
    schedule=f"dispatch nbody_step grid: round_up(N, {_WIDTH}) threadgroup: {_WIDTH}"
    " repeat: steps swap: pos_in,pos_out swap: vel_in,vel_out",
    consumed=("pos_in", "vel_in"),
    order=("pos_in", "pos_out", "vel_in", "vel_out", "mass"),
    published_tolerance=three_of_four(board(1e-3, 1e-3), _NOTHING),
    published_inputs=published_inputs,
    work=Work("flops", lambda point: 20 * point["N"] ** 2 * point["steps"]),
)
