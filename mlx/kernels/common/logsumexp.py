"""logsumexp over the last axis."""

from harness.spec import Array, Scalar, elementwise, rows
from harness.spec_rows import REDUCED, by_rows, log_sum_exp
from harness.spec_rows import logsumexp as formula


def reference(x):
    import mlx.core as mx

    return mx.logsumexp(x, axis=-1)


def oracle(x):
    return formula(x)[:, 0]


def in_numpy(x):
    return formula(x)[:, 0]


def in_torch(x):
    import torch

    return torch.logsumexp(x, dim=-1)


def rounding(inputs, expected, point):
    return log_sum_exp(inputs["x"])[:, 0]


SPEC = by_rows(
    REDUCED,
    summary="y = log(sum of exp(x)) over each row",
    function="logsumexp_f32",
    reference=reference,
    oracle=oracle,
    inputs={"x": Array(*REDUCED.shape, values=rows(means=10.0, stds=3.0))},
    outputs={"y": Array("rows")},
    scalars={"C": Scalar("uint32", "cols")},
    flops=4,
    tolerance=elementwise(rounding, "2^-20 and 8 eps of the largest element"),
    numpy_form=in_numpy,
    torch_form=in_torch,
    published_tolerance=(1e-4, 1e-4),
    notes="A row at 1000 overflows where no maximum is subtracted.",
)
