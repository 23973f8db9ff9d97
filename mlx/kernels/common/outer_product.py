"""outer_product: every product of an element of x and one of y."""

from harness.spec import Array, Range, Scalar, Sizes, normal
from harness.spec_pointwise import Form, pointwise, rounded_once

FORM = Form(
    ranges={"M": Range(1, 1 << 16), "N": Range(1, 1 << 16)},
    sizes=Sizes(
        published={"M": 1024, "N": 2048},
        large={"M": 8192, "N": 8192},
        check=[{"M": 1, "N": 1}, {"M": 31, "N": 1}, {"M": 25, "N": 41}, {"M": 7, "N": 9973}],
    ),
    schedule="grid: 65536 1 1\nthreadgroup: 1024 1 1",
)


def reference(x, y):
    return x[:, None] * y[None, :]


def with_outer(x, y):
    import mlx.core as mx

    return mx.outer(x, y)


def oracle(x, y):
    return x[:, None] * y[None, :]


def in_numpy(x, y):
    return x[:, None] * y[None, :]


def in_torch(x, y):
    import torch

    return torch.outer(x, y)


SPEC = pointwise(
    FORM,
    summary="C[i, j] = x[i] y[j]",
    function="outer_product_f32",
    reference=reference,
    oracle=oracle,
    forms={"mx.outer": with_outer},
    numpy_form=in_numpy,
    torch_form=in_torch,
    inputs={"x": Array("M", values=normal()), "y": Array("N", values=normal())},
    outputs={"C": Array("M", "N")},
    scalars={"M": Scalar("uint32", "M"), "N": Scalar("uint32", "N")},
    flops=1,
    tolerance=rounded_once(),
    chunked=("x",),
    published_tolerance=(1e-3, 1e-3),
    notes="No scalar carries the size of the public dispatch, so its kernels hard-code their step.",
)
