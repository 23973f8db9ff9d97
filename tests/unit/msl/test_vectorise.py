"""Which kernels may be computed with their threads side by side."""

from __future__ import annotations

import pytest

from msl.lexer import lex
from msl.scanner import scan
from msl.syntax import Code
from msl.vectorise import threads_are_independent

HEAD = "kernel void f(device float* y, device const uint* k, constant float* c, uint i)"

SAFE = {
    "element_wise": "y[i] = y[i + 1] * 2;",
    "gathered": "y[k[i]] = c[k[i + 1]];",
    "constant_indices": "float t[4]; t[0] = y[i]; t[3] = t[0]; y[i] = t[3];",
    "unrolled": "float t[4]; for (int j = 0; j < 4; ++j) t[j] = y[j]; y[i] = t[1];",
    "component": "float4 v = y[i]; v[2] = 1; y[i] = v[2];",
    "named_constant": "constexpr int n = 2; float t[n]; t[n - 1] = 1; y[i] = t[n - 1];",
    "vector_pointer": "device float4* v = (device float4*)y; v[i][1] = 2;",
}
UNSAFE = {
    "indexed_at_run_time": "float t[4]; t[i & 3] = 1; y[i] = t[k[i]];",
    "component_at_run_time": "float4 v = y[i]; y[i] = v[k[i]];",
    "loop_from_a_value": "float t[8]; for (uint j = i; j < i + 1; ++j) t[j & 7] = 1; y[i] = t[0];",
    "address_taken": "float t = 1; change(&t); y[i] = t;",
    "member_array": "struct S s; s.a[k[i]] = 1; y[i] = s.a[0];",
    "in_a_callee": "y[i] = pick(y[i], k[i]);",
}
CALLEE = "float pick(float4 v, uint j) { return v[j]; }\nvoid change(thread float* p) { *p = 2; }\n"


def independent(body: str) -> bool:
    unit = scan(Code(lex(f"struct S {{ float a[4]; }};\n{CALLEE}{HEAD} {{ {body} }}")))
    return threads_are_independent(unit, next(f for f in unit.functions if f.is_kernel))


@pytest.mark.parametrize("name", SAFE)
def test_safe(name: str) -> None:
    assert independent(SAFE[name])


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe(name: str) -> None:
    assert not independent(UNSAFE[name])
