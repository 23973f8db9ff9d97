"""Mistakes as people and models make them: refused in place, in words of the language alone."""

from __future__ import annotations

import re

import pytest
from msl_compile import Compile

import msl

HEAD = (
    "kernel void f(device float* y [[buffer(0)]], constant uint& n [[buffer(1)]],\n"
    "              uint i [[thread_position_in_grid]]) {\n"
)
OURS = re.compile(r"msl_|Msl|MSL_|msl::|\bvec<|packed_vec|_Float16|__bf16|enable_if|C\+\+|/tmp")


def body(text: str) -> str:
    """A kernel whose third line (line 5 of the file) is `text`."""
    return f"{HEAD}{text}\n}}\n"


CASES: dict[str, tuple[str, int, int, str]] = {
    "returns_a_value": (
        body("  return 1;"),
        5,
        3,
        "void function 'f' should not return a value [-Wreturn-type]",
    ),
    "not_void": (
        "kernel float f(device float* y [[buffer(0)]]) { return y[0]; }",
        3,
        14,
        "invalid return type 'float' for kernel function",
    ),
    "kernel_calls_kernel": (
        "kernel void g(device float* y [[buffer(0)]]) { y[0] = 1; }\n" + body("  g(y);"),
        6,
        3,
        "kernel function 'g' cannot be called",
    ),
    "signed_index": (
        "kernel void f(device float* y [[buffer(0)]], int i [[thread_position_in_grid]]) {}",
        3,
        54,
        "type 'int' is not valid for attribute 'thread_position_in_grid'",
    ),
    "vector_of_a_scalar_index": (
        "kernel void f(device float* y [[buffer(0)]], uint2 i [[thread_index_in_simdgroup]]) {}",
        3,
        56,
        "type 'uint2' (vector of 2 'unsigned int' values) is not valid for attribute"
        " 'thread_index_in_simdgroup'",
    ),
    "reference_to_other_space": (
        "void g(device float& a) { a = 1; }\n" + body("  float t = 1;\n  g(t);"),
        7,
        3,
        "no matching function for call to 'g'",
    ),
    "repeated_component": (
        body("  float4 v = 1;\n  v.xx = float2(1);"),
        6,
        5,
        "vector is not assignable (contains duplicate components)",
    ),
    "too_few_components": (
        body("  y[i] = float4(1, 2).x;"),
        5,
        10,
        "no matching constructor for initialization of 'float4' (vector of 4 'float' values)",
    ),
    "matrix_of_scalars": (
        body("  float3x3 m = float3x3(1, 2, 3);"),
        5,
        16,
        "no matching constructor for initialization of 'float3x3'",
    ),
    "negative_threadgroup_array": (
        body("  threadgroup float t[-1];"),
        5,
        23,
        "'t' declared as an array with a negative size",
    ),
    "instance_of_nothing": (
        'template [[host_name("a")]] kernel void g<float>(device float*);\n' + body(""),
        3,
        41,
        "explicit instantiation does not refer to a kernel template",
    ),
    "barrier_of_cuda": (
        body("  __syncthreads();"),
        5,
        3,
        "use of undeclared identifier '__syncthreads'",
    ),
    "absolute_include": (
        "#include </etc/hostname>\n" + body(""),
        3,
        10,
        "'/etc/hostname' file not found",
    ),
    "computed_include": (
        '#define FILE "x.h"\n#include FILE\n' + body(""),
        4,
        1,
        'expected "FILENAME" or <FILENAME>',
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rejected(name: str, compile_msl: Compile) -> None:
    source, line, column, message = CASES[name]
    result = compile_msl(source)
    assert isinstance(result, msl.Rejection)
    errors = [item for item in result.diagnostics if item.severity == "error"]
    assert (errors[0].line, errors[0].column, errors[0].text) == (line, column, message)
    words = [item.text for error in errors for item in (error, *error.notes)]
    assert not [text for text in words if OURS.search(text)]
    assert {item.file for error in errors for item in (error, *error.notes)} == {"program_source"}


def test_accepted_neighbours(compile_msl: Compile) -> None:
    result = compile_msl(
        "void g(const thread float& a, device float& b) { b = a; }\n"
        "kernel void f(device float* y [[buffer(0)]], ushort2 i [[thread_position_in_grid]]) {\n"
        "  float t = 1;\n  g(t, y[i.x]);\n  float4 v;\n  v.xw = float2(1);\n  y[0] = v.x;\n"
        "  if (i.x) return;\n}\n"
    )
    assert isinstance(result, msl.Library), result.text


@pytest.mark.parametrize("text", ["\ud800", "kernel\0", "kernel void f() { \udcff }"])
def test_what_is_not_text(text: str, compile_msl: Compile) -> None:
    result = compile_msl(text)
    assert isinstance(result, msl.Rejection)
    assert result.reason == "program_source:1:1: source is not text"


EXTREMES = {
    "parentheses": body("  y[i] = " + "(" * 10_000 + "1" + ")" * 10_000 + ";"),
    "unclosed": "kernel void f([[",
    "deep_namespaces": "namespace a {" * 3000 + "}" * 3000,
    "directives_in_vain": '#if 0\n#embed "x"\n#include X\n#endif\n}',
}


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes_are_answered(name: str, compile_msl: Compile) -> None:
    result = compile_msl(EXTREMES[name])
    assert isinstance(result, msl.Rejection)
    assert result.status == "compile_error"
    assert result.reason.startswith("program_source:")
