"""What text compiles against the headers, in each namespace that the front end uses."""

from __future__ import annotations

import pytest
from header_compiler import HOST, Headers

pytestmark = pytest.mark.host

ACCEPTED = {
    "scalar names": """
        metal::uint a = 1; uchar b = 2; ulong c = 3; ptrdiff_t d = 0; half e = 1;
        bfloat f = bfloat(1.0);
    """,
    "user-defined missing functions": """
        float erf(float x) { return x; }
        float log1p(float x) { return x; }
        float expm1(float x) { return x; }
        float f(float x) { return erf(x) + log1p(x) + expm1(x) + metal::exp(x); }
    """,
    "user names": """
        struct Params { uint M, N, K; };
        constant uint TILE = 16; constant float4x4 m = float4x4(1.0);
        float gelu(float x) { return x; }
        float4 sigmoid(float4 x) { return 1.0 / (1.0 + exp(-x)); }
        template <typename T> T ceildiv(T a, T b) { return (a + b - 1) / b; }
        float lanes, fits, bits, pi;
    """,
    "mixed arguments": """
        float4 f(float4 v, float s) {
          v += fma(s, v, v) + max(v, s) + clamp(v, s, 1.0f) + mix(v, v, s) + step(s, v);
          v += smoothstep(0.0, 1.0, v) + fmax(v, 0) + pow(v, 2.0f) + select(v, s, v < s);
          return v * dot(v, s);
        }
    """,
    "thread references": """
        void f(float x, thread float& c, threadgroup float4* p) { p[0].xy = sincos(x, c); }
    """,
    "constants": """
        constant float W[3] = {1, 2, INFINITY}; constexpr constant int N = 4;
        constant constexpr float P = M_PI_F; float A[N]; static_assert(CHAR_BIT == 8);
        float g = FLT_MAX + HUGE_VALF + MAXFLOAT; half h = HALF_MAX;
    """,
    "vote": """
        uint f(bool b) { return uint((simd_vote::vote_t)simd_ballot(b)) + simd_ballot(b).any(); }
    """,
    "deduction": """
        template <typename T, int N> T f(vec<T, N> v) { return v.x; }
        float g(float4 v) { return f(v.xyz) + f(v); }
    """,
    "overloads beside the library's": """
        struct Complex { float re, im; };
        Complex exp(Complex z) { return {exp(z.re) * cos(z.im), exp(z.re) * sin(z.im)}; }
        float4 abs(Complex z) { return float4(abs(z.re), abs(z.im), metal::abs(-1), abs(-1)); }
    """,
    "log": 'void f(float x) { os_log_default.log_info("x %f", x); }',
}
UNDECLARED = "use of undeclared identifier"
UNMATCHED = "no matching function for call to"
REJECTED = {
    "half as a name": ("uint half = 1;", "cannot combine with previous"),
    "undefined erf": ("float f(float x) { return erf(x); }", f"{UNDECLARED} 'erf'"),
    "undefined lgamma": ("float f(float x) { return lgamma(x); }", f"{UNDECLARED} 'lgamma'"),
    "libm name": ("float f(float x) { return sinf(x); }", f"{UNDECLARED} 'sinf'"),
    "mask as integers": ("void f(float4 a) { uint4 m = a < a; }", "no viable conversion"),
    "select by integers": (
        "float4 f(float4 a, uint4 m) { return select(a, a, m); }",
        f"{UNMATCHED} 'select'",
    ),
    "vectors of two types": ("float4 f(float4 a, int4 b) { return a + b; }", "invalid operands"),
    "three-argument accumulate": (
        "void f(thread simdgroup_float8x8& a) { simdgroup_multiply_accumulate(a, a, a); }",
        f"{UNMATCHED} 'simdgroup_multiply_accumulate'",
    ),
    "repeated letter written": ("void f(thread float4& a) { a.xx = float2(1); }", "property"),
    "two scalars for four": ("float4 f(float a) { return float4(a, a); }", "deleted"),
    "fraction into integers": ("int4 f(int4 a) { return a + 1.5f; }", "invalid operands"),
    "modulo of floats": ("float4 f(float4 a) { return a % a; }", "invalid operands"),
    "unknown flag": (
        "void f() { threadgroup_barrier(mem_flags::threadgroup_mem_fence); }",
        "no member named",
    ),
    "simd_sum of bool": ("bool f(bool b) { return simd_sum(b); }", f"{UNMATCHED} 'simd_sum'"),
    "simd_sum of long": ("long f(long b) { return simd_sum(b); }", f"{UNMATCHED} 'simd_sum'"),
    "argument too many": (
        "float f(float b) { return simd_sum(b, 3); }",
        f"{UNMATCHED} 'simd_sum'",
    ),
    "ambiguous max": ("uint f(uint n) { return max(n, 1); }", "call to 'max' is ambiguous"),
    "float atomic maximum": (
        """void f(device atomic_float* p) {
             atomic_fetch_max_explicit(p, 1.0f, memory_order_relaxed);
           }""",
        UNMATCHED,
    ),
    "as_type of another size": ("uint f(half x) { return as_type<uint>(x); }", "same size"),
}
SPACES = ["msl_leader", "msl_follower", "msl_per_lane"]
WITHOUT_MATRICES = [*SPACES, ""]


