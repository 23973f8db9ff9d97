"""Faulty kernels: each with the status it deserves and what the report has to say."""

from __future__ import annotations

from harness.evaluation import Status
from tests.unit.checked.cases import Case

#: An address of the stack that the compiler cannot see through.
_BELOW = (
    "thread float* below(thread float* p, uint bytes) { volatile ulong at = (ulong)p;\n"
    "return (thread float*)(at - bytes); }"
)
#: name -> case, status, words of the reason, line of the body (from 1) that it names.
FAULTS: dict[str, tuple[Case, Status, tuple[str, ...], int]] = {
    "read past the end": (
        Case("y[gid] = x[gid + 1];"),
        Status.OUT_OF_BOUNDS,
        ("reads 4 bytes", "x (buffer 0, 256 bytes): element 64 of 64", "thread (63)"),
        1,
    ),
    "read before the start": (
        Case("y[gid] = x[int(gid) - 1];"),
        Status.OUT_OF_BOUNDS,
        ("element -1", "thread (0)"),
        1,
    ),
    "write past the end": (
        Case("y[gid] = x[gid];\nif (t == 5) y[70] = 1.0f;"),
        Status.OUT_OF_BOUNDS,
        ("writes 4 bytes", "y (buffer 1, 256 bytes): element 70 of 64", "thread (5)"),
        2,
    ),
    "vector over the end": (
        Case(
            "float4 v = *reinterpret_cast<device const float4*>(x + 61);\ny[gid] = v.x + v.w;",
            grid=1,
            threadgroup=1,
        ),
        Status.OUT_OF_BOUNDS,
        ("element 64 of 64",),
        1,
    ),
    "threadgroup array over the end": (
        Case(
            "threadgroup float tile[64];\ntile[t + 1] = x[gid];\n"
            "threadgroup_barrier(mem_flags::mem_threadgroup);\ny[gid] = tile[t ? t : 1];"
        ),
        Status.OUT_OF_BOUNDS,
        ("outside threadgroup 'tile'", "byte 256 of 256"),
        2,
    ),
    "threadgroup array before the start": (
        Case(
            "threadgroup float first[64];\nthreadgroup float second[64];\n"
            "first[t] = x[gid]; second[t] = x[gid];\n"
            "threadgroup_barrier(mem_flags::mem_threadgroup);\n"
            "y[gid] = first[t] + second[int(t) - 1];"
        ),
        Status.OUT_OF_BOUNDS,
        ("byte",),
        5,
    ),
    "threadgroup argument over the end": (
        Case(
            "tile[t] = x[gid];\nthreadgroup_barrier(mem_flags::mem_threadgroup);\n"
            "y[gid] = tile[t + 1];",
            arguments=("threadgroup float* tile [[threadgroup(0)]]",),
            parameters=" tgmem 0: 256",
        ),
        Status.OUT_OF_BOUNDS,
        ("threadgroup argument 0", "byte 256"),
        3,
    ),
    "missing barrier": (
        Case("threadgroup float tile[64];\ntile[t] = x[gid];\ny[gid] = tile[63 - t];"),
        Status.DATA_RACE,
        ("'tile'", "unordered"),
        0,
    ),
    "one byte of a word that others fill": (
        Case(
            "threadgroup uchar tile[4];\nif (t < 4) tile[t] = 1;\nif (t == 33) tile[1] = 2;\n"
            "threadgroup_barrier(mem_flags::mem_threadgroup);\ny[gid] = x[gid] + tile[1];"
        ),
        Status.DATA_RACE,
        ("'tile'", "byte 1", "unordered"),
        0,
    ),
    "one half of a word": (
        Case(
            "device half* h = reinterpret_cast<device half*>(y);\n"
            "if (t < 32) h[t] = half(x[gid]);\nif (t == 32) h[8] = half(t);",
            y=16,
        ),
        Status.DATA_RACE,
        ("unordered",),
        0,
    ),
    "barrier without the flag": (
        Case(
            "threadgroup float tile[64];\ntile[t] = x[gid];\n"
            "y[gid] = tile[63 - t];\nthreadgroup_barrier(mem_flags::mem_none);"
        ),
        Status.DATA_RACE,
        ("'tile'",),
        0,
    ),
    "SIMD-group barrier for a threadgroup": (
        Case(
            "threadgroup float tile[64];\ntile[t] = x[gid];\n"
            "simdgroup_barrier(mem_flags::mem_threadgroup);\ny[gid] = tile[63 - t];"
        ),
        Status.DATA_RACE,
        ("'tile'",),
        0,
    ),
    "threadgroups through device memory": (
        Case(
            "y[gid] = x[gid];\nthreadgroup_barrier(mem_flags::mem_device);\n"
            "if (gid >= 32) y[gid] = y[gid - 32] + 1.0f;",
            threadgroup=32,
        ),
        Status.DATA_RACE,
        ("threadgroups of one dispatch", "y["),
        0,
    ),
    "atomic against plain": (
        Case(
            "device atomic_uint* a = reinterpret_cast<device atomic_uint*>(y);\n"
            "if (t == 0) y[0] = 0;\n"
            "atomic_fetch_add_explicit(a, x[gid] + 1, memory_order_relaxed);",
            dtype="uint32",
            y=1,
        ),
        Status.DATA_RACE,
        ("atomic",),
        0,
    ),
    "skipped barrier": (
        Case(
            "threadgroup float tile[64];\ntile[t] = x[gid];\nif (t < 32) {\n"
            "threadgroup_barrier(mem_flags::mem_threadgroup);\n} else {\n"
            "threadgroup_barrier(mem_flags::mem_threadgroup);\n}\ny[gid] = tile[t];"
        ),
        Status.DIVERGENT_BARRIER,
        ("waits at a barrier while", "case.metal"),
        0,
    ),
    "barrier in different iterations": (
        Case(
            "threadgroup float tile[64];\ntile[t] = 0.0f;\n"
            "for (uint i = 0; i < 3; ++i) {\nif (i == 0 && t == 7) continue;\n"
            "threadgroup_barrier(mem_flags::mem_threadgroup);\n}\ny[gid] = tile[t];"
        ),
        Status.DIVERGENT_BARRIER,
        ("another iteration",),
        5,
    ),
    "divergent SIMD-group barrier": (
        Case(
            "if (lane < 16) { simdgroup_barrier(mem_flags::mem_none); }\ny[gid] = simd_sum(x[gid]);"
        ),
        Status.DIVERGENT_BARRIER,
        ("waits at a barrier",),
        1,
    ),
    "shuffle from an inactive lane": (
        Case("float v = x[gid];\nif (lane < 16) v = simd_shuffle(v, lane + 16);\ny[gid] = v;"),
        Status.INACTIVE_LANE,
        ("takes the value of lane",),
        2,
    ),
    "shuffle from a lane that does not exist": (
        Case("y[gid] = simd_shuffle_down(x[gid], 1);", grid=40, threadgroup=40, x=40, y=40),
        Status.INACTIVE_LANE,
        ("lane 8",),
        1,
    ),
    "division by zero": (
        Case(
            "int d = x[gid] * 0;\nif (d == 0 && gid == 9) y[gid] = x[gid] / d; else y[gid] = 1;",
            dtype="int32",
        ),
        Status.UNDEFINED_INTEGER,
        ("division by zero", "thread (9)"),
        2,
    ),
    "shift by the width": (
        Case("y[gid] = 1u << (x[gid] * 0 + 32);", dtype="uint32"),
        Status.UNDEFINED_INTEGER,
        ("shift", "(by 32)"),
        1,
    ),
    "signed overflow": (
        Case("y[gid] = (x[gid] * 0 + 2147483647) + 1;", dtype="int32"),
        Status.UNDEFINED_INTEGER,
        ("signed integer overflow",),
        1,
    ),
    "unwritten threadgroup memory": (
        Case(
            "threadgroup float tile[64];\nif (t != 3) tile[t] = x[gid];\n"
            "threadgroup_barrier(mem_flags::mem_threadgroup);\ny[gid] = tile[t];"
        ),
        Status.UNINITIALISED_READ,
        ("byte 12 of threadgroup 'tile'", "nobody has written"),
        4,
    ),
    "unwritten output": (
        Case("y[gid] += x[gid];"),
        Status.UNINITIALISED_READ,
        ("y[", "nobody has written"),
        1,
    ),
    "unwritten words copied wide": (
        Case(
            "threadgroup Tile tile;\nif (t == 0) tile.a[0] = 1.0f;\n"
            "threadgroup_barrier(mem_flags::mem_threadgroup);\n"
            "if (t == 1) *reinterpret_cast<device Tile*>(y) = tile;",
            header="struct Tile { float a[64]; };",
        ),
        Status.UNINITIALISED_READ,
        ("threadgroup 'tile'", "63 times"),
        4,
    ),
    "input that is put back": (
        Case(
            "device float* z = (device float*)x;\nconst float v = z[gid];\nz[gid] = 0.0f;\n"
            "threadgroup_barrier(mem_flags::mem_device);\nz[gid] = v;\ny[gid] = v;"
        ),
        Status.INPUT_MODIFIED,
        ("writes x[0] (buffer 0), which is an input",),
        3,
    ),
    "memory below the stack": (
        Case(
            "float mine = x[gid];\nthread float* p = below(&mine, 4096);\nif (t == 9) *p = mine;\n"
            "threadgroup_barrier(mem_flags::mem_none);\ny[gid] = t == 9 ? *p : mine;",
            header=_BELOW,
        ),
        Status.OUT_OF_BOUNDS,
        ("writes 4 bytes of the stack that no variable of this thread occupies", "thread (9)"),
        3,
    ),
    "frame of a function that has returned": (
        Case(
            "thread float* p = leave(x[gid]);\nthreadgroup_barrier(mem_flags::mem_none);\n"
            "y[gid] = *p;",
            header="thread float* leave(float v) { thread float a[8]; a[int(v) & 7] = v;\n"
            "thread float* p = a + (int(v) & 7); return p; }",
        ),
        Status.OUT_OF_BOUNDS,
        ("of the stack that no variable of this thread occupies",),
        3,
    ),
    "stack of another thread": (
        Case(
            "float mine = x[gid];\nthread float* p = below(&mine, (256 + 64) * 1024);\n"
            "if (t == 9) *p = mine;\nthreadgroup_barrier(mem_flags::mem_none);\ny[gid] = mine;",
            header=_BELOW,
        ),
        Status.OUT_OF_BOUNDS,
        ("of the stack that no variable of this thread occupies",),
        3,
    ),
    "argument that is not uniform": (
        Case("y[gid] = simd_shuffle_xor(x[gid], ushort(lane < 7 ? 1 : 2));"),
        Status.INACTIVE_LANE,
        ("gives a SIMD function another argument", "index 7"),
        1,
    ),
    "distance that is not uniform": (
        Case("y[gid] = simd_shuffle_and_fill_up(x[gid], 0.0f, ushort(lane & 1));"),
        Status.INACTIVE_LANE,
        ("another argument",),
        1,
    ),
    "matrix product in divergent flow": (
        Case(
            "simdgroup_float8x8 a(1.0f), b(2.0f), c(0.0f);\n"
            "if (lane < 16) simdgroup_multiply_accumulate(c, a, b, c);\n"
            "simdgroup_store(c, y + 64 * simd, 8);",
            header="#include <metal_simdgroup_matrix>",
            y=128,
        ),
        Status.INACTIVE_LANE,
        ("an operation on matrices in which thread", "takes no part"),
        0,
    ),
    "matrix store by too few lanes": (
        Case(
            "simdgroup_float8x8 c(1.0f);\nsimdgroup_store(c, y, 8);",
            header="#include <metal_simdgroup_matrix>",
            grid=20,
            threadgroup=20,
        ),
        Status.INACTIVE_LANE,
        ("in which lane 20 takes no part",),
        2,
    ),
    "matrix load after an early return": (
        Case(
            "if (gid == 3) return;\nsimdgroup_float8x8 c;\nsimdgroup_load(c, x, 8);\n"
            "simdgroup_store(c, y, 8);",
            header="#include <metal_simdgroup_matrix>",
            grid=32,
            threadgroup=32,
        ),
        Status.INACTIVE_LANE,
        ("thread (3)", "takes no part"),
        0,
    ),
}
