"""Honest kernels that look suspicious: the checker must neither refuse them nor, but for those in
WARNED, say a word."""

from __future__ import annotations

from tests.unit.checked.cases import Case

_TG = "threadgroup_barrier(mem_flags::mem_threadgroup);\n"

_FENCE = "atomic_thread_fence(mem_flags::mem_device, memory_order_seq_cst, thread_scope_device);\n"


def last_threadgroup(fence: str) -> Case:
    """Partial sums of four threadgroups, added by whichever comes last."""
    return Case(
        "threadgroup bool last;\nif (t == 0) {\npart[group] = float(group) + x[gid];\n"
        + fence
        + "last = atomic_fetch_add_explicit(done, 1u, memory_order_relaxed) == 3;\n}\n"
        + _TG
        + "if (last && t == 0) {\n"
        + fence
        + "float sum = 0.0f;\nfor (uint i = 0; i < 4; ++i) sum += part[i];\ny[0] = sum;\n}",
        threadgroup=16,
        y=1,
        header="kernel void clear(device uint* done [[buffer(3)]]) { *done = 0; }",
        arguments=("device float* part [[buffer(2)]]", "device atomic_uint* done [[buffer(3)]]"),
        before="scratch part: float 4\nscratch done: uint 1\n"
        "dispatch clear grid: 1 1 1 threadgroup: 1 1 1 bind 3=done",
        parameters=" bind 2=part bind 3=done",
    )


HONEST: dict[str, Case] = {
    "variables whose address is taken": Case(
        "float mine[4] = {x[gid], 1.0f, 2.0f, 3.0f};\nspread(mine, t);\n"
        "threadgroup_barrier(mem_flags::mem_none);\ny[gid] = mine[t & 3];",
        header="void spread(thread float* v, uint t) { thread float* p = v + (t & 3);\n"
        "*p = 5.0f; v[(t + 1) & 3] += *p; }",
    ),
    "constants by an index": Case(
        "y[gid] = table[t & 3] + pick(t) + x[gid];",
        header="constant float table[4] = {1.0f, 2.0f, 3.0f, 4.0f};\n"
        "float pick(uint t) { const float own[3] = {3.0f, 2.0f, 1.0f}; return own[t % 3]; }",
    ),
    "shuffles by every lane's own index": Case(
        "y[gid] = simd_shuffle(x[gid], ushort(31 - lane)) + simd_broadcast(x[gid], ushort(simd))\n"
        "+ quad_shuffle_xor(x[gid], ushort(lane / 4 % 4));"
    ),
    "matrices by whole SIMD-groups": Case(
        "simdgroup_float8x8 a, b, c(0.0f);\nif (simd == 1) {\nsimdgroup_load(a, x, 8);\n"
        "simdgroup_load(b, x, 8, ulong2(0, 0), true);\n"
        "for (uint k = 0; k < 3; ++k) simdgroup_multiply_accumulate(c, a, b, c);\n"
        "simdgroup_store(c, y, 8);\n}",
        header="#include <metal_simdgroup_matrix>",
    ),
    "early return before barriers": Case(
        "threadgroup float tile[64];\nif (t >= 50) return;\ntile[t] = x[gid];\n"
        + _TG
        + "y[gid] = tile[49 - t];",
        y=64,
    ),
    "ping-pong double buffer": Case(
        "threadgroup float pair[2][64];\npair[0][t] = x[gid];\n"
        + _TG
        + "for (uint step = 1, now = 0; step < 64; step *= 2, now ^= 1) {\n"
        "pair[now ^ 1][t] = pair[now][t] + (t >= step ? pair[now][t - step] : 0.0f);\n"
        + _TG
        + "}\ny[gid] = pair[0][t];"
    ),
    "histogram with threadgroup atomics": Case(
        "threadgroup atomic_uint bins[16];\n"
        "if (t < 16) atomic_store_explicit(&bins[t], 0u, memory_order_relaxed);\n"
        + _TG
        + "atomic_fetch_add_explicit(&bins[x[gid] % 16], 1u, memory_order_relaxed);\n"
        + _TG
        + "if (t < 16) y[t] = atomic_load_explicit(&bins[t], memory_order_relaxed);",
        dtype="uint32",
        y=16,
    ),
    "neighbours after a SIMD-group barrier": Case(
        "threadgroup float tile[64];\ntile[t] = x[gid];\n"
        "simdgroup_barrier(mem_flags::mem_threadgroup);\ny[gid] = tile[t ^ 1];"
    ),
    "tree reduction": Case(
        "threadgroup float tile[64];\ntile[t] = x[gid];\n"
        + _TG
        + "for (uint s = 32; s > 0; s /= 2) {\nif (t < s) tile[t] += tile[t + s];\n"
        + _TG
        + "}\nif (t == 0) y[0] = tile[0];",
        y=1,
    ),
    "shuffle reduction with missing sources": Case(
        "float v = x[gid];\nfor (uint d = 16; d > 0; d /= 2) v += simd_shuffle_down(v, d);\n"
        "if (lane == 0) y[simd] = v;",
        y=2,
    ),
    "last threadgroup finishes": last_threadgroup(_FENCE),
    "float atomics in any order": Case(
        "device atomic_float* a = reinterpret_cast<device atomic_float*>(y);\n"
        "if (gid == 0) atomic_store_explicit(a, 0.0f, memory_order_relaxed);\n"
        + "threadgroup_barrier(mem_flags::mem_device);\n"
        "atomic_fetch_add_explicit(a, x[gid], memory_order_relaxed);",
        y=1,
    ),
    "volatile flag": Case(
        "threadgroup uint word;\nvolatile threadgroup uint* flag = &word;\n"
        "if (t < 2) flag[0] = 1u;\n" + _TG + "y[gid] = flag[0] + x[gid];",
        dtype="uint32",
        header="",
    ),
    "neighbouring halfs": Case(
        "threadgroup half tile[64];\ntile[t] = half(t);\n" + _TG + "y[gid] = tile[63 - t];"
    ),
    "neighbouring bytes": Case(
        "threadgroup uchar tile[64];\ntile[t] = uchar(t);\n" + _TG + "y[gid] = tile[63 - t];",
        dtype="uint32",
    ),
    "matrix through threadgroup memory": Case(
        "threadgroup float tile[64];\n"
        "simdgroup_float8x8 a, b;\nsimdgroup_load(a, x, 8);\n"
        "simdgroup_multiply(b, a, a);\nsimdgroup_store(b, tile, 8);\n"
        "simdgroup_barrier(mem_flags::mem_threadgroup);\n"
        "y[lane] = tile[lane]; y[lane + 32] = tile[lane + 32];",
        grid=32,
        threadgroup=32,
    ),
    "unsigned wrap and rotation": Case(
        "uint v = x[gid] * 2654435761u;\ny[gid] = rotate(v, 0u) ^ (v << (v & 31u)) ^ (0u - v);",
        dtype="uint32",
    ),
    "own element updated": Case("y[gid] = x[gid];\ny[gid] *= 2.0f;\ny[gid] += y[gid];"),
    "collective in a loop with early exits": Case(
        "float v = x[gid];\nfor (uint i = 0; i < 40; ++i) {\nif (i > lane) break;\n"
        "v += simd_sum(1.0f);\n}\ny[gid] = v;"
    ),
}

