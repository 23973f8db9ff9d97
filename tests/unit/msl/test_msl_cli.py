"""`python -m msl`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from msl.cli import main

KERNEL = """#include <metal_stdlib>
using namespace metal;
constant float kShift [[function_constant(3)]];
kernel void scale(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                  constant float& s [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = x[i] * s + kShift;
}
kernel void reverse(device int* y [[buffer(0)]], threadgroup int* t [[threadgroup(0)]],
                    uint i [[thread_index_in_threadgroup]], uint n [[threads_per_threadgroup]]) {
  t[i] = int(i);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y[i] = t[n - 1 - i];
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "k.metal"
    path.write_text(KERNEL)
    return path


@pytest.fixture
def cache(shared_cache: Path) -> str:
    return str(shared_cache / "msl")


def test_check_accepts(file: Path, cache: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(file), "--cache", cache]) == 0
    assert capsys.readouterr().out == ""


def test_check_names_the_place(
    tmp_path: Path, cache: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.metal"
    bad.write_text(KERNEL.replace("x[i] * s", "x[j] * s"))
    assert main(["check", str(bad), "--cache", cache]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"{bad}:6:12: error: use of undeclared identifier 'j'\n")


def test_check_json(file: Path, cache: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(file), "--json", "--cache", cache]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["status"] == "ok"
    assert record["functions"]["scale"]["missing_constants"] == ["kShift"]
    assert record["functions"]["scale"]["buffers"]["2"] == {
        "name": "s",
        "type": "float &",
        "address_space": "constant",
        "const": True,
    }
    assert record["functions"]["reverse"]["mode"] == "lanes"
    assert record["functions"]["reverse"]["engine"] == "fast"


def test_check_says_unsupported(tmp_path: Path, cache: str) -> None:
    path = tmp_path / "t.metal"
    path.write_text("kernel void f(metal::texture2d<float> t [[texture(0)]]) {}")
    assert main(["check", str(path), "--cache", cache]) == 3


def test_check_of_no_file_is_a_usage_error(tmp_path: Path, cache: str) -> None:
    assert main(["check", str(tmp_path / "absent.metal"), "--cache", cache]) == 2


@pytest.mark.host
def test_run(file: Path, tmp_path: Path, cache: str) -> None:
    x, out = tmp_path / "x.npy", tmp_path / "y.npy"
    np.save(x, np.arange(1000, dtype=np.float32))
    command = ["run", str(file), "--fn", "scale", "--grid", "1000", "--buf", str(x)]
    command += ["--buf", "y:float32:1000", "--scalar", "float32:0.5", "--constant", "3=1.25"]
    assert main([*command, "--out", str(out), "--cache", cache]) == 0
    np.testing.assert_array_equal(np.load(out), np.arange(1000, dtype=np.float32) * 0.5 + 1.25)


@pytest.mark.host
def test_run_with_threadgroup_memory(
    file: Path, cache: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", str(file), "--fn", "reverse", "--grid", "8", "--threadgroup", "8"]
    assert main([*command, "--buf", "y:int32:8", "--tgmem", "0:32", "--cache", cache]) == 0
    assert "y = [7 6 5 4 3 2 1 0]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--fn", "absent", "--grid", "1"], 1, "has no kernel function 'absent'"),
        (["--fn", "scale", "--grid", "1"], 1, "function constants without a value: kShift"),
        (["--fn", "scale", "--grid", "1", "--constant", "3=1"], 2, "needs buffer 0 (x)"),
        (["--fn", "reverse", "--grid", "0", "--buf", "y:int32:1"], 2, "--grid 0"),
        (["--fn", "reverse", "--grid", "1", "--buf", "y:int33:1"], 2, "'int33' is not"),
        (["--fn", "reverse", "--grid", "1", "--buf", "y"], 2, "expected FILE.npy"),
        (
            ["--fn", "reverse", "--grid", "1", "--buf", "y:int32:1", "--buf", "z:int32:1"],
            2,
            "no buffer 1",
        ),
    ],
)
def test_run_refuses_with_a_reason(
    file: Path,
    cache: str,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    assert main(["run", str(file), *arguments, "--cache", cache]) == code
    assert message in capsys.readouterr().err
