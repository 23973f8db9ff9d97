"""The exported module: it imports, falls back to MLX, its bodies are right as MLX wraps them."""

from __future__ import annotations

import re
import types
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from harness import evaluate
from harness.command import cli
from harness.devices.base import Limits
from harness.errors import ExitCode
from harness.export import module
from harness.export.expression import as_python
from harness.export.plan import mlx_dtype, plan_of
from harness.export.shader import PREFIX, NotExportable, taken_apart
from harness.problem import catalog
from harness.problem.binding import rounded, shape_of
from harness.problem.expressions import parse
from harness.problem.header import Header, parse_header
from harness.problem.schedule import MAX_THREADS, Schedule, resolve
from harness.spec import KernelSpec, Point
from msl.attributes import GRID_INDICES, INDICES

CHIP = "apple-m1"


def loaded(name: str, text: str | None = None) -> Any:
    kernel = catalog.default().find(name)
    source = catalog.default().variant(kernel, CHIP).source
    plan = plan_of(kernel, text or source.recorded)
    written = module.written(kernel, plan, source.sha256, "test")
    found = types.ModuleType(f"exported_{name}")
    exec(compile(written, f"{name}.py", "exec"), found.__dict__)
    return found


def as_mlx_wraps(text: str) -> str:
    """Each kernel with a signature as MLX writes it: its own buffer names, positions as uint3."""
    shader = taken_apart(text)
    kernels = []
    for name, body in shader.bodies.items():
        parameters = []
        for index, argument in sorted(body.buffers.items()):
            kind = argument.type.rstrip(" *&")
            const = "const " if argument.const else ""
            mark = "&" if argument.type.endswith("&") else "*"
            given = PREFIX + argument.name
            parameters.append(f"{const}{argument.space} {kind}{mark} {given} [[buffer({index})]]")
        for attribute in sorted(INDICES):
            if re.search(rf"\b{attribute}\b", body.text):
                kind = "uint3" if attribute in GRID_INDICES else "uint"
                parameters.append(f"{kind} {attribute} [[{attribute}]]")
        kernels.append(f"kernel void {name}({', '.join(parameters)}) {{\n{body.text}\n}}")
    return "\n".join([shader.header, *kernels, ""])


@pytest.mark.host
@pytest.mark.parametrize("name", ["softmax", "frobenius_norm", "dot_product"])
def test_a_body_is_right_as_mlx_wraps_it(name: str, tmp_path: Path) -> None:
    """One with a header and threadgroup memory, two with several dispatches and scratch."""
    kernel = catalog.default().find(name)
    text = as_mlx_wraps(catalog.default().variant(kernel, CHIP).source.recorded)
    assert PREFIX in text
    found = evaluate(name, text, device="cpu", sizes=("check",), mode="check")
    assert found.status.value == "passed", found.reason


@pytest.mark.parametrize("name", ["relu", "softmax", "dot_product", "layer_norm", "embedding"])
def test_the_fallback_is_what_mlx_computes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = loaded(name)
    assert found.self_test() == 0
    assert capsys.readouterr().out.count("right") >= 2


def test_a_wrong_function_fails_its_self_test() -> None:
    found = loaded("relu")
    from harness.export import self_test

    assert self_test.run("relu", lambda x: -found.relu(x), found.reference) > 0


def test_shapes_are_checked_and_unknown_parameters_refused() -> None:
    found = loaded("matrix_add")
    with pytest.raises(ValueError, match="expected"):
        found.matrix_add(mx.zeros((4, 8)), mx.zeros((8, 4)))
    with pytest.raises(TypeError, match="no parameter"):
        found.matrix_add(mx.zeros((4, 8)), mx.zeros((4, 8)), eps=1.0)


