"""group_norm: groups of channels of every sample normalised together, NCHW, no affine part."""

from dataclasses import replace

import numpy as np

from harness.spec import Array, Domain, Range, Scalar, Sizes, elementwise, rows
from harness.spec_pointwise import Form
from harness.spec_rows import EPSILON, by_rows, normalised

FORM = Form(
    ranges={
        "N": Range(1, 256),
        "C": Range(1, 1024),
        "H": Range(1, 512),
        "W": Range(1, 512),
        "G": Range(1, 32),
    },
    sizes=Sizes(
        published={"N": 8, "C": 64, "H": 32, "W": 32, "G": 8},
        large={"N": 64, "C": 128, "H": 64, "W": 64, "G": 32},
        check=[
            {"N": 1, "C": 1, "H": 1, "W": 1, "G": 1},
            {"N": 2, "C": 6, "H": 5, "W": 7, "G": 3, "eps": 1e-3},
            {"N": 3, "C": 15, "H": 1, "W": 37, "G": 5, "eps": 1e-2},
            {"N": 1, "C": 4, "H": 33, "W": 65, "G": 2, "eps": 1e-6},
        ],
    ),
    schedule="grid: 1024 N * G 1\nthreadgroup: 1024 1 1",
)


def uneven(rng, shape, point):
    """Channels that differ in mean and scale."""
    flat = (shape[0] * shape[1], shape[2] * shape[3])
    draw = rows(means=3.0, stds=10.0, offset=(100.0, 0.1))
    return draw(rng, flat, point).reshape(shape)


def reference(X, G, eps):
    import mlx.core as mx

    groups = X.reshape(X.shape[0], int(G), -1)
    mean = mx.mean(groups, axis=-1, keepdims=True)
    variance = mx.var(groups, axis=-1, keepdims=True)
    return ((groups - mean) * mx.rsqrt(variance + eps)).reshape(X.shape)


def in_fast(X, G, eps):
    import mlx.core as mx

    groups = X.reshape(X.shape[0], int(G), -1)
    return mx.fast.layer_norm(groups, None, None, eps).reshape(X.shape)


def oracle(X, G, eps):
    y = X.reshape(X.shape[0], int(G), -1)
    y = y - y.mean(axis=-1, keepdims=True)
    y /= np.sqrt(np.mean(np.square(y), axis=-1, keepdims=True) + eps)
    return y.reshape(X.shape)


def in_torch(X, G, eps):
    import torch

    return torch.nn.functional.group_norm(X, int(G), eps=eps)


def rounding(inputs, expected, point):
    x = inputs["X"]
    groups = x.reshape(x.shape[0], int(point["G"]), -1)
    return normalised(groups, point["eps"]).reshape(x.shape)


_SPEC = by_rows(
    FORM,
    summary="Y = (X - mean) / sqrt(var + eps) over each of G groups of channels with H and W, NCHW",
    function="group_norm_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={"X": Array("N", "C", "H", "W", values=uneven)},
    outputs={"Y": Array("N", "C", "H", "W")},
    scalars={name: Scalar("uint32", name) for name in FORM.ranges},
    parameters={"eps": EPSILON},
    flops=8,
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the group's sums"),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="Groups are consecutive channels. Biased variance. The published ABI has no scale and "
    "shift: group_norm_affine has.",
    ranked=False,
    unranked_reason="scale and shift are not exercised; group_norm_affine ranks",
)
SPEC = replace(_SPEC, domain=Domain(_SPEC.domain.ranges, ("C % G == 0",)))