def _placed(text: str, space: str) -> str:
    inside = f"using namespace metal;\n{text}"
    return f"namespace {space} {{ {inside} }}" if space else inside


@pytest.mark.parametrize("space", WITHOUT_MATRICES)
def test_accepted(headers: Headers, space: str) -> None:
    for name, text in ACCEPTED.items():
        result = headers.compile_text(_placed(text, space))
        assert result.returncode == 0, f"{name}: {result.stderr}"


@pytest.mark.parametrize("name", REJECTED)
def test_rejected(headers: Headers, name: str) -> None:
    text, message = REJECTED[name]
    result = headers.compile_text(_placed(text, "msl_leader"))
    assert result.returncode != 0
    assert message in result.stderr


@pytest.mark.parametrize("space", SPACES)
def test_matrix_names(headers: Headers, space: str) -> None:
    text = """
        using Half = metal::simdgroup_matrix<half, 8, 8>;
        inline void mma(thread simdgroup_float8x8& d, simdgroup_half8x8 a, Half b) {
          simdgroup_multiply_accumulate(d, a, b, d);
        }
        template <typename T>
        METAL_FUNC void tile(const device T* x, threadgroup T* t, device float* y) {
          simdgroup_matrix<T, 8, 8> a, b(0);
          simdgroup_float8x8 c[2] = {simdgroup_float8x8(0.0f), simdgroup_float8x8()};
          c[1] = make_filled_simdgroup_matrix<float, 8, 8>(1.0f);
          simdgroup_load(a, x, 64, ulong2(8, 0), true);
          metal::simdgroup_load(b, t + 3);
          mma(c[0], a, b);
          metal::simdgroup_barrier(mem_flags::mem_threadgroup);
          simdgroup_multiply(c[1], a, b);
          simdgroup_store(c[1], y, 64);
          simdgroup_store(b, t, 8, ulong2(0, 1), false);
        }
        void f(const device half* x, threadgroup half* t, device float* y) { tile<half>(x, t, y); }
    """
    result = headers.compile_text(_placed(text, space))
    assert result.returncode == 0, result.stderr


def test_every_header_stands_alone(headers: Headers) -> None:
    for header in sorted((HOST / "include").glob("msl_*.h")):
        source = headers.folder / "alone.cc"
        source.write_text(f'#include "{header.name}"\n')
        result = headers.compile(source, "-fsyntax-only", "-Wall", "-Werror")
        assert result.returncode == 0, f"{header.name}: {result.stderr}"
