"""Definitions: published figures, oracles stated twice, faults the audit has no mutant for."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable

import mlx.core as mx
import numpy as np
import pytest

from harness.problem.binding import binding_table, problem_slots, rounded, scalar_values
from harness.problem.expressions import parse
from harness.problem.header import Header, parse_schedule
from tests.unit.kernels.problems import (
    CHECKS,
    NAMES,
    ROOT,
    SPECS,
    Case,
    Values,
    case,
    definition,
    widened,
)

# From the table of the public board's problems, corrected where its work_correction column says so:
# function, buffers in order, FLOPs, bytes, inputs + output in bytes, (rtol, atol).
PUBLISHED = {
    "relu": ("relu_f32", "x y N grid_size", 262144, 2097152, 2097152, (0, 0)),
    "gelu": ("gelu_f32", "x y N grid_size", 1310720, 2097152, 2097152, (1e-3, 1e-3)),
    "sqr_mm": ("sqr_matmul_f32", "A B C M N K", 2147483648, 12582912, 12582912, (1e-3, 1e-3)),
    "layer_norm": ("layer_norm_f32", "X Y D eps", 5242880, 8388608, 8388608, (1e-3, 1e-3)),
    "rms_norm": ("rms_norm_f32", "x y N eps", 5242880, 8388608, 8388608, (1e-3, 1e-3)),
    "cumsum": ("cumsum_f32", "x y N", 1048576, 8388608, 8388608, (1e-3, 1e-3)),
    "matvec": ("matvec_f32", "A x y N", 2097152, 4202496, 4202496, (1e-3, 1e-3)),
    "transpose_2d": ("transpose_2d_f32", "A B M N", 0, 16777216, 16777216, (0, 0)),
    "dot_product": ("dot_product_f32", "x y out N", 32768, 131076, 131076, (1e-3, 1e-3)),
    "softmax": ("softmax_f32", "x y N", 5242880, 8388608, 8388608, (1e-3, 1e-3)),
    "argmax": ("argmax_f32", "x out C", 1048576, 4198400, 4198400, (0, 0)),
    "conv2d": (
        "conv2d_f32",
        "x w y B C_in H W C_out R S stride",
        4534566912,
        24428544,
        24428544,
        (1e-3, 1e-3),
    ),
    "embedding": ("embedding_f32", "indices table y S V D", 0, 1052672, 2625536, (0, 0)),
    "swiglu": ("swiglu_f32", "X Wg Wu Y M N K", 67436544, 1048576, 1048576, (1e-3, 1e-3)),
    "softmax_attention": (
        "softmax_attention_f32",
        "Q K V O S D",
        4276224,
        131072,
        131072,
        (1e-3, 1e-3),
    ),
}
# The public dispatch: grid in threads and threadgroup.
DISPATCH = {
    "relu": ((65536, 1, 1), (1024, 1, 1)),
    "gelu": ((65536, 1, 1), (1024, 1, 1)),
    "sqr_mm": ((4096, 16, 1), (256, 1, 1)),
    "layer_norm": ((1024, 1024, 1), (1024, 1, 1)),
    "rms_norm": ((1024, 1024, 1), (1024, 1, 1)),
    "cumsum": ((1024, 1024, 1), (1024, 1, 1)),
    "matvec": ((1024, 1024, 1), (1024, 1, 1)),
    "transpose_2d": ((131072, 1, 1), (256, 1, 1)),
    "dot_product": ((1024, 1, 1), (1024, 1, 1)),
    "softmax": ((1024, 1024, 1), (1024, 1, 1)),
    "argmax": ((1024, 1024, 1), (1024, 1, 1)),
    "conv2d": ((65536, 1, 1), (1024, 1, 1)),
    "embedding": ((65536, 1, 1), (1024, 1, 1)),
    "swiglu": ((65536, 1, 1), (256, 1, 1)),
    "softmax_attention": ((1024, 128, 1), (1024, 1, 1)),
}
EXACT = {"relu", "transpose_2d", "argmax", "embedding"}
COMPUTE_BOUND = {"sqr_mm", "conv2d", "swiglu", "softmax_attention"}


@pytest.mark.parametrize("name", NAMES)
def test_published_figures(name: str) -> None:
    spec = SPECS[name]
    function, buffers, flops, moved, held, tolerance = PUBLISHED[name]
    cost = spec.cost(spec.sizes.published)
    slots = problem_slots(spec, spec.sizes.published)
    assert spec.function == function
    assert " ".join(binding_table(spec)) == buffers
    assert (cost.flops, cost.bytes) == (flops, moved)
    assert sum(slot.bytes for slot in slots.values()) == held
    assert spec.published_tolerance == tolerance


@pytest.mark.parametrize("name", NAMES)
def test_default_schedule_is_the_published_dispatch(name: str) -> None:
    spec = SPECS[name]
    header = parse_schedule(spec.schedule)
    assert isinstance(header, Header)
    names = {**rounded(spec.sizes.published), **scalar_values(spec, spec.sizes.published)}
    grid, group = (
        tuple(int(extent.evaluate(names)) for extent in extents)
        for extents in (header.grid, header.threadgroup)
    )
    assert (grid, group) == DISPATCH[name]


@pytest.mark.parametrize("name", NAMES)
def test_sizes_lie_in_the_domain(name: str) -> None:
    spec = SPECS[name]
    for point in (spec.sizes.published, spec.sizes.large_point(), *spec.sizes.check_points()):
        assert set(point) == set(spec.domain.ranges)
        for dim, value in point.items():
            assert value in spec.domain.ranges[dim], dim
        assert all(parse(c).evaluate(point) for c in spec.domain.constraints)


@pytest.mark.parametrize("name", NAMES)
def test_large_is_large(name: str) -> None:
    spec = SPECS[name]
    point = spec.sizes.large_point()
    held = sum(slot.bytes for slot in problem_slots(spec, point).values())
    if name in COMPUTE_BOUND:
        assert 4e9 < spec.cost(point).flops <= 20e9
    else:
        assert 256 << 20 <= held <= 1 << 30


@pytest.mark.parametrize("name", NAMES)
def test_check_sizes_have_tails(name: str) -> None:
    """Extents of 1 and extents that no vector width divides."""
    extents = [
        extent
        for point in SPECS[name].sizes.check_points()
        for slot in problem_slots(SPECS[name], point).values()
        for extent in slot.shape
    ]
    assert 1 in extents
    assert any(extent % 2 and extent > 8 for extent in extents)


def mlx_of(spec_case: Case, function: Callable[..., object]) -> Values:
    with mx.stream(mx.cpu):
        arrays = {name: mx.array(values) for name, values in spec_case.inputs.items()}
        return spec_case.call(function, arrays)


@pytest.mark.parametrize(("name", "index"), CHECKS)
def test_every_form_agrees_with_the_oracle(name: str, index: int) -> None:
    spec = SPECS[name]
    tested = case(name, spec.sizes.check_points()[index])
    forms = {"mlx": spec.reference, **spec.forms}
    got = {form: mlx_of(tested, function) for form, function in forms.items()}
    if spec.numpy_form is not None:
        got["numpy"] = tested.call(spec.numpy_form, tested.inputs)
    for form, values in got.items():
        assert values.shape == tested.expected.shape, form
        assert values.dtype == np.float32, form
        assert tested.refusal(values) is None, form


def closed_forms() -> dict[str, Callable[[dict[str, Values]], Values]]:
    """Second statements that share no line with the oracles."""

    def gelu(i: dict[str, Values]) -> Values:
        phi = [0.5 * math.erfc(-float(v) / math.sqrt(2)) for v in i["x"].ravel()]
        return i["x"] * np.reshape(phi, i["x"].shape)

    def conv(i: dict[str, Values]) -> Values:
        windows = np.lib.stride_tricks.sliding_window_view(i["x"], i["w"].shape[1:3], (1, 2))
        return np.einsum("bhwcrs,orsc->bhwo", windows[:, ::2, ::2], i["w"])

    def attention(i: dict[str, Values]) -> Values:
        weights = np.exp(np.einsum("qd,kd->qk", i["Q"], i["K"]) / math.sqrt(i["Q"].shape[1]))
        return np.einsum("qk,kd->qd", weights, i["V"]) / weights.sum(1)[:, None]

    def swiglu(i: dict[str, Values]) -> Values:
        gate = np.einsum("mk,kn->mn", i["X"], i["Wg"])
        return 0.5 * gate * (1 + np.tanh(gate / 2)) * np.einsum("mk,kn->mn", i["X"], i["Wu"])

    def norm(i: dict[str, Values]) -> Values:
        x = i["X"]
        return (x - np.mean(x, 1)[:, None]) / np.sqrt(np.var(x, 1)[:, None] + np.float32(1e-5))

    def rms(i: dict[str, Values]) -> Values:
        length = np.linalg.norm(i["x"], axis=1) / math.sqrt(i["x"].shape[1])
        return i["x"] / np.hypot(length, np.sqrt(np.float32(1e-5)))[:, None]

    def softmax(i: dict[str, Values]) -> Values:
        log_sum = np.logaddexp.reduce(i["x"], axis=1)
        return np.exp(i["x"] - log_sum[:, None])

    return {
        "relu": lambda i: np.where(i["x"] > 0, i["x"], 0.0),
        "gelu": gelu,
        "softmax": softmax,
        "layer_norm": norm,
        "rms_norm": rms,
        "sqr_mm": lambda i: np.einsum("mk,kn->mn", i["A"], i["B"]),
        "matvec": lambda i: (i["A"] * i["x"]).sum(1),
        "dot_product": lambda i: np.array([math.fsum(i["x"] * i["y"])]),
        "cumsum": lambda i: i["x"] @ np.triu(np.ones((i["x"].shape[1],) * 2)),
        "transpose_2d": lambda i: np.array([[row[c] for row in i["A"]] for c in range(7)]),
        "argmax": lambda i: np.array([list(row).index(max(row)) for row in i["x"]], float),
        "conv2d": conv,
        "embedding": lambda i: np.array([i["table"][int(k)] for k in i["indices"]]),
        "softmax_attention": attention,
        "swiglu": swiglu,
    }


SMALL = {
    "relu": {"rows": 5, "cols": 27},
    "gelu": {"rows": 5, "cols": 27},
    "softmax": {"rows": 11, "cols": 9},
    "layer_norm": {"rows": 11, "cols": 9},
    "rms_norm": {"rows": 11, "cols": 9},
    "sqr_mm": {"M": 5, "N": 7, "K": 9},
    "matvec": {"rows": 5, "cols": 9},
    "dot_product": {"length": 45},
    "cumsum": {"rows": 11, "cols": 9},
    "transpose_2d": {"rows": 5, "cols": 7},
    "argmax": {"rows": 13, "cols": 5},
    "conv2d": {"B": 2, "H": 7, "W": 9, "C_in": 3, "C_out": 5, "stride": 2},
    "embedding": {"S": 9, "V": 5, "D": 3},
    "softmax_attention": {"S": 9, "D": 5},
    "swiglu": {"M": 5, "N": 7, "K": 9},
}


@pytest.mark.parametrize("name", NAMES)
def test_oracle_against_a_second_statement(name: str) -> None:
    spec = SPECS[name]
    tested = case(name, {**spec.sizes.published, **SMALL[name]})
    again = closed_forms()[name](widened(tested.inputs))
    assert tested.expected.shape == again.shape
    np.testing.assert_allclose(tested.expected, again, rtol=1e-10, atol=1e-13)


ORACLE_ALONE = """
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("mlx", "torch"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocked())
import importlib.util
import numpy as np
for path in sys.argv[1:]:
    found = importlib.util.spec_from_file_location("definition", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    spec = module.SPEC
    ones = {name: np.ones((2,) * len(array.shape)) for name, array in spec.inputs.items()}
    if "indices" in ones:
        ones["indices"] = ones["indices"] * 0
    extra = {name: 1.0 for name in ("eps", "stride")}
    wanted = spec.oracle.__code__.co_varnames[: spec.oracle.__code__.co_argcount]
    result = spec.oracle(**{name: {**extra, **ones}[name] for name in wanted})
    assert result.dtype == np.float64 and np.isfinite(result).all(), path
print("imported", len(sys.argv) - 1)
"""


def test_oracles_run_where_mlx_is_missing() -> None:
    paths = [str(definition(name)) for name in NAMES]
    done = subprocess.run(
        [sys.executable, "-c", ORACLE_ALONE, *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["imported", str(len(paths))]


def test_dot_product_mutants_are_refused() -> None:
    spec = SPECS["dot_product"]
    for point in spec.sizes.check_points()[1:]:
        tested, other = case("dot_product", point), case("dot_product", point, seed=2)
        without_last = {name: values[:-1] for name, values in tested.inputs.items()}
        half = {name: values[::2] for name, values in tested.inputs.items()}
        assert tested.refusal(np.zeros(1)) is not None
        assert tested.refusal(other.expected) is not None
        assert tested.refusal(tested.call(spec.oracle, widened(without_last))) is not None
        assert tested.refusal(2 * tested.call(spec.oracle, widened(half))) is not None


def test_gelu_tells_erf_from_tanh() -> None:
    spec = SPECS["gelu"]
    tested = case("gelu", spec.sizes.check_points()[2])
    x = tested.inputs["x"].astype(np.float64)
    tanh_form = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    assert tested.refusal(tanh_form) is not None
    assert tested.refusal(np.where(np.abs(x) < 1e-3, tanh_form, tested.expected)) is None


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_a_kernel_that_ignores_eps_is_refused(name: str) -> None:
    spec = SPECS[name]
    refused = 0
    for point in spec.sizes.check_points():
        tested = case(name, point)
        ignoring = Case(spec, {**tested.point, "eps": 1e-5}, tested.inputs)
        got = ignoring.call(spec.oracle, widened(tested.inputs))
        refused += tested.refusal(got) is not None
    assert refused >= 2


def test_one_pass_variance_is_refused() -> None:
    tested = case("layer_norm", {"rows": 64, "cols": 1024, "eps": 1e-5})
    x = tested.inputs["X"]
    mean = x.mean(axis=1, keepdims=True)
    variance = np.maximum((x * x).mean(axis=1, keepdims=True) - mean * mean, 0)
    assert tested.refusal((x - mean) / np.sqrt(variance + np.float32(1e-5))) is not None


def test_argmax_draws_ties_that_decide() -> None:
    tested = case("argmax", {"rows": 127, "cols": 1000})
    x = tested.inputs["x"]
    last = x.shape[1] - 1 - np.argmax(x[:, ::-1], axis=1)
    assert np.count_nonzero(last != tested.expected) > 60
    assert (x == -np.inf).all(axis=1).sum() == 1


def test_embedding_reaches_both_ends_of_the_table() -> None:
    spec = SPECS["embedding"]
    tested = case("embedding", spec.sizes.published)
    indices = tested.inputs["indices"]
    assert (indices == np.rint(indices)).all()
    assert {0, 4095} <= set(indices.tolist())
    assert len(np.unique(indices)) > 800


@pytest.mark.parametrize("name", [n for n in NAMES if SPECS[n].chunked])
def test_chunks_give_the_whole(name: str) -> None:
    """Splitting the chunked inputs along axis 0 splits the output, and nothing else changes."""
    spec = SPECS[name]
    whole = case(name, {**spec.sizes.published, **SMALL[name]})
    rows = whole.inputs[spec.chunked[0]].shape[0]
    parts = []
    for part in (slice(0, rows // 2), slice(rows // 2, rows)):
        chunk = {n: v[part] if n in spec.chunked else v for n, v in whole.inputs.items()}
        parts.append(whole.call(spec.oracle, widened(chunk)))
    np.testing.assert_allclose(np.concatenate(parts), whole.expected, rtol=1e-12, atol=1e-15)


def test_what_another_abi_mends_is_unranked() -> None:
    unranked = {name for name, spec in SPECS.items() if not spec.ranked}
    assert unranked == {"dot_product", "layer_norm", "rms_norm", "argmax", "embedding"}
    assert "one number" in SPECS["dot_product"].unranked_reason
