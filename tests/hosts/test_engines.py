"""The fast engine against the one that defines what a kernel means: equal bits on both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import msl
from msl.host_build import ensure_host
from msl.run import Launch, Ran, run

COUNT = 4096
SHAPES = [(64, 1, 1), (100, 1, 1), (16, 16, 1), (8, 4, 2), (64, 2, 1), (1, 1, 1), (32, 3, 2)]
HEAD = """#include <metal_stdlib>
using namespace metal;
#define ARGUMENTS device const float* x [[buffer(0)]], device float* y [[buffer(1)]], \\
  device atomic_uint* counts [[buffer(2)]], constant uint& n [[buffer(3)]], \\
  uint3 g [[thread_position_in_grid]], uint3 t [[thread_position_in_threadgroup]], \\
  uint3 size [[threads_per_grid]], uint flat [[thread_index_in_threadgroup]], \\
  uint lane [[thread_index_in_simdgroup]], uint3 shape [[threads_per_threadgroup]]
static void counts_of(device atomic_uint* counts, uint r, uint c) {
  atomic_fetch_add_explicit(&counts[10 + r % 5], c, memory_order_relaxed);
}
#define PLACE const uint i = (g.z * size.y + g.y) * size.x + g.x
"""
KERNELS = {
    "early_return_and_tail": "PLACE; if (i >= n) return; y[i] = x[i] * 2.0f + float(t.x);",
    "neighbours": """PLACE; const float left = i > 0 ? floor(x[i - 1] * 64) : 0.0f;
        const float right = i + 1 < n ? floor(x[i + 1] * 64) : 0.0f;
        y[i] = left * 4 + floor(x[i] * 64) * 2 + right;""",
    "rows_of_a_matrix": """PLACE; const uint cols = 61, r = (g.y * 3 + t.x / 4) % 60;
        const uint c = g.x % 57;
        const float above = r > 0 && c > 0 ? x[(r - 1) * cols + c - 1] : 0.0f;
        device const float3* three = (device const float3*)x;
        const float3 v = three[(r % 5) * cols + c];
        y[i] = c < 50 ? max(above, x[r * cols + c]) : max(-v.x, v.z);
        if (c < 40) counts_of(counts, r, c);""",
    "pieces_of_rows": """threadgroup float4 tile[64]; PLACE; const uint p = flat % 64;
        device const float4* from = (device const float4*)x;
        const uint r = p / 4, c = p % 4;
        tile[p] = 4 * r * (n / 400 + 2) + 4 * c + 3 < 4096u
          ? from[r * (n / 400 + 2) + c] : float4(1);
        threadgroup_barrier(mem_flags::mem_threadgroup);
        y[i] = floor(tile[(p * 5) % 64].y * 64) * 16 + floor(x[p / 8 * 9 + p % 8] * 64) * 4
          + floor(x[p / 8 * n % 1024] * 64);""",
    "backwards": "PLACE; if (i < n) y[n - 1 - i] = x[i];",
    "structures": """PLACE; device const float4* from = (device const float4*)x;
        if (4 * i + 3 < n) {
          float4 v = from[i]; ((device float4*)y)[i] = v.wzyx + float4(v.x); }""",
    "divergent_loop": """PLACE; uint k = i, steps = 0;
        while (k > 1 && steps < 60) {
          if (k % 7 == 3) { k += 2; ++steps; continue; }
          if (k % 61 == 5) break;
          k = k % 2 ? 3 * k + 1 : k / 2; ++steps; }
        y[i] = float(steps) + float(k % 16);""",
    "nested_exits": """PLACE; float sum = 0;
        for (uint a = 0; a < 1 + i % 5; ++a) { for (uint b = 0; ; ++b) {
          if (b > a + i % 3) break;
          if (a * b == 6) { y[i] = -sum; return; }
          sum += x[(i + a * b) % n]; } }
        y[i] = sum;""",
    "switch_with_fall_through": """PLACE; float v = 1;
        switch (i % 6) { case 0: v = 5; case 1: v += x[i]; break; case 4: return;
          default: v = -v; case 2: v *= 3; }
        y[i] = v;""",
    "private_arrays": """PLACE; float a[6]; half b[5];
        for (uint k = 0; k < 6; ++k) a[k] = x[(i + k) % n];
        for (uint k = 0; k < 5; ++k) b[k] = half(a[(i + k) % 6]);
        a[i % 6] += 1; y[i] = a[3] + a[(i * 5) % 6] + float(b[i % 5]);""",
    "collectives_in_branches": """PLACE; float v = floor(x[i] * 8);
        if (i % 3) v = simd_max(v) + float(ulong(simd_ballot(i % 2)) & 255u);
        else v = simd_prefix_inclusive_sum(v);
        y[i] = v + simd_shuffle_xor(v, 1) * 2 + quad_sum(floor(x[i] * 4));""",
    "collective_in_a_loop": """PLACE; float v = 0;
        for (uint k = 0; k < 1 + i % 4; ++k) v += simd_sum(floor(x[i] * 4) + float(k));
        y[i] = v + simd_broadcast_first(v);""",
    "integers": """PLACE; uint a = as_type<uint>(x[i]), b = i % 97 + 1; short c = short(a);
        ulong w = ulong(a) * b; int d = int(a) / int(b) - int(a) % int(b);
        y[i] = float((a / b + a % b) & 1023u) + float(c >> 3)
          + float(uint(w >> 40)) - float(d & 7);""",
    "atomics": """PLACE; atomic_fetch_add_explicit(&counts[0], 1u, memory_order_relaxed);
        atomic_fetch_max_explicit(&counts[1], i * 2654435761u, memory_order_relaxed);
        atomic_fetch_xor_explicit(&counts[2 + i % 5], i, memory_order_relaxed);
        if (i % 3 == 0) atomic_fetch_sub_explicit(&counts[8], i, memory_order_relaxed);
        uint seen = atomic_load_explicit(&counts[9], memory_order_relaxed);
        while (!atomic_compare_exchange_weak_explicit(&counts[9], &seen, seen + i,
          memory_order_relaxed, memory_order_relaxed)) {}
        y[i] = x[i];""",
    "reverse_in_threadgroup": """threadgroup float tile[256]; PLACE;
        const uint threads = shape.x * shape.y * shape.z;
        tile[flat] = x[i]; threadgroup_barrier(mem_flags::mem_threadgroup);
        y[i] = tile[threads - 1 - flat];""",
    "tree_reduction": """threadgroup float tile[256]; PLACE;
        const uint threads = shape.x * shape.y * shape.z;
        tile[flat] = floor(x[i] * 16);
        for (uint step = 128; step > 0; step /= 2) {
          threadgroup_barrier(mem_flags::mem_threadgroup);
          if (flat < step && flat + step < threads) tile[flat] += tile[flat + step]; }
        threadgroup_barrier(mem_flags::mem_threadgroup);
        y[i] = tile[0] + float(lane);""",
}  # fmt: skip


def source() -> str:
    return HEAD + "\n".join(
        f"kernel void {name}(ARGUMENTS) {{\n{body}\n}}" for name, body in KERNELS.items()
    )


def compiled(cache: Path, engine: str) -> msl.Library:
    library = msl.compile_source(source(), engine=engine, cache_dir=cache)
    assert isinstance(library, msl.Library), library.text
    return library


def outputs(library: msl.Library, name: str, shape: tuple[int, int, int]) -> list[npt.NDArray[Any]]:
    """What a kernel leaves behind; grids need not be multiples of threadgroups."""
    grid = (shape[0] * 5 + (7 if shape[0] > 1 else 0), shape[1] * 2, shape[2])
    x = np.random.default_rng(5).standard_normal(COUNT).astype(np.float32)
    buffers = {0: x, 1: np.full(COUNT, -3.0, np.float32), 2: np.zeros(16, np.uint32)}
    n = np.uint32(grid[0] * grid[1] * grid[2] - 3).tobytes()
    launch = Launch(name, grid, shape, buffers, {3: n})
    ran = run(library, launch, ensure_host().supervisor, threads=1)
    assert isinstance(ran, Ran), f"{name} {shape}: {ran}"
    return [ran.buffers[1], ran.buffers[2]]


@pytest.fixture(scope="module")
def libraries(shared_cache: Path) -> tuple[msl.Library, msl.Library]:
    return compiled(shared_cache, "fast"), compiled(shared_cache, "reference")


@pytest.mark.host
@pytest.mark.parametrize("name", KERNELS)
def test_both_engines_agree(name: str, libraries: tuple[msl.Library, msl.Library]) -> None:
    for shape in SHAPES:
        fast, reference = (outputs(library, name, shape) for library in libraries)
        for ours, theirs in zip(fast, reference, strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=f"{name} {shape}")


@pytest.mark.host
def test_a_kernel_says_which_engine_runs_it(libraries: tuple[msl.Library, msl.Library]) -> None:
    fast, reference = libraries
    assert {function.engine for function in fast.functions.values()} == {"fast"}
    assert {function.engine for function in reference.functions.values()} == {"reference"}


DECLINED = """#include <metal_stdlib>
using namespace metal;
kernel void apart(device float* y [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
  if (t < 7)
    threadgroup_barrier(mem_flags::mem_threadgroup);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y[t] = 1;
}
kernel void plain(device float* y [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
  y[t] = 2;
}
"""


@pytest.mark.host
def test_what_the_fast_engine_declines_runs_on_the_other_and_says_why(shared_cache: Path) -> None:
    library = msl.compile_source(DECLINED, engine="auto", cache_dir=shared_cache)
    assert isinstance(library, msl.Library)
    apart, plain = library.functions["apart"], library.functions["plain"]
    assert (apart.engine, apart.mode) == ("reference", "fiber")
    assert apart.declined.startswith("line 5, column 5: a threadgroup_barrier")
    assert (plain.engine, plain.declined) == ("fast", "")
    ran = run(
        library,
        Launch("apart", (64, 1, 1), (64, 1, 1), {0: np.zeros(64, np.float32)}),
        ensure_host().supervisor,
    )
    assert isinstance(ran, Ran)
    assert ran.buffers[0].min() == 1


@pytest.mark.host
def test_asked_for_alone_the_fast_engine_refuses(shared_cache: Path) -> None:
    refused = msl.compile_source(DECLINED, engine="fast", cache_dir=shared_cache)
    assert isinstance(refused, msl.Rejection)
    assert refused.status == "unsupported"
    assert "the fast engine declines 'apart': line 5" in refused.reason
