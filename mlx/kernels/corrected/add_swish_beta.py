"""add_swish_beta: swish of a sum, with its slope as a parameter."""

import numpy as np

from harness.spec import mixture, sigmoid
from harness.spec_pointwise import Parameter, binary, fast_math


def reference(x, a, beta):
    import mlx.core as mx

    return (x + a) * mx.sigmoid(beta * (x + a))


def oracle(x, a, beta):
    return (x + a) * sigmoid(beta * (x + a))


def in_numpy(x, a, beta):
    return (x + a) / (1 + np.exp(-np.float32(beta) * (x + a)))


def in_torch(x, a, beta):
    import torch

    return (x + a) * torch.sigmoid(beta * (x + a))


SPEC = binary(
    summary="y = z / (1 + exp(-beta z)), z = x + a",
    function="add_swish_beta_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    x=mixture(std=2.0),
    a=mixture(std=2.0),
    parameters={"beta": Parameter(1.5, 0.5, 4.0)},
    flops=6,
    tolerance=fast_math("x", "a"),
    corrects="add_swish",
    notes="With beta = 1 this is add_silu, which add_swish repeats.",
)
