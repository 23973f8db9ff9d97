"""A Lennard-Jones fluid: cells built with atomics, then forces from neighbouring cells."""

from dataclasses import replace

import numpy as np

from harness.spec import (
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Tolerance,
    Work,
    elementwise,
)
from harness.spec_science import board, of_largest, series, three_of_four

#: No cell of the domain holds more particles.
MOST = 32
#: Added to the cutoff of the oracle's pairs, which stay valid while nothing moves half of it.
SKIN = 0.4
#: Boxes away from which float32 no longer knows where in its box a particle is: overlapping starts.
FLOWN_OFF = 1e6


def _cells(pos, L, M):
    """The cell of every particle along each axis."""
    wrapped = pos - L * np.floor(pos / L)
    return np.minimum((wrapped / (L / M)).astype(np.int64), M - 1)


def _pairs(pos, L, reach):
    """Pairs (i < j) nearer than `reach`, by the minimum image."""
    M = max(1, int(L / reach))
    if M < 3:
        i, j = np.triu_indices(len(pos), 1)
        return _near(pos, L, reach, i, j)
    cells = _cells(pos, L, M)
    number = (cells[:, 2] * M + cells[:, 1]) * M + cells[:, 0]
    counts = np.bincount(number, minlength=M**3)
    order = np.argsort(number, kind="stable")
    slots = np.arange(len(pos)) - np.repeat(np.cumsum(counts) - counts, counts)
    table = np.full((M, M, M, counts.max()), -1)
    table.reshape(M**3, -1)[number[order], slots] = order
    found = []
    for dz in (-1, 0, 1):
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                other = np.roll(table, (-dz, -dy, -dx), axis=(0, 1, 2))
                i = np.broadcast_to(table[..., :, None], (*table.shape, table.shape[-1]))
                j = np.broadcast_to(other[..., None, :], i.shape)
                valid = (i >= 0) & (j > i)
                found.append(_near(pos, L, reach, i[valid], j[valid]))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def _near(pos, L, reach, i, j):
    apart = pos[j] - pos[i]
    apart -= L * np.round(apart / L)
    near = (apart * apart).sum(axis=1) < reach * reach
    return i[near], j[near]


def oracle(pos_in, vel_in, L, rcut2, dt, steps):
    """Forces in float64, rounded; positions and velocities in float32, as the contract has it."""
    pos, vel = pos_in[:, :3].astype(np.float32), vel_in[:, :3].astype(np.float32)
    at, step, count = None, np.float32(dt), len(pos)
    for _ in range(int(steps)):
        wide = pos.astype(np.float64)
        if not (np.abs(wide) < FLOWN_OFF * L).all():
            pos = vel = np.full_like(pos, np.nan)
            break
        if at is None or np.abs(wide - at).max() > 0.25 * SKIN:
            at, (i, j) = wide, _pairs(wide, L, np.sqrt(rcut2) + SKIN)
        apart = wide[j] - wide[i]
        apart -= L * np.round(apart / L)
        square = (apart * apart).sum(axis=1)
        inside = (square > 1e-12) & (square < rcut2)
        inverse = np.where(inside, 1.0 / np.where(inside, square, 1.0), 0.0)
        sixth = inverse**3
        push = (-24.0 * (2.0 * sixth * sixth - sixth) * inverse)[:, None] * apart
        force = np.stack(
            [
                np.bincount(i, push[:, a], count) - np.bincount(j, push[:, a], count)
                for a in range(3)
            ],
            axis=1,
        )
        vel = vel + force.astype(np.float32) * step
        pos = pos + vel * step
    zero = np.zeros((count, 1), dtype=np.float32)
    return np.hstack([pos, zero]), np.hstack([vel, zero])


