"""Products, attention and networks: oracles stated twice, forms that agree, what has to be refused.

The second statements share no function with the oracles: sums over named indices, softmax by its
logarithm, rotation by complex numbers, erf by the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from harness.problem import catalog
from harness.problem.oracle import names_at
from tests.unit.kernels.problems import Case, Values, case_of, widened

Names = Mapping[str, float]
Inputs = Mapping[str, Values]
Stated = Callable[[Inputs, Names], Values]
_phi = np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)))


def product(a: Values, b: Values) -> Values:
    return np.einsum("mk,kn->mn", a, b)


def gelu(z: Values) -> Values:
    return z * _phi(z)


def silu(z: Values) -> Values:
    return 0.5 * z * (1 + np.tanh(z / 2))


def weights(scores: Values, causal: bool = False) -> Values:
    if causal:
        scores = np.where(np.tri(scores.shape[-1], dtype=bool), scores, -1e30)
    return np.exp(scores - np.logaddexp.reduce(scores, axis=-1)[..., None])


def heads(q: Values, k: Values, v: Values, scale: float, causal: bool = False) -> Values:
    """(queries, head, width) each; the heads side by side."""
    found = weights(scale * np.einsum("qhd,khd->hqk", q, k), causal)
    return np.einsum("hqk,khd->qhd", found, v).reshape(len(q), -1)


def turned(x: Values, base: float) -> Values:
    """(positions, head, width): pairs as complex numbers."""
    width = x.shape[-1]
    angle = np.arange(len(x))[:, None] / base ** (2 * np.arange(width // 2) / width)
    pairs = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angle)[:, None]
    return np.stack([pairs.real, pairs.imag], axis=-1).reshape(x.shape)


def llama(x: Values, i: Inputs, n: Names) -> Values:
    kept, shared = int(n["H_kv"]), int(n["G"])
    z = product(x, i["W_qkv"]).reshape(len(x), -1, int(n["W"]))
    q, k, v = z[:, : kept * shared], z[:, kept * shared : -kept], z[:, -kept:]
    k, v = (np.repeat(part, shared, axis=1) for part in (turned(k, n["base"]), v))
    return product(heads(turned(q, n["base"]), k, v, n["W"] ** -0.5), i["W_o"])


def rms(x: Values, eps: float) -> Values:
    return x * (np.einsum("mk,mk->m", x, x) / x.shape[1] + eps)[:, None] ** -0.5


def llama_layer(i: Inputs, n: Names) -> Values:
    x = i["x"] + llama(rms(i["x"], n["eps"]), i, n)
    z = product(rms(x, n["eps"]), i["W_gu"])
    half = z.shape[1] // 2
    return x + product(silu(z[:, :half]) * z[:, half:], i["W_down"])


def transformer(i: Inputs, n: Names) -> Values:
    def norm(x: Values) -> Values:
        return (x - x.mean(1)[:, None]) / np.sqrt(np.var(x, 1)[:, None] + n["eps"])

    x = i["x"]
    z = product(norm(x), i["W_qkv"]).reshape(len(x), 3, int(n["H"]), -1)
    x = x + product(heads(z[:, 0], z[:, 1], z[:, 2], z.shape[-1] ** -0.5), i["W_o"])
    return x + product(gelu(product(norm(x), i["W_ff1"])), i["W_ff2"])


def mha(i: Inputs, n: Names) -> Values:
    q, k, v = (
        product(i["x"], i[w]).reshape(len(i["x"]), int(n["H"]), -1) for w in ("wq", "wk", "wv")
    )
    return product(heads(q, k, v, n["scale"]), i["wo"])


def causal(i: Inputs, n: Names) -> Values:
    parts = (i[name].transpose(1, 0, 2) for name in "QKV")
    flat = heads(*parts, scale=i["Q"].shape[-1] ** -0.5, causal=True)
    return flat.reshape(len(flat), len(i["Q"]), -1).transpose(1, 0, 2)


def split_heads(i: Inputs, n: Names) -> Values:
    w = i["W"].reshape(len(i["W"]), 3, int(n["H"]), -1)
    bias = i["Bias"].reshape(w.shape[1:])
    return np.einsum("sd,dphc->phsc", i["X"], w) + bias[:, :, None]


def convolved(x: Values, w: Values, border: int, outside: Any = "constant") -> Values:
    x = np.pad(x, ((0, 0), (border, border), (border, border), (0, 0)), mode=outside)
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[1:3], (1, 2))
    return np.einsum("bhwcrs,orsc->bhwo", windows, w)


def alexnet(i: Inputs, n: Names) -> Values:
    x = i["x"]
    for name in ("Wc1", "Wc2", "Wc3"):
        x = convolved(x, i[name], border=0)
        high, wide = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
        x = x[:, :high, :wide]
        x = np.maximum.reduce([x[:, r::2, c::2] for r in (0, 1) for c in (0, 1)])
        x = (np.abs(x) + x) / 2
    hidden = product(x.reshape(len(x), -1), i["Wfc1"])
    return product((np.abs(hidden) + hidden) / 2, i["Wfc2"])


def resnet(i: Inputs, n: Names, outside: str = "constant") -> Values:
    h = convolved(i["x"], i["W_stem"], 1, outside).clip(0)
    h = (convolved(convolved(h, i["W_a"], 1).clip(0), i["W_b"], 1) + h).clip(0)
    return np.einsum("bhwc,cn->bn", h, i["W_fc"]) / (h.shape[1] * h.shape[2])


def densenet(i: Inputs, n: Names) -> Values:
    h = convolved(i["x"], i["W_stem"], 1).clip(0)
    for name in ("W_d1", "W_d2"):
        h = np.append(h, convolved(h, i[name], 1).clip(0), axis=3)
    return np.einsum("bhwc,cn->bn", h, i["W_fc"]) / (h.shape[1] * h.shape[2])


SINGLE: Mapping[str, Stated] = {
    "rect_mm": lambda i, n: product(i["A"], i["B"]),
    "batch_mm": lambda i, n: np.einsum("bmk,bkn->bmn", i["A"], i["B"]),
    "matmul_sub_mul_relu": lambda i, n: (
        (product(i["X"], i["W"]) * n["mul_val"] - n["sub_val"] * n["mul_val"]).clip(0)
    ),
    "matmul_gelu_softmax": lambda i, n: weights(gelu(product(i["X"], i["W"]))),
    "rms_norm_linear": lambda i, n: product(rms(i["A"], n["eps"]), i["B"].T),
    "silu_linear": lambda i, n: silu(product(i["A"], i["B"])),
    "gelu_linear": lambda i, n: gelu(product(i["A"], i["B"])),
    "linear_bias": lambda i, n: (
        product(np.c_[i["X"], np.ones(len(i["X"]))], np.r_[i["W"], i["Bias"][None]])
    ),
    "fused_qkv_projection": lambda i, n: product(i["X"], i["W"]),
    "attention_scores": lambda i, n: weights(product(i["Q"], i["K"].T) / math.sqrt(n["D"])),
    "scaled_dot_product": lambda i, n: heads(
        *(i[name][:, None] for name in "QKV"), scale=n["D"] ** -0.5
    ),
    "llama_attention": lambda i, n: llama(i["x"], i, n),
    "llama_decoder_layer": llama_layer,
    "transformer_block": transformer,
    "mha_attention": mha,
    "causal_attention": causal,
    "qkv_heads": split_heads,
    "alexnet": alexnet,
    "resnet": resnet,
    "densenet": densenet,
}
STATED = {**SINGLE, **{f"{name}_batch": SINGLE[name] for name in ("alexnet", "resnet", "densenet")}}
SPECS = {name: catalog.default().find(name).spec for name in STATED}


def small(name: str) -> Case:
    """The second check size: every extent odd or prime; single images have only one size."""
    points = SPECS[name].sizes.check_points()
    return case_of(SPECS[name], points[min(1, len(points) - 1)])


@pytest.mark.parametrize("name", STATED)
def test_oracle_against_a_second_statement(name: str) -> None:
    tested = small(name)
    again = STATED[name](widened(tested.inputs), names_at(tested.spec, tested.point))
    np.testing.assert_allclose(tested.expected, again, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", STATED)
def test_every_form_agrees_with_the_oracle(name: str) -> None:
    spec = SPECS[name]
    for point in spec.sizes.check_points():
        tested = case_of(spec, point)
        with mx.stream(mx.cpu):
            arrays = {key: mx.array(values) for key, values in tested.inputs.items()}
            forms = {"mlx": spec.reference, **spec.forms}
            got = {form: tested.call(function, arrays) for form, function in forms.items()}
        if spec.numpy_form is not None:
            got["numpy"] = tested.call(spec.numpy_form, tested.inputs)
        for form, values in got.items():
            assert values.dtype == np.float32, form
            assert values.shape == tested.expected.shape, form
            assert tested.refusal(values) is None, form


PARAMETERS = [
    (name, scalar)
    for name, spec in SPECS.items()
    for scalar, allowed in spec.domain.ranges.items()
    if not allowed.integral
]


@pytest.mark.parametrize(("name", "scalar"), PARAMETERS)
def test_a_kernel_that_ignores_a_parameter_is_refused(name: str, scalar: str) -> None:
    tested = small(name)
    allowed = tested.spec.domain.ranges[scalar]
    moved = replace(tested, point={**tested.point, scalar: (allowed.low + allowed.high) / 2})
    assert tested.refusal(moved.call(moved.spec.oracle, widened(tested.inputs))) is not None


def substitutes() -> dict[str, tuple[str, Stated]]:
    """Other functions than asked for, by the problem that has to tell them apart."""

    def gelu_tanh(z: Values) -> Values:
        return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))

    def open_heads(i: Inputs, n: Names) -> Values:
        parts = (i[name].transpose(1, 0, 2) for name in "QKV")
        flat = heads(*parts, scale=i["Q"].shape[-1] ** -0.5)
        return flat.reshape(len(flat), len(i["Q"]), -1).transpose(1, 0, 2)

    def half_turned(i: Inputs, n: Names) -> Values:
        """The other convention: pairs (i, i + W / 2)."""
        order = np.r_[0 : n["W"] : 2, 1 : n["W"] : 2].astype(int)
        heads_of_w = i["W_qkv"].reshape(len(i["W_qkv"]), -1, int(n["W"]))
        return llama(i["x"], {**i, "W_qkv": heads_of_w[..., order].reshape(i["W_qkv"].shape)}, n)

    return {
        "tanh for erf": ("gelu_linear", lambda i, n: gelu_tanh(product(i["A"], i["B"]))),
        "no causal mask": ("causal_attention", open_heads),
        "halves for pairs": ("llama_attention", half_turned),
        "a border that is not zero": ("resnet", lambda i, n: resnet(i, n, outside="edge")),
        "a norm over the whole": (
            "rms_norm_linear",
            lambda i, n: product(i["A"], i["B"].T) / np.sqrt(np.mean(i["A"] ** 2) + n["eps"]),
        ),
    }


@pytest.mark.parametrize("what", substitutes())
def test_another_function_is_refused(what: str) -> None:
    name, other = substitutes()[what]
    tested = small(name)
    got = other(widened(tested.inputs), names_at(tested.spec, tested.point))
    assert tested.refusal(got) is not None


def test_causal_rows_are_prefixes() -> None:
    """A closed form: the first query sees one key, so its answer is that key's value."""
    tested = small("causal_attention")
    np.testing.assert_allclose(tested.expected[:, 0], tested.inputs["V"][:, 0], rtol=1e-6)
