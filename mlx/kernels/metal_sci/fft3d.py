"""A complex Fourier transform of a cube, one pass for each axis."""

import numpy as np

from harness.spec import (
    EPS,
    Array,
    Bound,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Tolerance,
    Work,
    relative_l2,
)
from harness.spec_science import board, series


def reference(in_data):
    import mlx.core as mx

    whole = mx.fft.fftn(mx.view(in_data, mx.complex64)[..., 0])
    return mx.view(whole[..., None], mx.float32)


def oracle(in_data):
    found = np.fft.fftn(in_data[..., 0] + 1j * in_data[..., 1])
    return np.stack([found.real, found.imag], axis=-1)


def in_torch(in_data):
    import torch

    return torch.view_as_real(torch.fft.fftn(torch.view_as_complex(in_data)))


def mixed(rng, shape, point):
    """Noise, one impulse and one wave, over a range of sizes: linear, so each counts."""
    n = shape[0]
    values = rng.standard_normal(shape, dtype=np.float32)
    values[tuple(rng.integers(n, size=3))] += np.float32(n**1.5)
    k, j, i = rng.integers(n, size=3)
    turns = np.add.outer(np.add.outer(np.arange(n) * k, np.arange(n) * j), np.arange(n) * i) % n
    phases = (2 * np.pi / n) * np.arange(n)
    values[..., 0] += np.cos(phases).astype(np.float32)[turns]
    values[..., 1] += np.sin(phases).astype(np.float32)[turns]
    values *= np.float32(10.0 ** rng.uniform(-3, 3))
    return values


def published_inputs(point):
    n, rng = 1 << int(point["logN"]), np.random.default_rng(0xF17F)
    parts = [rng.standard_normal((n, n, n), dtype=np.float32) for _ in range(2)]
    return {"in_data": np.stack(parts, axis=-1)}


def rounding(share):
    """`share` of the root mean square of a component, and one rounding of the largest for each root
    of unity that it is turned by: what a wave puts into one element passes every stage."""

    def bounds(inputs, expected, point):
        (one,) = expected
        turned = 3 * (point["logN"] + 1) * EPS * np.max(np.abs(one))
        return (Bound(share * np.sqrt(np.mean(np.square(one))) + turned),)

    return Tolerance(f"{share:g} of the root mean square, a rounding of the largest a turn", bounds)


def cost(point):
    cells = 8 ** point["logN"]
    return Cost(
        flops=15 * cells * point["logN"],
        bytes=48 * cells,
        working_set=16 * cells,
        least_bytes=16 * cells,
    )


_GRID = "grid: pow2(logN) pow2(2 * logN) threadgroup: pow2(logN)"

SPEC = KernelSpec(
    summary="the unnormalised forward Fourier transform of a complex cube of side 2^logN",
    function="fft3d_x",
    reference=reference,
    oracle=oracle,
    inputs={"in_data": Array("pow2(logN)", "pow2(logN)", "pow2(logN)", 2, values=mixed)},
    outputs={"out_data": Array("pow2(logN)", "pow2(logN)", "pow2(logN)", 2)},
    scalars={"N": Scalar("uint32", "pow2(logN)")},
    domain=Domain({"logN": Range(1, 9)}, max_elements=1 << 26),
    sizes=series(
        {"32cube": {"logN": 5}, "64cube": {"logN": 6}, "128cube": {"logN": 7}},
        {"256cube": {"logN": 8}},
        # What these leave of the few powers of two is for the gate to draw.
        check=[{"logN": 1}, {"logN": 4}],
    ),
    tolerance=rounding(2e-5) & relative_l2(5e-6, axis=None),
    cost=cost,
    schedule=f"dispatch fft3d_x {_GRID}\n"
    f"dispatch fft3d_y {_GRID} bind 0=out_data bind 1=in_data\n"
    f"dispatch fft3d_z {_GRID}",
    torch_form=in_torch,
    consumed=("in_data",),
    published_tolerance=board(1e-3, 1e-3),
    published_inputs=published_inputs,
    work=Work("bytes", lambda point: 96 * 8 ** point["logN"]),
    notes="Three passes move 48 bytes a cell. The public board counts 96, so its fractions are "
    "twice too high; both are shown.",
)
