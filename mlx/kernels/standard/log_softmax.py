"""log_softmax over the last axis."""

from harness.spec import Array, Scalar, elementwise, rows
from harness.spec_rows import NORMED, by_rows, log_sum_exp, logsumexp


def reference(X):
    import mlx.core as mx

    return X - mx.logsumexp(X, axis=-1, keepdims=True)


def in_softmax(X):
    import mlx.core as mx

    return mx.log(mx.softmax(X, axis=-1))


def oracle(X):
    return X - logsumexp(X)


def in_torch(X):
    import torch

    return torch.log_softmax(X, dim=-1)


def rounding(inputs, expected, point):
    return log_sum_exp(inputs["X"])


SPEC = by_rows(
    NORMED,
    summary="Y = X - log(sum of exp(X)) over each row",
    function="log_softmax_f32",
    reference=reference,
    forms={"log of mx.softmax": in_softmax},
    oracle=oracle,
    inputs={"X": Array(*NORMED.shape, values=rows(means=10.0, stds=3.0))},
    outputs={"Y": Array(*NORMED.shape)},
    scalars={"C": Scalar("uint32", "cols")},
    flops=5,
    tolerance=elementwise(rounding, "2^-20 and 8 eps of the row's largest element"),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-4, 1e-4),
    notes="A row at 1000 overflows where no maximum is subtracted.",
)
