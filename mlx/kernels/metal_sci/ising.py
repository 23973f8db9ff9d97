"""Checkerboard Metropolis sweeps of the two-dimensional Ising model, bit for bit."""

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Work, exact
from harness.spec_science import mix32, series, unit_floats

STRIDE = 0x9E3779B9


def _mixed(x):
    """The finaliser on MLX's words."""
    import mlx.core as mx

    first, second = mx.array(0x85EBCA6B, mx.uint32), mx.array(0xC2B2AE35, mx.uint32)
    x = (x ^ (x >> 16)) * first
    x = (x ^ (x >> 13)) * second
    return x ^ (x >> 16)


def reference(spins, p_accept, seed, first_step, steps):
    import mlx.core as mx

    rows, cols = spins.shape
    sites = mx.arange(rows * cols, dtype=mx.uint32).reshape(rows, cols)
    colours = (mx.arange(rows)[:, None] + mx.arange(cols)[None, :]) % 2
    s = spins.astype(mx.int32)
    for step in range(int(first_step), int(first_step + steps)):
        start = mx.array((int(seed) + step * STRIDE) & 0xFFFFFFFF, mx.uint32)
        word = _mixed(_mixed(start) ^ sites)
        u = (word >> 8).astype(mx.float32) * 2.0**-24
        h = mx.roll(s, 1, 0) + mx.roll(s, -1, 0) + mx.roll(s, 1, 1) + mx.roll(s, -1, 1)
        flips = (u < p_accept[(s * h + 4) // 2]) & (colours == step % 2)
        s = mx.where(flips, -s, s)
    return s.astype(mx.int8)


def oracle(spins, p_accept, seed, first_step, steps):
    """Each half row holds the sites of one colour, so that a step touches half of the lattice."""
    rows, cols = spins.shape
    below = p_accept.astype(np.float32)
    odd = (np.arange(rows) % 2).astype(bool)
    halves = [np.empty((rows, cols // 2), np.int8) for _ in range(2)]
    sites = [np.empty((rows, cols // 2), np.uint32) for _ in range(2)]
    index = np.arange(rows * cols, dtype=np.uint32).reshape(rows, cols)
    for colour in range(2):
        for mine, start in ((~odd, colour), (odd, 1 - colour)):
            halves[colour][mine] = spins[mine, start::2]
            sites[colour][mine] = index[mine, start::2]
    for step in range(int(first_step), int(first_step + steps)):
        colour = step % 2
        s, other = halves[colour], halves[1 - colour]
        # The neighbours in a row: one has the same half index, the other lies before or after it.
        shifted = np.empty_like(other)
        starts_at_0 = ~odd if colour == 0 else odd
        shifted[starts_at_0] = np.roll(other[starts_at_0], 1, axis=1)
        shifted[~starts_at_0] = np.roll(other[~starts_at_0], -1, axis=1)
        h = other + shifted + np.roll(other, 1, axis=0) + np.roll(other, -1, axis=0)
        start = np.array([(int(seed) + step * STRIDE) & 0xFFFFFFFF], np.uint32)
        u = unit_floats(mix32(mix32(start)[0] ^ sites[colour]))
        flips = u < below[(s * h + 4) >> 1]
        np.negative(s, out=s, where=flips)
    found = np.empty_like(spins)
    for colour in range(2):
        for mine, start in ((~odd, colour), (odd, 1 - colour)):
            found[mine, start::2] = halves[colour][mine]
    return found


def signs(rng, shape, point):
    return (rng.integers(0, 2, shape, dtype=np.int8) * 2 - 1).astype(np.int8)


def acceptance(rng, shape, point):
    """The chance to flip at spin times field of -4, -2, 0, 2 and 4."""
    beta = point["beta"]
    return np.array([1, 1, 1, np.exp(-4 * beta), np.exp(-8 * beta)]).astype(np.float32)


def published_inputs(point):
    shape = (point["NY"], point["NX"])
    exponents = np.array([-4 * 0.42, -8 * 0.42])
    below = np.array([1, 1, 1, *np.exp(exponents)]).astype(np.float32)
    return {"spins": signs(np.random.default_rng(0xBADC0DE), shape, point), "p_accept": below}


def cost(point):
    cells = point["NX"] * point["NY"]
    return Cost(
        flops=12 * cells * point["steps"],
        bytes=cells * point["steps"],
        working_set=cells,
        least_bytes=2 * cells,
    )


def square(n, sweeps):
    return {
        "NX": n,
        "NY": n,
        "steps": 2 * sweeps,
        "beta": 0.42,
        "seed": 0xC0FFEE01,
        "first_step": 0,
    }


_HEIGHT = "min(16, pow2_floor(max_threads(ising_step) / 16))"

SPEC = KernelSpec(
    summary="`steps` half sweeps of checkerboard Metropolis on a periodic lattice",
    function="ising_step",
    reference=reference,
    oracle=oracle,
    inputs={
        "spins": Array("NY", "NX", dtype="int8", values=signs),
        "p_accept": Array(5, values=acceptance),
    },
    outputs={"spins": Array("NY", "NX", dtype="int8")},
    scalars={
        "NX": Scalar("uint32", "NX"),
        "NY": Scalar("uint32", "NY"),
        "step_idx": Scalar("uint32", "first_step + step"),
        "seed": Scalar("uint32", "seed"),
    },
    domain=Domain(
        {
            "NX": Range(2, 4096, multiple=2),
            "NY": Range(2, 4096, multiple=2),
            "steps": Range(1, 200),
            "beta": Range(0.1, 0.6),
            "seed": Range(0, 0xFFFFFFFF),
            "first_step": Range(0, 1 << 20),
        }
    ),
    sizes=series(
        {
            "256x256_100": square(256, 100),
            "1024x1024_50": square(1024, 50),
            "2048x2048_25": square(2048, 25),
        },
        {"1536x1536_40": square(1536, 40)},
        check=[
            {"NX": 2, "NY": 2, "steps": 2},
            {"NX": 34, "NY": 18, "steps": 3},
            {"NX": 16, "NY": 50, "steps": 4},
        ],
    ),
    tolerance=exact(),
    cost=cost,
    schedule=f"dispatch ising_step grid: round_up(NX, 16) round_up(NY, {_HEIGHT})"
    f" threadgroup: 16 {_HEIGHT} repeat: steps",
    published_tolerance=exact(),
    published_inputs=published_inputs,
    work=Work("bytes", lambda point: point["NX"] * point["NY"] * point["steps"]),
)
