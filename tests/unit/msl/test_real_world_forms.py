"""Forms that published kernels are written in: each group of them builds as one source."""

from __future__ import annotations

from pathlib import Path

import pytest
from msl_compile import Compile

import msl

KERNEL = "kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]])"

SOURCES: dict[str, str] = {
    "inactive_includes": (
        "#ifndef __METAL_VERSION__\n#include <stdint.h>\n#import <Foundation/Foundation.h>\n"
        '#include "/absolute.h"\n#else\n#define ONE 1\n#endif\n' + KERNEL + " { y[i] = ONE; }"
    ),
    "shared_header_names": (
        "#include <simd/simd.h>\nenum Slots { SlotIn = 2, SlotOut };\n"
        "typedef struct { vector_float4 p; matrix_float4x4 m; simd_uint2 s; simd::float3 v; } U;\n"
        "kernel void f(constant U& u [[buffer(SlotIn)]], device float4* y [[buffer(SlotOut)]]) {\n"
        "  y[0] = u.m * u.p + float4(u.v, u.s.x);\n}"
    ),
    "own_bfloat_functions": (
        "namespace metal {\n"
        "METAL_FUNC bfloat exp(bfloat x) {\n"
        "  return static_cast<bfloat>(__metal_exp(float(x), __METAL_FAST_MATH__));\n}\n"
        "METAL_FUNC bfloat simd_sum(bfloat x) {\n"
        "  return static_cast<bfloat>(__metal_simd_sum(static_cast<float>(x)));\n}\n"
        "namespace fast { METAL_FUNC bfloat exp(bfloat x) { return metal::exp(x); } }\n}\n"
        "kernel void f(device bfloat* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {\n"
        "  y[i] = simd_sum(fast::exp(y[i]));\n}"
    ),
    "narrow_casts": (
        "typedef half h16;\ntemplate <typename T, typename U> T to(U x) { return T(x); }\n"
        "kernel void f(device h16* h [[buffer(0)]], device bfloat* b [[buffer(1)]]) {\n"
        "  h[0] = half(b[0]) * 2 + (half)b[1];\n  h[1] = to<h16>(b[0]);\n"
        "  b[2] = static_cast<bfloat>(h[0]);\n  h[2] = half4(bfloat4(b[0])).x;\n}"
    ),
    "spaces_of_a_template": (
        "template <typename T> struct El {};\n"
        "template <typename T> struct El<thread T*> { typedef T type; };\n"
        "template <typename T> struct El<device T*> { typedef T type; };\n"
        "template <typename T> struct El<constant T*> { typedef T type; };\n"
        "struct C {\n  float r;\n"
        "  template <typename U, typename = enable_if_t<!is_same_v<U, C> && is_integral_v<U>>>\n"
        "  C(U x) thread : r(x) {}\n"
        "  template <typename U, typename = enable_if_t<!is_same_v<U, C> && is_integral_v<U>>>\n"
        "  C(U x) device : r(x) {}\n};\n"
        "#define SUM(S) inline float sum(S const float* p) { return p[0] + p[1]; }\n"
        "SUM(device) SUM(constant) SUM(thread)\n" + KERNEL + " {\n"
        "  float t[2] = {1, 2};\n  C c = 3;\n  El<device float*>::type v = sum(t) + sum(y) + c.r;\n"
        "  y[i] = v;\n}"
    ),
    "function_as_argument": (
        "typedef float op_t(float);\nstatic float total(float x) { return simd_sum(x); }\n"
        "template <op_t op> float twice(float x) { return op(x) * 2; }\n"
        "typedef decltype(twice<total>) twice_t;\n"
        "template <twice_t fn> float thrice(float x) { return fn(x) * 3; }\n"
        + KERNEL
        + " { y[i] = thrice<twice<total>>(y[i]); }"
    ),
    "literals_in_templates": (
        "template <typename T> T half_of(T x) { return ::exp(0.5 * x) * 1e-2; }\n"
        "static_assert(is_same_v<decltype(0.5), float>);\n" + KERNEL + " { y[i] = half_of(y[i]); }"
    ),
    "packed_arguments": (
        "kernel void f(device packed_float3* p [[buffer(0)]], device float* y [[buffer(1)]]) {\n"
        "  float3 a = p[1];\n  y[0] = length(p[0]) + dot(p[0], a) + distance(a, p[0]);\n"
        "  p[1] = normalize(p[0]) + max(p[0], 0.5f) + mix(p[0], a, 0.5f);\n"
        "  y[1] = fast::length(a);\n}"
    ),
    "braced_columns": (
        KERNEL + " {\n  float2x2 m{{1, 2}, {3, 4}};\n"
        "  float3x3 n = float3x3({1, 0, 0}, {0, 1, 0}, {0, 0, 1});\n  y[i] = m[1].x + n[2].z;\n}"
    ),
    "library_corners": (
        KERNEL + " {\n  array<float, 2> a = {1, 2};\n  array_ref<float> r(a);\n"
        "  const uniform<int> n = make_uniform(8) / make_uniform(2);\n"
        "  uint w = pack_float_to_unorm4x8(float4(1, 0, 0.5, 1));\n"
        "  y[i] = r[1] + n + unpack_snorm2x16_to_float(w).x + numeric_limits<int8_t>::max();\n"
        "  y[i] += __builtin_ctz(8) + is_same_v<remove_addrspace_t<float>, float>;\n}"
    ),
    "unroll_by_macro": (
        "#define LEAST(a, b) ((a) < (b) ? (a) : (b))\n#define DO_PRAGMA(x) _Pragma(#x)\n"
        + KERNEL
        + " {\n"
        "#pragma unroll (LEAST(4, 2))\n  for (int k = 0; k < 4; ++k) y[i] += k;\n"
        "  DO_PRAGMA(unroll) for (int k = 0; k < 4; ++k) y[i] += k;\n}"
    ),
    "linkage_of_definitions": (
        'extern "C" { namespace n { inline float one() { return 1; } } }\n'
        'extern "C" ' + KERNEL + " { y[i] = n::one(); }"
    ),
    "names_in_the_outermost_scope": (
        "#include <metal_simdgroup_matrix>\nnamespace n { namespace metal {\n"
        "template <typename T> struct P { T a; };\n"
        "inline ::n::metal::P<float> one() { return ::n::metal::P<float>{1}; }\n"
        "template <typename T> ::metal::enable_if_t<::metal::is_integral_v<T>, ::n::metal::P<T>>"
        " of(T x) { return {x}; }\n} }\n"
        "kernel void f(device float* y [[buffer(0)]], device const float* x [[buffer(1)]]) {\n"
        "  simdgroup_float8x8 m;\n  ::metal::simdgroup_load(m, x, 8);\n"
        "  simdgroup_store(m, y, 8);\n  y[0] += ::n::metal::one().a + ::n::metal::of(2).a;\n}"
    ),
    "types_in_disguise": (
        "template <typename T> using at = device T*;\n"
        "typedef half op(half);\nhalf twice(half x) { return 2 * x; }\n"
        "half call(half (*g)(half), half x) { return g(x); }\n"
        "template <typename T> struct L {\n  T v[2];\n"
        "  thread L& operator=(initializer_list<T> a) thread {\n"
        "    for (size_t k = 0; k < a.size(); ++k) v[k] = a.begin()[k];\n    return *this;\n  }\n"
        "};\nkernel void f(at<float> y [[buffer(0)]], at<bfloat> b [[buffer(1)]]) {\n"
        "  L<float> l;\n  l = {1, 2};\n  y[0] = l.v[1] + call(twice, half(b[0]));\n}"
    ),
    "steps_of_a_loader": (
        "constant int dst = 4;\ntemplate <typename T> struct Loader {\n"
        "  threadgroup T* dst;\n  struct alignas(8) Two { T v[2]; };\n"
        "  void store(T x) const thread {\n"
        "    *((threadgroup Two*)(&dst[2])) = Two{{x, x}};\n  }\n};\n"
        + KERNEL
        + " {\n  threadgroup float t[8];\n  Loader<float> l{t};\n  l.store(dst);\n"
        "  assert(i < 8);\n  struct F { float operator()(float x) { return x; } };\n  F f;\n"
        "  y[i] = f(t[2]);\n}"
    ),
    "constexpr_around_collectives": (
        "struct M {\n  static constexpr int width() { return 4; }\n"
        "  static constexpr float sum(float x) { return simd_sum(x); }\n};\n"
        + KERNEL
        + " {\n  float t[M::width()] = {1};\n  y[i] = M::sum(t[0]);\n}"
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_builds(name: str, compile_msl: Compile) -> None:
    result = compile_msl(SOURCES[name])
    assert isinstance(result, msl.Library), result.text
    assert set(result.functions) == {"f"}


def test_constant_without_a_value_is_no_constant_zero(compile_msl: Compile) -> None:
    result = compile_msl(
        "constant int n [[function_constant(0)]];\n" + KERNEL + " { y[i] = i / n + i % n; }"
    )
    assert isinstance(result, msl.Library), result.text
    assert result.text == ""


def test_include_beside_a_file_of_absolute_name(compile_msl: Compile, tmp_path: Path) -> None:
    header = tmp_path / "one.h"
    header.write_text("#line 7\nconstant float one = 1;\n")
    result = compile_msl(
        '#include "one.h"\n' + KERNEL + " { y[i] = one; }",
        name=str(tmp_path / "f.metal"),
        include_roots=[tmp_path],
    )
    assert isinstance(result, msl.Library), result.text
    assert header.read_text() == "#line 7\nconstant float one = 1;\n"


def test_angle_include_below_a_root(compile_msl: Compile, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "one.h").write_text("#pragma once\nconstant float one = 1;\n")
    result = compile_msl(
        "#include <lib/one.h>\n" + KERNEL + " { y[i] = one; }", include_roots=[tmp_path]
    )
    assert isinstance(result, msl.Library), result.text