#: Honest in their results, but with a race that a reader of the report should know of.
WARNED: dict[str, tuple[Case, str]] = {
    "halo loads of unused values": (
        Case(
            "float mine = x[gid];\ny[gid] = mine;\n"
            "float beside = y[gid ^ 32];\n"
            "volatile thread float unused = beside;\n(void)unused;",
            threadgroup=32,
        ),
        "data_race",
    ),
    "same value from every thread": (
        Case("threadgroup float one;\none = 1.0f;\n" + _TG + "y[gid] = one + x[gid];"),
        "data_race",
    ),
    "barrier that orders nothing": (
        Case(
            "threadgroup float tile[64];\ntile[t] = x[gid];\n"
            "threadgroup_barrier(mem_flags::mem_none);\ny[gid] = tile[63 - t];"
        ),
        "does not order this memory",
    ),
    "last threadgroup without fences": (last_threadgroup(""), "fences with atomics"),
    "overflow of a value that no lane uses": (
        Case(
            "int v = simd_shuffle_down(x[gid], 1);\nint sum = v * 3;\ny[gid] = gid < 39 ? sum : 0;",
            grid=40,
            threadgroup=40,
            x=40,
            y=40,
            dtype="int32",
        ),
        "inactive_lane",
    ),
    "unwritten word without effect": (
        Case(
            "threadgroup float tile[64];\nif (t < 32) tile[t] = x[gid];\n"
            + _TG
            + "volatile thread float unused = tile[t];\n(void)unused;\ny[gid] = x[gid];"
        ),
        "uninitialised_read",
    ),
}