def reference(pos_in, vel_in, N, M, L, rcut2, dt, steps):
    """Particles sorted into cells of a fixed width, then cell against cell for 27 shifts."""
    import mlx.core as mx

    side, count, width = int(M), int(N), MOST
    pos, vel = pos_in[:, :3], vel_in[:, :3]
    cells = side**3
    for _ in range(int(steps)):
        wrapped = pos - L * mx.floor(pos / L)
        at = mx.minimum((wrapped / (L / side)).astype(mx.int32), side - 1)
        number = (at[:, 2] * side + at[:, 1]) * side + at[:, 0]
        order = mx.argsort(number)
        ordered = number[order]
        held = mx.zeros(cells, dtype=mx.int32).at[ordered].add(1)
        first = mx.cumsum(held) - held
        slots = ordered * width + (mx.arange(count) - first[ordered])
        table = mx.full((cells * width, 3), 1e6)
        table[slots] = wrapped[order]
        table = table.reshape(side, side, side, width, 3)
        mine, force = table[..., :, None, :], mx.zeros(table.shape)
        for dz in (-1, 0, 1):
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    other = mx.roll(table, (-dz, -dy, -dx), axis=(0, 1, 2))[..., None, :, :]
                    apart = other - mine
                    apart = apart - L * mx.round(apart / L)
                    square = (apart * apart).sum(axis=-1, keepdims=True)
                    inside = (square > 1e-12) & (square < rcut2) & (other < 1e5) & (mine < 1e5)
                    inverse = mx.where(inside, 1.0 / mx.maximum(square, 1e-6), 0.0)
                    sixth = inverse * inverse * inverse
                    push = -24.0 * (2.0 * sixth * sixth - sixth) * inverse
                    force = force + (push * apart).sum(axis=-2)
        vel = vel + dt * force.reshape(-1, 3)[slots][mx.argsort(order)]
        pos = pos + dt * vel
    zero = mx.zeros((count, 1))
    return mx.concatenate([pos, zero], 1), mx.concatenate([vel, zero], 1)


