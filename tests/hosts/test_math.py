"""The elementary functions: within MSL's bounds, straight-line code, one vector loop each, and the
accuracy that the options choose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from msl import math_sweep, minimax
from msl.flags import compile_flags
from msl.headers import LIBRARY_FOLDER
from msl.toolchain import find_toolchain

pytestmark = pytest.mark.host

SHORT_SAMPLES = 131_072
UNARY = """
    exp exp2 exp10 log log2 log10 sin cos tan sinpi cospi tanpi asin acos atan sinh cosh tanh asinh
    acosh atanh sqrt rsqrt floor ceil rint round trunc fract sign saturate
"""
BINARY = "pow powr atan2 fmod fdim fmin fmax copysign nextafter step"
OTHER = {
    "sincos": "float c; float s = sincos(x, c); return s + c;",
    "frexp": "int e; float m = frexp(x, e); return m + float(e);",
    "modf": "float w; float m = modf(x, w); return m + w;",
    "ldexp": "return ldexp(x, int(y));",
    "ilogb": "return float(ilogb(x));",
    "smoothstep": "return smoothstep(0.0f, y, x);",
}
#: What may remain as a call: llvm.X, all of which have vector forms.
INTRINSICS = """
    fabs copysign fma fmuladd sqrt minnum maxnum floor ceil rint round trunc is.fpclass smin smax
    umin umax abs fptosi.sat
"""


def bodies() -> dict[str, str]:
    """The body of a function of x and y for every function, and for both accuracies where there
    are two."""
    found = {name: f"return {name}(x);" for name in UNARY.split()}
    found |= {name: f"return {name}(x, y);" for name in BINARY.split()} | OTHER
    for name in ("sin", "cos", "tan", "rsqrt"):
        found |= {f"{kind}_{name}": f"return {kind}::{name}(x);" for kind in ("fast", "precise")}
    return found


def compiled(text: str, folder: Path, cache: Path, *flags: str, strict: bool = False) -> str:
    """What the compiler writes for some text: the output file, then its remarks."""
    toolchain = find_toolchain()
    source, output = folder / "text.cc", folder / "text.out"
    source.write_text(f'#include "msl_library.h"\nusing namespace metal;\n{text}')
    zig = Path(toolchain.clang[0])
    includes = [f"-I{LIBRARY_FOLDER}", f"-isystem{zig.parent / 'lib' / 'include'}"]
    command = [*toolchain.clang, *compile_flags(toolchain, strict), *includes, *flags, "-S"]
    done = toolchain.run([*command, str(source), "-o", str(output)], folder=folder, cache=cache)
    assert done.code == 0, done.stderr
    return output.read_text() + done.stderr


def functions_in(code: str) -> dict[str, list[str]]:
    """The instructions of each test function in LLVM's text."""
    found = re.findall(r"^define [^\n]*@test_(\w+)\([^\n]*\{\n(.*?)^\}", code, re.M | re.S)
    return {name: body.splitlines() for name, body in found}


def as_ir(folder: Path, cache: Path, strict: bool) -> dict[str, list[str]]:
    """Every function as the widener gets it."""
    text = "\n".join(
        f'extern "C" float test_{name}(float x, float y) {{ {body} (void)y; }}'
        for name, body in bodies().items()
    )
    flags = ("-emit-llvm", "-O1", "-fno-vectorize", "-fno-slp-vectorize")
    return functions_in(compiled(text, folder, cache, *flags, strict=strict))


@pytest.mark.parametrize("strict", [False, True], ids=["relaxed", "strict"])
def test_errors_are_within_bounds(strict: bool) -> None:
    rows = math_sweep.measure(SHORT_SAMPLES, strict)
    assert [row for row in rows if not row.holds] == []
    assert [(r.function, r.mode, r.type) for r in rows] == [
        (r.function, r.mode, r.type) for r in math_sweep.load()
    ]


def test_the_stored_errors_are_of_a_full_sweep_and_in_the_document() -> None:
    rows = math_sweep.load()
    assert [row for row in rows if not row.holds] == []
    # Fast angles end at 2^50, so that part of the points is not asked for.
    assert min(r.points for r in rows if r.type == "float" and r.mode != "fast") >= 9_900_000
    assert min(r.points for r in rows if r.type == "half") == 65536
    document = math_sweep.DOCUMENT.read_text("utf-8")
    assert math_sweep.with_table(document, rows) == document


def test_a_broken_bound_is_seen() -> None:
    row = math_sweep.Row("exp", "all", "float", 10, 3.01, 3, ("0x1p+0", "0x0p+0"))
    assert not row.holds
    better = math_sweep.Row("exp", "all", "float", 10, 0.9, 3, ("0x1p+0", "0x0p+0"))
    assert math_sweep.worst_of([row], [better]) == [row]


def test_hard_angles_are_close_to_quarter_turns() -> None:
    # The float closest to a multiple of pi/2 in proportion: 16367173 2^72 (Muller et al., Handbook
    # of Floating-Point Arithmetic, on range reduction).
    words = math_sweep.hard_angles()
    assert 0x5C800000 < max(words) <= 0x7F7FFFFF
    assert (72 + 23 + 127) << 23 | (16367173 & 0x7FFFFF) in words


def test_the_headers_polynomials_are_as_good_as_new_fits() -> None:
    assert all(error <= 1.3 * new for _, _, error, new in minimax.compare())


@pytest.mark.parametrize("strict", [False, True], ids=["relaxed", "strict"])
def test_functions_are_straight_lines(tmp_path: Path, shared_cache: Path, strict: bool) -> None:
    functions = as_ir(tmp_path, shared_cache, strict)
    assert set(functions) == set(bodies())
    for name, lines in functions.items():
        code = "\n".join(lines)
        assert not re.search(r"^\s+(br|switch|.*\b(load|phi|alloca|asm)) ", code, re.M), name
        called = set(re.findall(r"call [^@]*@([\w.]+)\(", code))
        kinds = {re.sub(r"^llvm\.(.*?)(\.[fi]\d+)*$", r"\1", symbol) for symbol in called}
        assert kinds <= set(INTRINSICS.split()), name


def test_options_choose_the_accuracy(tmp_path: Path, shared_cache: Path) -> None:
    for strict, kind in ((False, "fast"), (True, "precise")):
        functions = as_ir(tmp_path, shared_cache, strict)
        other = "precise" if kind == "fast" else "fast"
        for name in ("sin", "cos", "tan", "rsqrt"):
            assert functions[name] == functions[f"{kind}_{name}"]
            assert functions[name] != functions[f"{other}_{name}"]


def test_every_function_makes_a_vector_loop(tmp_path: Path, shared_cache: Path) -> None:
    loops = [
        f"void loop_{name}(const float *in, float *out, float y, uint n) {{"
        ' _Pragma("clang loop vectorize(assume_safety)") for (uint i = 0; i < n; ++i)'
        f" out[i] = [&](float x) {{ (void)y; {body} }}(in[i]); }}"
        for name, body in bodies().items()
    ]
    output = compiled("\n".join(loops), tmp_path, shared_cache, "-Rpass=loop-vectorize")
    lines = {int(line) for line in re.findall(r"text\.cc:(\d+):\d+: remark: vectorized", output)}
    missing = [name for line, name in enumerate(bodies(), 3) if line not in lines]
    assert missing == []
