"""Element-wise problems: oracles stated twice, forms that agree, tolerances that refuse."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import mlx.core as mx
import numpy as np
import pytest

from harness.problem import catalog
from harness.spec import KernelSpec
from harness.spec_pointwise import VECTOR
from tests.unit.kernels.problems import Case, Values, case_of, widened

Number = Callable[..., float]


def logistic(z: float) -> float:
    """By the half-angle of tanh, where the oracles use exp."""
    return 0.5 + 0.5 * math.tanh(z / 2)


def gelu(z: float) -> float:
    return 0.5 * z * math.erfc(-z / math.sqrt(2))


def gelu_tanh(z: float) -> float:
    return 0.5 * z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


def softplus(z: float) -> float:
    return z if z > 40 else math.log1p(math.exp(z))


def clipped(z: float, low: float, high: float) -> float:
    return sorted((low, z, high))[1]


def single(z: float) -> float:
    return float(np.float32(z))


#: Second statements, number by number; parameters by the names they have in the SPEC.
STATED: Mapping[str, Number] = {
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "sigmoid": lambda x: logistic(x),
    "swish": lambda x: x * logistic(x),
    "selu": lambda x: 1.0507 * (x if x > 0 else 1.67326 * (math.exp(x) - 1)),
    "elu": lambda x, alpha: x if x > 0 else alpha * (math.exp(x) - 1),
    "logsigmoid": lambda x: -softplus(-x),
    "softplus": lambda x: softplus(x),
    "mish": lambda x: x * math.tanh(softplus(x)),
    "tanh": lambda x: 2 * logistic(2 * x) - 1,
    "exp": lambda x: 2.0 ** (x / math.log(2)),
    "log": lambda x: math.log2(math.fabs(x) + single(1e-30)) * math.log(2),
    "abs": lambda x: math.copysign(x, 1.0),
    "rsqrt": lambda x: math.fabs(x) ** -0.5,
    "clip": lambda x, lo, hi: clipped(x, lo, hi),
    "hardtanh": lambda x: clipped(x, -1.0, 1.0),
    "hardsigmoid": lambda x: clipped((x + 3) / 6, 0.0, 1.0),
    "hardswish": lambda x: 0.0 if x < -3 else x if x > 3 else x * (x + 3) / 6,
    "softsign": lambda x: x / (1 - x) if x < 0 else x / (1 + x),
    "prelu": lambda x, alpha: x if x > 0 else alpha * x,
    "where": lambda cond, a, b: a if cond > 0.5 else b,
    "matrix_add": lambda A, B: single(A + B),
    "matrix_scale": lambda A, alpha: single(A * alpha),
    "outer_product": lambda x, y: y * x,
    "residual_add": lambda X, R, alpha: math.fsum((X, R * alpha)),
    "dropout": lambda X, M, p: X / (1 - p) if M else 0.0,
    "bias_add": lambda X, B: math.fsum((X, B)),
    "bias_gelu": lambda X, B: gelu(X + B),
    "silu_residual": lambda x, a: x + a * logistic(a),
    "gelu_residual": lambda x, a: x + gelu_tanh(a),
    "add_silu": lambda x, a: (x + a) * logistic(x + a),
    "add_swish": lambda x, a: (x + a) * logistic(x + a),
    "mul_silu": lambda x, a: (x * a) * logistic(x * a),
    "add_gelu": lambda x, a: gelu_tanh(x + a),
    "mul_gelu": lambda x, a: gelu_tanh(x * a),
    "add_relu": lambda x, a: x + a if x > -a else 0.0,
    "mul_relu": lambda x, a: x * a if (x > 0) == (a > 0) else 0.0,
    "residual_tanh": lambda x, a: x + (2 * logistic(2 * a) - 1),
    "hardtanh_backward": lambda x, dy, lo, hi: dy
    if clipped(x, lo, hi) == x not in (lo, hi)
    else 0.0,
    "add_swish_beta": lambda x, a, beta: (x + a) * logistic(beta * (x + a)),
    "where_mask": lambda mask, a, b: a if mask else b,
    "dropout_mask": lambda x, mask, p: x / (1 - p) if mask else 0.0,
}
SPECS = {name: catalog.default().find(name).spec for name in STATED}
#: Where a second statement cancels, it is exact to this much of 1 alone.
CANCELS = {name: 1e-11 for name in ("sigmoid", "swish", "tanh", "silu_residual", "residual_tanh")}


def small(spec: KernelSpec) -> dict[str, float]:
    """A few hundred elements; parameters off their published values."""
    extents = {"rows": 9, "cols": 37, "M": 9, "N": 37, "length": 333}
    point = {}
    for name, allowed in spec.domain.ranges.items():
        point[name] = extents[name] if allowed.integral else allowed.low / 3 + allowed.high * 2 / 3
    return point


def by_number(tested: Case, stated: Number) -> Values:
    """The second statement on every element, rows and columns broadcast."""
    inputs = dict(widened(tested.inputs))
    if "M" in tested.spec.domain.ranges:
        inputs["x"] = inputs["x"][:, None]
    arrays = dict(zip(inputs, np.broadcast_arrays(*inputs.values()), strict=True))
    parameters = {
        n: v for n, v in tested.point.items() if not tested.spec.domain.ranges[n].integral
    }
    shape = next(iter(arrays.values())).shape
    flat = [
        stated(**{n: float(v[index]) for n, v in arrays.items()}, **parameters)
        for index in np.ndindex(*shape)
    ]
    return np.reshape(flat, shape)


@pytest.mark.parametrize("name", STATED)
def test_oracle_against_a_second_statement(name: str) -> None:
    tested = case_of(SPECS[name], small(SPECS[name]))
    again = by_number(tested, STATED[name])
    absolute = CANCELS.get(name, 1e-13)
    np.testing.assert_allclose(tested.expected, again, rtol=1e-10, atol=absolute)


@pytest.mark.parametrize("name", STATED)
def test_every_form_agrees_with_the_oracle(name: str) -> None:
    spec = SPECS[name]
    for point in spec.sizes.check_points():
        tested = case_of(spec, point)
        got = {}
        with mx.stream(mx.cpu):
            arrays = {name: mx.array(values) for name, values in tested.inputs.items()}
            for form, function in {"mlx": spec.reference, **spec.forms}.items():
                got[form] = tested.call(function, arrays)
        if spec.numpy_form is not None:
            with np.errstate(all="ignore"):
                got["numpy"] = tested.call(spec.numpy_form, tested.inputs)
        for form, values in got.items():
            assert values.dtype == np.float32, form
            assert values.shape == tested.expected.shape, form
            assert tested.refusal(values) is None, form


def naive_softplus(x: Values) -> Values:
    return np.log(1 + np.exp(x))


#: What a careless kernel computes in float32, right for moderate numbers alone.
CARELESS: Mapping[str, Callable[..., Values]] = {
    "softplus": naive_softplus,
    "logsigmoid": lambda x: -naive_softplus(-x),
    "mish": lambda x: x * ((1 + np.exp(x)) ** 2 - 1) / ((1 + np.exp(x)) ** 2 + 1),
    "tanh": lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1),
    "swish": lambda x: x * np.exp(x) / (1 + np.exp(x)),
    "sigmoid": lambda x: np.exp(x) / (1 + np.exp(x)),
    "elu": lambda x: np.maximum(x, 0) + (np.exp(x) - 1) * (x <= 0),
}


@pytest.mark.parametrize("name", CARELESS)
def test_what_overflows_is_refused_and_what_is_rounded_is_not(name: str) -> None:
    spec = SPECS[name]
    tested = case_of(spec, {**spec.sizes.published, "rows": 9, "cols": 409})
    with np.errstate(all="ignore"):
        got = CARELESS[name](tested.inputs["x"])
    assert tested.refusal(got) is not None
    moderate = np.abs(tested.inputs["x"]) < 8
    assert 0.5 < moderate.mean() < 0.95
    assert tested.refusal(np.where(moderate, got, tested.expected)) is None


@pytest.mark.parametrize("name", ["bias_gelu", "gelu_residual", "add_gelu", "mul_gelu"])
def test_gelu_tells_its_two_forms_apart(name: str) -> None:
    other = gelu_tanh if name == "bias_gelu" else gelu
    stated: Mapping[str, Number] = {
        "bias_gelu": lambda X, B: other(X + B),
        "gelu_residual": lambda x, a: x + other(a),
        "add_gelu": lambda x, a: other(x + a),
        "mul_gelu": lambda x, a: other(x * a),
    }
    tested = case_of(SPECS[name], small(SPECS[name]))
    assert tested.refusal(by_number(tested, stated[name])) is not None


PARAMETERS = [
    (name, scalar)
    for name, spec in SPECS.items()
    for scalar, allowed in spec.domain.ranges.items()
    if not allowed.integral
]


@pytest.mark.parametrize(("name", "scalar"), PARAMETERS)
def test_a_kernel_that_ignores_a_parameter_is_refused(name: str, scalar: str) -> None:
    spec = SPECS[name]
    tested = case_of(spec, small(spec))
    fixed = replace(tested, point={**tested.point, scalar: spec.sizes.published[scalar]})
    with np.errstate(over="ignore"):
        got = fixed.call(spec.oracle, widened(tested.inputs))
    assert tested.refusal(got) is not None


def test_conditions_lie_on_both_sides_of_the_threshold_and_on_it() -> None:
    values = case_of(SPECS["where"], SPECS["where"].sizes.published).inputs["cond"]
    assert {0.0, 0.25, 0.5, 0.75, 1.0} <= set(np.unique(values).tolist())
    assert len(np.unique(values)) == 7
    shares = (values > 0.5).mean(axis=1)
    assert shares.min() < 0.05 and shares.max() > 0.95 and 0.4 < shares.mean() < 0.6


def test_vectors_are_judged_where_memory_counts() -> None:
    held = 3 * 4 * VECTOR.sizes.large_point()["length"]
    assert 256 << 20 <= held <= 1 << 30


def test_what_cannot_be_ranked_says_which_fault_forces_it() -> None:
    unranked = {name: spec.unranked_reason[:3] for name, spec in SPECS.items() if not spec.ranked}
    assert unranked == {"hardtanh": "P12", "add_swish": "P12", "where": "P02", "dropout": "P02"}
