"""instance_norm_affine: channels normalised over their images, NCHW, with scale and shift."""

import numpy as np

from harness.spec import Array, Range, Scalar, Sizes, elementwise, normal, rows
from harness.spec_pointwise import Form
from harness.spec_rows import EPSILON, affine, by_rows, normalised

FORM = Form(
    ranges={"N": Range(1, 256), "C": Range(1, 1024), "H": Range(1, 1024), "W": Range(1, 1024)},
    sizes=Sizes(
        published={"N": 8, "C": 64, "H": 32, "W": 32},
        large={"N": 64, "C": 128, "H": 64, "W": 64},
        check=[
            {"N": 1, "C": 1, "H": 1, "W": 1},
            {"N": 2, "C": 3, "H": 5, "W": 7, "eps": 1e-3},
            {"N": 3, "C": 5, "H": 1, "W": 37, "eps": 1e-2},
            {"N": 1, "C": 2, "H": 33, "W": 129, "eps": 1e-6},
        ],
    ),
    schedule="grid: 1024 N * C 1\nthreadgroup: 1024 1 1",
)


def uneven(rng, shape, point):
    """Images that differ in mean and scale."""
    flat = (shape[0] * shape[1], shape[2] * shape[3])
    draw = rows(means=3.0, stds=10.0, offset=(100.0, 0.1))
    return draw(rng, flat, point).reshape(shape)


def reference(X, gamma, beta, eps):
    import mlx.core as mx

    mean = mx.mean(X, axis=(2, 3), keepdims=True)
    y = (X - mean) * mx.rsqrt(mx.var(X, axis=(2, 3), keepdims=True) + eps)
    return y * gamma[:, None, None] + beta[:, None, None]


def in_fast(X, gamma, beta, eps):
    import mlx.core as mx

    rows = X.reshape(X.shape[0], X.shape[1], -1)
    y = mx.fast.layer_norm(rows, None, None, eps).reshape(X.shape)
    return y * gamma[:, None, None] + beta[:, None, None]


def oracle(X, gamma, beta, eps):
    y = X - X.mean(axis=(2, 3), keepdims=True)
    y /= np.sqrt(np.mean(np.square(y), axis=(2, 3), keepdims=True) + eps)
    return y * gamma[:, None, None] + beta[:, None, None]


def in_torch(X, gamma, beta, eps):
    import torch

    return torch.nn.functional.instance_norm(X, weight=gamma, bias=beta, eps=eps)


def rounding(inputs, expected, point):
    x = inputs["X"]
    images = x.reshape(x.shape[0], x.shape[1], -1)
    plain = normalised(images, point["eps"]).reshape(x.shape)
    gamma, beta = (inputs[name][:, None, None] for name in ("gamma", "beta"))
    return affine(plain, expected, gamma, beta)


SPEC = by_rows(
    FORM,
    summary="Y = gamma (X - mean) / sqrt(var + eps) + beta over each image of N and C, NCHW",
    function="instance_norm_affine_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        "X": Array(*FORM.shape, values=uneven),
        "gamma": Array("C", values=normal(mean=1.0, std=0.5)),
        "beta": Array("C", values=normal()),
    },
    outputs={"Y": Array(*FORM.shape)},
    scalars={name: Scalar("uint32", name) for name in FORM.shape},
    parameters={"eps": EPSILON},
    flops=10,
    chunked=("X",),
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the image's sums"),
    numpy_form=oracle,
    torch_form=in_torch,
    corrects="instance_norm",
    notes="Biased variance.",
)
