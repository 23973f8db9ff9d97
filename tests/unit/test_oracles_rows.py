"""Row problems: oracles stated twice, tolerances that refuse likely mistakes, inputs as told."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from harness.evaluation import Refusal
from harness.problem import catalog, oracle
from harness.problem.arguments import as_tuple, call_by_name
from harness.problem.bank import draw
from harness.problem.binding import rounded
from harness.problem.compare import Run, compare
from harness.problem.inputs import distributions, log_distributions, rows, secret_of, stream
from harness.spec import KernelSpec, Point

Values = npt.NDArray[Any]
Names = dict[str, Any]

CATALOG = catalog.default()


def spec_of(name: str) -> KernelSpec:
    return CATALOG.find(name).spec


def names_at(name: str, point: Point) -> Names:
    """Inputs in float64 or as integers, with dims, parameters and scalars."""
    spec = spec_of(name)
    full = rounded({**spec.sizes.published, **point})
    inputs = draw(spec, full, secret_of(3), "oracles", 0)
    wide = {n: v.astype(np.float64) if v.dtype.kind == "f" else v for n, v in inputs.items()}
    return {**oracle.names_at(spec, full), **wide}


def lse(row: Values) -> float:
    return float(np.logaddexp.reduce(row))


def each(i: Names, *names: str) -> list[tuple[Values, ...]]:
    return list(zip(*(i[name] for name in names), strict=True))


def norm_rows(x: Values, eps: float) -> Values:
    """By the raw moments of each row, which wider floats can afford."""
    wide = x.astype(np.longdouble)
    mean = wide.sum(axis=1, keepdims=True) / x.shape[1]
    square = (wide * wide).sum(axis=1, keepdims=True) / x.shape[1]
    y = (wide - mean) / np.sqrt(np.maximum(square - mean * mean, 0) + eps)
    return np.asarray(y.astype(np.float64))


def rms_rows(x: Values, eps: float) -> Values:
    return np.stack(
        [row / math.hypot(np.linalg.norm(row / len(row) ** 0.5), eps**0.5) for row in x]
    )


def images(x: Values, eps: float, groups: int) -> Values:
    return norm_rows(x.reshape(x.shape[0] * groups, -1), eps).reshape(x.shape)


def channels(y: Values, i: Names) -> Any:
    return np.einsum("nchw,c->nchw", y, i["gamma"]) + i["beta"].reshape(-1, 1, 1)


def rope(i: Names) -> Any:
    x, base = i["x"], i["base"]
    out = np.empty_like(x)
    for p, row in enumerate(x):
        for k in range(len(row) // 2):
            angle = p / base ** (2 * k / len(row))
            turn = np.array(
                [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
            )
            out[p, 2 * k : 2 * k + 2] = turn @ row[2 * k : 2 * k + 2]
    return out


def ordered(i: Names) -> list[list[tuple[float, int]]]:
    k = int(i["k"])
    return [sorted(((-v, c) for c, v in enumerate(row)))[:k] for row in i["x"]]


def smoothed(i: Names) -> list[float]:
    found = []
    for z, label in each(i, "L", "labels"):
        target = np.full(len(z), i["smoothing"] / len(z))
        target[int(label)] += 1 - i["smoothing"]
        found.append(lse(z) - float(target @ z))
    return found


def cross_entropy(i: Names) -> list[float]:
    return [lse(z) * t.sum() - float(t @ z) for z, t in each(i, "L", "Yh")]


#: A small point, and a second statement that shares no line with the oracle.
SECOND: dict[str, tuple[Point, Callable[[Names], Any]]] = {
    "l1_norm": ({"rows": 9, "cols": 11}, lambda i: [math.fsum(abs(v) for v in r) for r in i["x"]]),
    "l2_norm": ({"rows": 9, "cols": 11}, lambda i: [math.hypot(*r) for r in i["x"]]),
    "manhattan_similarity": (
        {"rows": 9, "cols": 11},
        lambda i: [math.fsum(map(abs, a - b)) for a, b in each(i, "x", "y")],
    ),
    "cosine_similarity": (
        {"rows": 9, "cols": 11},
        lambda i: [a @ b / (math.hypot(*a) * math.hypot(*b) + 1e-8) for a, b in each(i, "x", "y")],
    ),
    "triplet_margin_loss": (
        {"rows": 9, "cols": 11, "margin": 2.0},
        lambda i: [
            max(math.dist(a, p) - math.dist(a, n) + i["margin"], 0) for a, p, n in each(i, *"apn")
        ],
    ),
    "nll_loss": (
        {"rows": 9, "cols": 11},
        lambda i: [-math.fsum(p * t) for p, t in each(i, "LP", "Yh")],
    ),
    "variance": ({"rows": 9, "cols": 11}, lambda i: np.var(i["x"], axis=1)),
    "logsumexp": ({"rows": 9, "cols": 11}, lambda i: [lse(r) for r in i["x"]]),
    "cross_entropy_loss": ({"rows": 9, "cols": 11}, cross_entropy),
    "log_softmax_cross_entropy": ({"rows": 9, "cols": 11}, cross_entropy),
    "label_smoothing_loss": ({"rows": 9, "cols": 11, "smoothing": 0.25}, smoothed),
    "log_softmax": (
        {"rows": 9, "cols": 11},
        lambda i: np.stack([r - lse(r) for r in i["X"]]),
    ),
    "masked_softmax": (
        {"rows": 9, "cols": 11},
        lambda i: np.stack([np.exp(r - lse(r)) for r in i["X"] + i["M"]]),
    ),
    "top_k": (
        {"rows": 9, "cols": 11, "k": 4},
        lambda i: [[-v for v, _ in row] for row in ordered(i)],
    ),
    "top_k_indices": (
        {"rows": 9, "cols": 11, "k": 4},
        lambda i: (
            [[-v for v, _ in row] for row in ordered(i)],
            [[c for _, c in row] for row in ordered(i)],
        ),
    ),
    "argmax_index": (
        {"rows": 19, "cols": 5},
        lambda i: [list(r).index(max(r)) for r in i["x"]],
    ),
    "embedding_lookup": (
        {"S": 9, "V": 5, "D": 3},
        lambda i: [i["table"][int(k)] for k in i["indices"]],
    ),
    "cumsum_reverse": (
        {"rows": 5, "cols": 11},
        lambda i: i["x"] @ np.tril(np.ones((11, 11))),
    ),
    "cumsum_exclusive": (
        {"rows": 5, "cols": 11},
        lambda i: i["x"] @ np.triu(np.ones((11, 11)), 1),
    ),
    "masked_cumsum": (
        {"rows": 5, "cols": 11},
        lambda i: np.where(i["m"] == 1, i["x"], 0) @ np.triu(np.ones((11, 11))),
    ),
    "cumprod": (
        {"rows": 20, "cols": 11},
        lambda i: [[math.prod(r[: n + 1]) for n in range(11)] for r in i["x"]],
    ),
    "batch_norm": ({"rows": 9, "cols": 11}, lambda i: norm_rows(i["x"].T, i["eps"]).T),
    "batch_norm_affine": (
        {"rows": 9, "cols": 11},
        lambda i: norm_rows(i["x"].T, i["eps"]).T * i["gamma"] + i["beta"],
    ),
    "layer_norm_affine": (
        {"rows": 9, "cols": 11},
        lambda i: norm_rows(i["X"], i["eps"]) * i["gamma"] + i["beta"],
    ),
    "add_norm": ({"rows": 9, "cols": 11}, lambda i: norm_rows(i["x"] + i["res"], i["eps"])),
    "add_norm_affine": (
        {"rows": 9, "cols": 11},
        lambda i: norm_rows(i["x"] + i["res"], i["eps"]) * i["gamma"] + i["beta"],
    ),
    "rms_norm_weight": (
        {"rows": 9, "cols": 11},
        lambda i: rms_rows(i["x"], i["eps"]) * i["weight"],
    ),
    "fused_add_rms_norm": ({"rows": 9, "cols": 11}, lambda i: rms_rows(i["X"] + i["R"], i["eps"])),
    "fused_add_rms_norm_weight": (
        {"rows": 9, "cols": 11},
        lambda i: rms_rows(i["X"] + i["R"], i["eps"]) * i["weight"],
    ),
    "instance_norm": (
        {"N": 2, "C": 3, "H": 5, "W": 7},
        lambda i: images(i["X"], i["eps"], 3),
    ),
    "instance_norm_affine": (
        {"N": 2, "C": 3, "H": 5, "W": 7},
        lambda i: channels(images(i["X"], i["eps"], 3), i),
    ),
    "group_norm": (
        {"N": 2, "C": 6, "H": 5, "W": 7, "G": 2},
        lambda i: images(i["X"], i["eps"], 2),
    ),
    "group_norm_affine": (
        {"N": 2, "C": 6, "H": 5, "W": 7, "G": 2},
        lambda i: channels(images(i["X"], i["eps"], 2), i),
    ),
    "frobenius_norm": ({"rows": 9, "cols": 11}, lambda i: [math.hypot(*i["x"].ravel())]),
    "frobenius_norm_batch": (
        {"batch": 5, "M": 3, "N": 7},
        lambda i: [np.sqrt(np.trace(a.T @ a)) for a in i["x"]],
    ),
    "mse_loss": (
        {"rows": 9, "cols": 11},
        lambda i: [math.dist(i["pred"].ravel(), i["target"].ravel()) ** 2 / 99],
    ),
    "mse_loss_samples": (
        {"batch": 5, "length": 11},
        lambda i: [math.dist(p, t) ** 2 / 11 for p, t in each(i, "pred", "target")],
    ),
    "dot_product_batch": (
        {"batch": 5, "length": 11},
        lambda i: [math.fsum(a * b) for a, b in each(i, "x", "y")],
    ),
    "hinge_loss": (
        {"rows": 3, "cols": 37},
        lambda i: np.where(i["pred"] * i["target"] < 1, 1 - i["pred"] * i["target"], 0),
    ),
    "huber_loss": (
        {"rows": 3, "cols": 37, "delta": 2.0},
        lambda i: (
            0.5 * np.clip(i["pred"] - i["target"], -2, 2) ** 2
            + 2 * np.maximum(np.abs(i["pred"] - i["target"]) - 2, 0)
        ),
    ),
    "kl_div_loss": (
        {"rows": 3, "cols": 37},
        lambda i: (i["target"] + 1e-6) * (np.log(i["target"] + 1e-6) - i["log_pred"]),
    ),
    "rope_embedding": ({"S": 7, "D": 6, "base": 100.0}, rope),
}


@pytest.mark.parametrize("name", SECOND)
def test_oracle_against_a_second_statement(name: str) -> None:
    point, again = SECOND[name]
    names = names_at(name, point)
    expected = as_tuple(call_by_name(spec_of(name).oracle, names))
    second = again(names)
    second = second if isinstance(second, tuple) else (second,)
    for one, other in zip(expected, second, strict=True):
        assert one.shape == np.shape(other)
        np.testing.assert_allclose(one, np.asarray(other), rtol=1e-9, atol=1e-11)


def refusal(name: str, point: Point, wrong: Callable[[Names], Any]) -> Refusal | None:
    """What the problem says to an answer computed from its inputs in float64."""
    spec = spec_of(name)
    full = rounded({**spec.sizes.published, **point})
    inputs = draw(spec, full, secret_of(4), "mistakes", 0)
    wide = {n: v.astype(np.float64) if v.dtype.kind == "f" else v for n, v in inputs.items()}
    values = as_tuple(wrong({**oracle.names_at(spec, full), **wide}))
    stored = {
        output: np.asarray(value).astype(array.dtype)
        for (output, array), value in zip(spec.outputs.items(), values, strict=True)
    }
    return compare(spec, full, inputs, [Run(stored, None)])[0].refusal


def without(name: str, **fixed: float) -> Callable[[Names], Any]:
    """The answer of a kernel that ignores a scalar, or takes the published value for it."""
    return lambda i: call_by_name(spec_of(name).oracle, {**i, **fixed})


MISTAKES: dict[str, tuple[str, Point, Callable[[Names], Any]]] = {
    "one-pass variance": (
        "variance",
        {"rows": 64},
        lambda i: (
            np.mean(np.float32(i["x"]) ** 2, axis=1) - np.mean(np.float32(i["x"]), axis=1) ** 2
        ),
    ),
    "unbiased variance": ("variance", {"rows": 64}, lambda i: np.var(i["x"], axis=1, ddof=1)),
    "overflowing logsumexp": (
        "logsumexp",
        {"rows": 64},
        lambda i: np.log(np.sum(np.exp(np.minimum(i["x"], 88.0)), axis=1)),
    ),
    "margin ignored": (
        "triplet_margin_loss",
        {"rows": 64, "margin": 1.25},
        without("triplet_margin_loss", margin=1.0),
    ),
    "delta ignored": ("huber_loss", {"rows": 16, "delta": 1.25}, without("huber_loss", delta=1.0)),
    "base ignored": ("rope_embedding", {"base": 9000.0}, without("rope_embedding", base=1e4)),
    "smoothing ignored": (
        "label_smoothing_loss",
        {"rows": 64, "smoothing": 0.11},
        without("label_smoothing_loss", smoothing=0.1),
    ),
    "eps ignored": ("batch_norm", {"rows": 64, "eps": 1e-3}, without("batch_norm", eps=1e-5)),
    "eps of the cosine ignored": (
        "cosine_similarity",
        {"rows": 64},
        lambda i: (
            np.sum(i["x"] * i["y"], axis=1)
            / np.maximum(np.sqrt(np.sum(i["x"] ** 2, axis=1) * np.sum(i["y"] ** 2, axis=1)), 1e-30)
        ),
    ),
    "shift left out": (
        "layer_norm_affine",
        {"rows": 64},
        lambda i: norm_rows(i["X"], i["eps"]) * i["gamma"],
    ),
    "the last of equal maxima": (
        "argmax_index",
        {"rows": 64},
        lambda i: i["x"].shape[1] - 1 - np.argmax(i["x"][:, ::-1], axis=1),
    ),
    "mask ignored": ("masked_softmax", {"rows": 64}, lambda i: np.exp(i["X"] - i["X"].max())),
    "columns beyond 64 zero": (
        "cumprod",
        {"rows": 64},
        lambda i: np.cumprod(i["x"], axis=1) * (np.arange(i["x"].shape[1]) < 64),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_likely_mistake_is_refused(mistake: str) -> None:
    name, point, wrong = MISTAKES[mistake]
    assert refusal(name, point, wrong) is not None
    assert refusal(name, point, without(name)) is None


def test_distributions_are_distributions() -> None:
    rng = stream(1, "rows")
    values = distributions(std=2.0, one_hot=0.25, zeros=0.2)(rng, (64, 200), {})
    np.testing.assert_allclose(values.sum(axis=1), 1, rtol=1e-5)
    one_hot = (values == 1).any(axis=1)
    assert 5 < np.count_nonzero(one_hot) < 30
    assert (values[~one_hot] == 0).any()
    logs = log_distributions(std=2.0)(rng, (8, 200), {})
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=1e-4)


def test_the_constant_row_sums_without_rounding() -> None:
    values = rows(means=30.0)(stream(2, "rows"), (16, 4096), {})
    flat = next(row for row in values if (row == row[0]).all())
    assert np.cumsum(flat, dtype=np.float32)[-1] == 4096.0 * flat[0]


def test_every_masked_row_keeps_an_element() -> None:
    mask = names_at("masked_softmax", {"rows": 33, "cols": 65})["M"]
    kept = (mask == 0).sum(axis=1)
    assert kept.min() == 1
    assert kept.max() > 32
    assert set(np.unique(mask)) == {-np.inf, 0.0}


def test_each_unranked_row_problem_names_the_one_that_corrects_it() -> None:
    corrected = {spec_of(n).corrects: n for _, n in CATALOG.names("corrected")}
    for name in ("frobenius_norm", "mse_loss", "log_softmax_cross_entropy"):
        assert not spec_of(name).ranked
        assert corrected[name] in spec_of(name).unranked_reason