def _lattice(rng, count, side, spacing):
    """The first `count` sites of a cubic lattice, shaken, and the box they lie in."""
    site = np.arange(side**3)
    grid = np.stack([site // (side * side), site // side % side, site % side], axis=1)
    pos = grid.astype(np.float32) * np.float32(spacing)
    pos += rng.uniform(-0.05 * spacing, 0.05 * spacing, pos.shape).astype(np.float32)
    length = np.float32(spacing * side)
    pos -= length * np.floor(pos / length)
    return pos[:count], length


def fluid(rng, shape, point):
    """A shaken lattice with sites missing anywhere, some particles outside the box."""
    side, count = int(point["side"]), shape[0]
    pos, length = _lattice(rng, side**3, side, point["spacing"])
    found = np.zeros(shape, dtype=np.float32)
    found[:, :3] = pos[rng.permutation(side**3)[:count]]
    out = rng.random(count) < 1 / 8
    found[out, :3] += length * rng.integers(-1, 2, (int(out.sum()), 3)).astype(np.float32)
    return found


def motion(rng, shape, point):
    values = rng.uniform(-0.3, 0.3, shape).astype(np.float32)
    values -= values.mean(axis=0)
    values[:, 3] = 0
    return values


def published_inputs(point):
    rng, count = np.random.default_rng(0xCAFE), point["N"]
    pos, vel = np.zeros((count, 4), np.float32), np.zeros((count, 4), np.float32)
    side = round(count ** (1 / 3))
    length = 1.15 * side
    grid = np.arange(count)
    sites = np.stack([grid // (side * side), grid // side % side, grid % side], axis=1)
    spacing = length / side
    pos[:, :3] = sites.astype(np.float32) * np.float32(spacing)
    pos[:, :3] += rng.uniform(-0.05 * spacing, 0.05 * spacing, (count, 3)).astype(np.float32)
    pos[:, :3] -= np.float32(length) * np.floor(pos[:, :3] / np.float32(length))
    drawn = rng.uniform(-0.3, 0.3, (count, 3)).astype(np.float32)
    vel[:, :3] = drawn - drawn.mean(axis=0)
    return {"pos_in": pos, "vel_in": vel}


#: Pairs within the cutoff at the start of the published sizes.
PAIRS = {1728: 29051, 4096: 68859, 10648: 178608, 2744: 46093}


def work(point):
    pairs = PAIRS.get(int(point["N"]), 16.8 * point["N"])
    return 2 * pairs * 20 * point["steps"]


def cost(point):
    count, cells = point["N"], point["M"] ** 3
    held = 64 * count + 4 * cells * (1 + point["MAX_PER_CELL"])
    return Cost(
        flops=work(point),
        bytes=(80 * count + 12 * cells) * point["steps"],
        working_set=held,
        least_bytes=64 * count,
    )


def size(side, M, steps):
    box = {"side": side, "spacing": 1.15, "M": M, "MAX_PER_CELL": 64}
    return {"N": side**3, **box, "steps": steps, "rcut2": 6.25, "dt": 0.005}


def apart_from_cutoff():
    """Position and velocity bounds. A pair that lies on the cutoff may be on either side of it in
    float32: one in five hundred particles may miss by what such pairs push."""
    strict = three_of_four(of_largest(4e-7, 25.0), of_largest(1e-4))

    def bounds(inputs, expected, point):
        sixth = point["rcut2"] ** -3
        push = 24 * abs(2 * sixth * sixth - sixth) / np.sqrt(point["rcut2"])
        speed = 4 * push * point["dt"]
        outer = (speed * point["dt"] * point["steps"], speed)

        def within(limit, due_bound):
            def whole(got, due):
                missed = float(np.max(np.abs(got - due)[:, :3], initial=0.0))
                most = limit + due_bound
                return "" if missed <= most else f"a value misses by {missed:.3g} > {most:.3g}"

            return whole

        return tuple(
            replace(bound, missing_rows=0.002, whole=within(limit, float(np.max(bound.absolute))))
            for bound, limit in zip(strict(inputs, expected, point), outer, strict=True)
        )

    return Tolerance(f"{strict.description}; more where a pair lies on the cutoff", bounds)


_CLEAR = "min(64, max_threads(lj_clear_cells))"
_BUILD = "min(128, max_threads(lj_build_cells))"
_STEP = "min(128, max_threads(lj_step))"

SPEC = KernelSpec(
    summary="`steps` steps of a Lennard-Jones fluid in a periodic box of M^3 cells",
    function="lj_step",
    reference=reference,
    oracle=oracle,
    inputs={
        "pos_in": Array("N", 4, values=fluid),
        "vel_in": Array("N", 4, values=motion),
    },
    outputs={"pos_out": Array("N", 4), "vel_out": Array("N", 4)},
    scalars={
        "N": Scalar("uint32", "N"),
        "M": Scalar("uint32", "M"),
        "L": Scalar("float32", "side * spacing"),
        "rcut2": Scalar("float32", "rcut2"),
        "dt": Scalar("float32", "dt"),
        "MAX_PER_CELL": Scalar("uint32", "MAX_PER_CELL"),
    },
    domain=Domain(
        {
            "N": Range(1, 13824),
            "side": Range(7, 24),
            "spacing": Range(1.1, 1.2),
            "M": Range(3, 11),
            "MAX_PER_CELL": Range(32, 96),
            "steps": Range(1, 20),
            "rcut2": Range(4.0, 6.25),
            "dt": Range(0.001, 0.005),
        },
        constraints=(
            "N <= side * side * side",
            "rcut2 * M * M <= side * spacing * side * spacing",
            "side * spacing <= 2.8 * M",
        ),
    ),
    sizes=series(
        {
            "N1728_M5_steps20": size(12, 5, 20),
            "N4096_M7_steps15": size(16, 7, 15),
            "N10648_M10_steps10": size(22, 10, 10),
        },
        {"N2744_M6_steps12": size(14, 6, 12)},
        check=[
            {"N": 1, "side": 7, "M": 3, "steps": 1},
            {"N": 343, "side": 7, "M": 3, "steps": 1},
            {"N": 300, "side": 7, "M": 3, "steps": 2},
        ],
    ),
    tolerance=apart_from_cutoff(),
    cost=cost,
    schedule="scratch cell_count: uint M * M * M\n"
    "scratch cell_list: uint M * M * M * MAX_PER_CELL\n"
    "repeat: steps swap: pos_in,pos_out swap: vel_in,vel_out\n"
    f"dispatch lj_clear_cells grid: round_up(M * M * M, {_CLEAR}) threadgroup: {_CLEAR}"
    " bind 0=cell_count const 1=M * M * M\n"
    f"dispatch lj_build_cells grid: round_up(N, {_BUILD}) threadgroup: {_BUILD}"
    " bind 0=pos_in bind 1=cell_count bind 2=cell_list bind 3=N bind 4=M bind 5=L"
    " bind 6=MAX_PER_CELL\n"
    f"dispatch lj_step grid: round_up(N, {_STEP}) threadgroup: {_STEP}"
    " bind 4=cell_count bind 5=cell_list bind 6=N bind 7=M bind 8=L bind 9=rcut2 bind 10=dt"
    " bind 11=MAX_PER_CELL\n"
    "end",
    consumed=("pos_in", "vel_in"),
    order=("pos_in", "pos_out", "vel_in", "vel_out"),
    published_tolerance=three_of_four(
        board(1e-4, 0.0), elementwise(lambda inputs, expected, point: np.inf, "not compared")
    ),
    published_inputs=published_inputs,
    work=Work("flops", work),
)