class Recorder:
    """Stands for mx.fast.metal_kernel: keeps what it is asked and returns zeros."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(self, **options: Any) -> Any:
        def call(**launch: Any) -> list[mx.array]:
            self.calls.append({**options, **launch})
            targets = zip(launch["output_shapes"], launch["output_dtypes"], strict=True)
            return [mx.zeros(shape, dtype=dtype) for shape, dtype in targets]

        return call


def test_on_metal_it_launches_the_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    found, recorder = loaded("softmax"), Recorder()
    monkeypatch.setattr(mx.fast, "metal_kernel", recorder)
    monkeypatch.setattr(found, "why_not", lambda given, values: "")
    result = found.softmax(mx.ones((64, 1024)))
    (call,) = recorder.calls
    assert result.shape == (64, 1024) and call["grid"] == (32, 64, 1)
    assert call["input_names"] == [PREFIX + "x", PREFIX + "N"]
    assert call["output_names"] == [PREFIX + "y"] and call["output_dtypes"] == [mx.float32]
    assert call["inputs"][1].dtype == mx.uint32 and call["inputs"][1].item() == 1024


def test_scratch_goes_from_launch_to_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    found, recorder = loaded("dot_product"), Recorder()
    monkeypatch.setattr(mx.fast, "metal_kernel", recorder)
    monkeypatch.setattr(found, "why_not", lambda given, values: "")
    found.dot_product(*(mx.ones((4096,)) for _ in range(2)))
    assert len(recorder.calls) == len(found.LAUNCHES) > 1
    produced = [set(names) for _, _, names, _ in found.LAUNCHES]
    taken = {name for _, takes, _, _ in found.LAUNCHES[1:] for _, name in takes}
    assert {name for _, name in produced[0]} & taken


def test_uncovered_sizes_fall_back(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded("relu")
    monkeypatch.setattr(found.mx.metal, "is_available", lambda: True)
    monkeypatch.setattr(
        found.mx, "default_device", lambda: types.SimpleNamespace(type=mx.DeviceType.gpu)
    )
    x = mx.ones((64, 64))
    values = found.values_of({"x": x}, {})
    assert found.why_not({"x": x}, values) == ""
    assert "float16" in found.why_not({"x": x.astype(mx.float16)}, values)
    assert "fewer than" in found.why_not({"x": x[0, :4]}, values)
    monkeypatch.setattr(found, "requires", lambda: False)
    assert "does not cover" in found.why_not({"x": x}, values)


@pytest.mark.parametrize(
    "text",
    ["ceil_div(rows, 4) * 32", "max(8 / rows, 1)", "rows % 4 == 0 && !(cols > 3 || rows < 2)",
     "pow2_floor(cols) + pow2(3)", "round_up(rows, 32) / 2.0", "(rows - cols) * 2"],
)  # fmt: skip
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_expressions_mean_the_same_in_python(text: str, rows: int) -> None:
    names = {"rows": rows, "cols": 5}
    helpers = {k: getattr(loaded("relu"), k) for k in ("ceil_div", "round_up", "pow2_floor")}
    helpers |= {k: getattr(loaded("relu"), k) for k in ("pow2", "divided")}
    assert eval(as_python(text), {**helpers, **names}) == parse(text).evaluate(names)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("template <typename T> kernel void f(device T *x [[buffer(0)]]) {}\n"
         'template [[host_name("relu_f32")]] kernel void f<float>(device float *);', "template"),
        ("kernel void relu_f32(device float *x [[buffer(0)]], "
         "threadgroup float *t [[threadgroup(0)]]) {}", "threadgroup argument"),
        ("kernel void relu_f32(device float *x [[buffer(0)]], "
         "uint thread_position_in_grid [[thread_position_in_grid]]) {}", "bears the name"),
    ],
)  # fmt: skip
def test_what_mlx_cannot_wrap_says_so(text: str, why: str) -> None:
    with pytest.raises(NotExportable, match=why):
        taken_apart(text)


def test_the_command_writes_the_module(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--export", "softmax"]) == ExitCode.PASSED
    text = (home / ".bench" / "export" / "softmax.py").read_text("utf-8")
    assert str(home) not in text and "kernel void" not in text
    assert cli.main(["--export", "no_such_kernel"]) == ExitCode.USAGE
    assert cli.main(["--export", "hmc"]) == ExitCode.ENVIRONMENT
    assert "cannot be exported" in capsys.readouterr().err


#: Why a solution has no form as functions of mx.fast.metal_kernel; and every kernel that has none.
NO_FORM = {
    "it works in place": "adi3d fft3d gradshaf heat2d hmc ising lbm lj morton nbody saxpy wave3d",
    "is a template": "alexnet densenet resnet alexnet_batch densenet_batch resnet_batch",
    "is written by two dispatches": "matmul_gelu_softmax transformer_block",
    "is a threadgroup argument": "depthwise_conv2d",
}


@pytest.mark.parametrize("name", [name for _, name in catalog.default().names()])
def test_every_kernel_is_exported_or_says_why_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = [reason for reason, names in NO_FORM.items() if name in names.split()]
    if why:
        with pytest.raises(NotExportable, match=why[0]):
            loaded(name)
        return
    found, recorder, spec = loaded(name), Recorder(), catalog.default().find(name).spec
    assert callable(found.self_test) and found.reference.__module__ == f"exported_{name}"
    header = parse_header(catalog.default().variant(catalog.default().find(name), CHIP).source.text)
    assert isinstance(header, Header)
    limits = dict.fromkeys(found.BODIES, Limits(MAX_THREADS, 0))
    schedules = ((point, resolve(header, spec, point, limits)) for point in _points(spec))
    point, schedule = next(pair for pair in schedules if isinstance(pair[1], Schedule))
    assert isinstance(schedule, Schedule)
    arrays = [
        mx.zeros(shape_of(array, point), dtype=getattr(mx, mlx_dtype(array.dtype)))
        for array in spec.inputs.values()
    ]
    monkeypatch.setattr(mx.fast, "metal_kernel", recorder)
    monkeypatch.setattr(found, "why_not", lambda given, values: "")
    given = {key: point[key] for key in found.DEFAULTS}
    results = getattr(found, name)(*arrays, **given)
    results = results if isinstance(results, tuple) else (results,)
    for result, array in zip(results, spec.outputs.values(), strict=True):
        assert tuple(result.shape) == shape_of(array, point)
        assert result.dtype == getattr(mx, mlx_dtype(array.dtype))
    launched = [(call["grid"], call["threadgroup"]) for call in recorder.calls]
    assert launched == [
        (d.grid, tuple(min(t, g) for t, g in zip(d.threadgroup, d.grid, strict=True)))
        for d in schedule.dispatches
    ]


def _points(spec: KernelSpec) -> list[Point]:
    return [rounded(p) for p in (*spec.sizes.check_points(), spec.sizes.published)]


def test_references_are_written_with_what_they_use() -> None:
    found = loaded("layer_norm")
    values = mx.array(np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32))
    assert found.reference.__module__ == "exported_layer_norm"
    assert values.shape == (2, 4)
