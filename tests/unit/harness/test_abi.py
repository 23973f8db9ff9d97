"""The ABI check: what a kernel declares against what is bound, refused by parameter name."""

from __future__ import annotations

import pytest
from examples_of_kernels import DOUBLE_PARAMETERS, double_spec

from harness.devices.base import Function
from harness.evaluation import Refusal, Status
from harness.problem.abi import check, parameter_type
from harness.problem.header import Header, parse_header
from harness.spec import Array, KernelSpec, Scalar


def judge(
    parameters: dict[int, tuple[str, str]], text: str = "", spec: KernelSpec | None = None
) -> Refusal | None:
    header = parse_header(text)
    assert isinstance(header, Header)
    function = Function("double_f32", "e", "loop", 1024, 0, (), parameters)
    return check(header, spec or double_spec(), {"double_f32": function})


def with_type(index: int, spelling: str) -> dict[int, tuple[str, str]]:
    name = DOUBLE_PARAMETERS[index][0]
    return {**DOUBLE_PARAMETERS, index: (name, spelling)}


@pytest.mark.parametrize(
    ("index", "spelling"),
    [
        (0, "device const float*"),
        (0, "const device float *"),
        (0, "device const float4 *"),
        (0, "device const packed_float3*"),
        (0, "constant float*"),
        (0, "device const uint4*"),
        (0, "device const uchar*"),
        (0, "device const metal::float4*"),
        (0, "device const Row&"),
        (1, "device float2*"),
        (1, "device atomic_float*"),
        (1, "device metal::atomic<float>*"),
        (1, "device float2x2*"),
        (2, "constant uint&"),
        (2, "constant int&"),
        (2, "constant uint*"),
        (2, "device const unsigned int*"),
        (2, "constant uint32_t&"),
    ],
)
def test_legal_declarations(index: int, spelling: str) -> None:
    assert judge(with_type(index, spelling)) is None


def test_unused_bindings_are_legal() -> None:
    assert judge({1: ("y", "device float*")}) is None


@pytest.mark.parametrize(
    ("index", "spelling", "reason"),
    [
        (0, "device float*", "'x' is an input and has to be const"),
        (0, "device float* const", "has to be const"),
        (0, "device const half*", "'x' holds float, 4 bytes each"),
        (0, "device const half4*", "'x' holds float, 4 bytes each"),
        (0, "device const double*", ""),
        (1, "constant float*", "output and cannot be in constant memory"),
        (1, "device half*", "'y' holds float"),
        (2, "constant float&", "it is bound to the uint32 'N'"),
        (2, "constant ushort&", "it is bound to the uint32 'N'"),
        (2, "constant uint2&", "it is bound to the uint32 'N'"),
        (2, "constant Parameters&", "it is bound to the uint32 'N'"),
    ],
)
def test_mismatches_name_the_parameter(index: int, spelling: str, reason: str) -> None:
    refusal = judge(with_type(index, spelling))
    if not reason:
        assert refusal is None
        return
    assert refusal is not None and refusal.status is Status.PIPELINE_ERROR
    assert f"'{DOUBLE_PARAMETERS[index][0]}'" in refusal.reason
    assert f"[[buffer({index})]]" in refusal.reason
    assert reason in refusal.reason


def test_a_parameter_beyond_the_list() -> None:
    refusal = judge({**DOUBLE_PARAMETERS, 3: ("extra", "constant uint&")})
    assert refusal is not None
    assert "'extra' [[buffer(3)]]" in refusal.reason
    assert "the problem binds 0 x, 1 y, 2 N" in refusal.reason
    const = "//! dispatch double_f32 grid: 1 threadgroup: 1 const 3=7"
    assert judge({**DOUBLE_PARAMETERS, 3: ("extra", "constant uint&")}, const) is None


def test_a_wrong_function_name_says_what_there_is() -> None:
    header = parse_header("//! dispatch triple grid: 1 threadgroup: 1")
    assert isinstance(header, Header)
    function = Function("double_f32", "e", "loop", 1024, 0, (), DOUBLE_PARAMETERS)
    refusal = check(header, double_spec(), {"double_f32": function})
    assert refusal is not None
    assert refusal.reason == "no kernel function 'triple'; the source has double_f32"


def test_an_input_that_is_swapped_or_updated_may_be_written() -> None:
    text = "//! dispatch double_f32 grid: 1 threadgroup: 1 repeat: 3 swap: x,y"
    assert judge(with_type(0, "device float*"), text) is None
    spec = double_spec(outputs={"x": Array("rows", "cols")})
    in_place = {0: ("x", "device float*"), 1: ("N", "constant uint&")}
    assert judge(in_place, "", spec) is None


def test_scratch_and_floats() -> None:
    text = (
        "//! scratch part: float 8\n"
        "//! dispatch double_f32 grid: 1 threadgroup: 1 bind 1=part bind 3=part"
    )
    both = {**with_type(1, "device float*"), 3: ("p", "device half*")}
    refusal = judge(both, text)
    assert refusal is not None and "'part' holds float" in refusal.reason
    spec = double_spec(scalars={"eps": Scalar("float32", "0.5")})
    assert judge({2: ("eps", "constant float&")}, "", spec) is None
    assert judge({2: ("eps", "constant uint&")}, "", spec) is not None


def test_a_binding_to_nothing_is_named() -> None:
    text = "//! dispatch double_f32 grid: 1 threadgroup: 1 bind 1=q"
    refusal = judge(dict(DOUBLE_PARAMETERS), text)
    assert refusal is not None and "'q', which does not exist" in refusal.reason


def test_threadgroup_arguments_need_their_size() -> None:
    function = Function("double_f32", "e", "fiber", 1024, 0, (0,), {})
    header = parse_header("//! dispatch double_f32 grid: 1 threadgroup: 1")
    assert isinstance(header, Header)
    refusal = check(header, double_spec(), {"double_f32": function})
    assert refusal is not None and "tgmem 0: BYTES" in refusal.reason


def test_types_are_taken_apart() -> None:
    found = parameter_type("const device packed_half4 *")
    assert (found.base, found.const, found.pointer) == ("packed_half4", True, True)
    element, count = found.scalar
    assert element is not None and (element.name, count) == ("float16", 4)
