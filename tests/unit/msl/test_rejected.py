"""Every class of refusal: its message, line and column, in Apple's words."""

from __future__ import annotations

import pytest
from msl_compile import Compile

import msl

HEAD = (
    "kernel void f(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],\n"
    "              uint i [[thread_position_in_grid]])"
)


def body(text: str) -> str:
    """A kernel whose third line of text (line 5 of the file) is `text`."""
    return f"{HEAD} {{\n{text}\n}}\n"


# name: (source, line, column, message); lines count the two lines of the prelude.
CASES: dict[str, tuple[str, int, int, str]] = {
    "attribute_after_parameters": (
        HEAD + " [[max_total_threads_per_threadgroup(256)]] {}",
        4,
        53,
        "'max_total_threads_per_threadgroup' attribute cannot be applied to types",
    ),
    "restrict": (
        "kernel void f(device const float * restrict x [[buffer(0)]]) {}",
        3,
        45,
        "expected ')'",
    ),
    "lambda": (
        body("  auto g = [&](int a) { return a; };"),
        5,
        12,
        "lambda expressions are not supported in Metal",
    ),
    "program_scope_variable": (
        "constexpr float W[2] = {1, 2};\n" + body(""),
        3,
        17,
        "program scope variable must reside in constant address space",
    ),
    "program_scope_in_namespace": (
        "namespace n { static int count; }\n" + body(""),
        3,
        26,
        "program scope variable must reside in constant address space",
    ),
    "static_local": (
        body("  static int n = 0;"),
        5,
        14,
        "variables in function scope cannot be declared static",
    ),
    "half_as_name": (
        body("  uint half = i >> 1;"),
        5,
        8,
        "cannot combine with previous 'type-name' declaration specifier",
    ),
    "unknown_function": (
        body("  y[i] = sincospi(x[i]);"),
        5,
        10,
        "use of undeclared identifier 'sincospi'",
    ),
    "foreign_namespace": (
        body("  y[i] = math::floor(x[i]);"),
        5,
        10,
        "use of undeclared identifier 'math'",
    ),
    "foreign_builtin": (
        body("  y[i] = simd_lane_id;"),
        5,
        10,
        "use of undeclared identifier 'simd_lane_id'",
    ),
    "argument_count": (
        body("  simdgroup_float8x8 a, b, c;\n  simdgroup_multiply_accumulate(a, b, c);"),
        6,
        3,
        "no matching function for call to 'simdgroup_multiply_accumulate'",
    ),
    "free_attribute": (
        body("  [[max_total_threads_per_threadgroup(3)]];"),
        5,
        3,
        "an attribute list cannot appear here",
    ),
    "cast_between_spaces": (
        body("  y[i] = ((constant float *)x)[i];"),
        5,
        11,
        "C-style cast from 'const device float *' to 'const constant float *'"
        " converts between mismatching address spaces",
    ),
    "named_cast_between_spaces": (
        body("  y[i] = *reinterpret_cast<threadgroup float*>(y);"),
        5,
        11,
        "reinterpret_cast from 'device float *' to 'threadgroup float *'"
        " converts between mismatching address spaces",
    ),
    "cast_of_a_constant's_address": (
        "kernel void f(constant uint &N [[buffer(0)]]) { *(device uint *)&N = 1; }",
        3,
        50,
        "C-style cast of the address of 'N' in address space 'constant' to 'device uint *'"
        " converts between mismatching address spaces",
    ),
    "cast_of_a_constant_member's_address": (
        "struct Size { uint rows; uint2 more; };\n"
        "kernel void f(constant Size &size [[buffer(0)]], constant Size *all [[buffer(1)]]) {\n"
        "  *(device uint *)(&all[1].more.x) = 1;\n"
        "  *reinterpret_cast<device uint *>(&size.rows) = 1;\n}\n",
        5,
        4,
        "C-style cast of the address of 'all[1].more.x' in address space 'constant' to"
        " 'device uint *' converts between mismatching address spaces",
    ),
    "constant_that_needs_code": (
        "float now(float v) { volatile float w = v; return w; }\n\n"
        "constant float first = 1.0f;\nconstant float started = now(1);\n"
        "kernel void f(device float *y [[buffer(0)]]) { y[0] = started + first; }\n",
        6,
        16,
        "a program-scope variable needs code to initialise it (init_array)",
    ),
    "comparison_as_integers": (
        body("  uint4 a = 1, b = 2;\n  uint4 m = a < b;"),
        6,
        9,
        "cannot initialize a variable of type 'uint4' (vector of 4 'unsigned int' values) with an"
        " rvalue of type 'bool __attribute__((ext_vector_type(4)))' (vector of 4 'bool' values)",
    ),
    "select_with_integers": (
        body("  uint4 a = 1;\n  a = select(a, a, a);"),
        6,
        7,
        "no matching function for call to 'select'",
    ),
    "unknown_input": (
        "kernel void f(device float* y, uint t [[threadgroup_size_in_threadgroup]]) {}",
        3,
        37,
        "invalid type 'uint' (aka 'unsigned int') for input declaration in a kernel function",
    ),
    "mixed_widths": (
        "kernel void f(device float* y, uint gid [[thread_position_in_grid]],\n"
        "              uint3 n [[threads_per_threadgroup]]) {}",
        3,
        13,
        "expecting input declarations with either all scalar types or all vector types with the"
        " same number of elements",
    ),
    "wrong_flag": (
        body("  threadgroup_barrier(mem_flags::threadgroup_mem_fence);"),
        5,
        34,
        "no member named 'threadgroup_mem_fence' in 'metal::mem_flags'",
    ),
    "subscripted_scalar": (
        body("  float a = 1;\n  y[i] = a[i];"),
        6,
        11,
        "subscripted value is not an array, pointer, or vector",
    ),
    "subscripted_function": (
        body("  y[i] = fmin[i];"),
        5,
        14,
        "subscript of pointer to function type 'half (half, half)'",
    ),
    "syntax": (body("  y[i] = 1 + ;"), 5, 14, "expected expression"),
    "missing_brace": (HEAD + " {\n  y[i] = 1;\n", 5, 12, "expected '}'"),
    "double": (body("  double d = 1;"), 5, 3, "'double' is not supported in Metal"),
    "goto": (body("  goto end; end: y[i] = 1;"), 5, 3, "'goto' is not supported in Metal"),
    "new": (body("  auto p = new int;"), 5, 12, "'new' is not supported in Metal"),
    "assembly": (body('  asm("nop");'), 5, 3, "inline assembly is not supported in Metal"),
    "linkage": (
        'extern "C" int puts(int);\n' + body(""),
        3,
        1,
        "language linkage is not supported in Metal",
    ),
    "undefined_function": (
        "float later(float);\n" + body("  y[i] = later(x[i]);"),
        3,
        7,
        "undefined symbol 'later': declared but never defined",
    ),
    "unqualified_parameter": (
        "float g(float* p) { return *p; }\n" + body(""),
        3,
        14,
        "pointer type must have explicit address space qualifier",
    ),
    "unqualified_reference": (
        "void g(float& p) { p = 1; }\n" + body(""),
        3,
        13,
        "reference type must have explicit address space qualifier",
    ),
    "unqualified_local": (
        body("  float* p = y;"),
        5,
        8,
        "pointer type must have explicit address space qualifier",
    ),
    "unqualified_cast": (
        body("  y[i] = ((float4*)x)[i].x;"),
        5,
        18,
        "pointer type must have explicit address space qualifier",
    ),
    "initialised_from_other_space": (
        body("  threadgroup float t[4];\n  device float* p = t;"),
        6,
        17,
        "cannot initialize a variable of type 'device float *'"
        " with an lvalue of type 'threadgroup float[]'",
    ),
    "passed_to_other_space": (
        "float g(threadgroup float* p) { return *p; }\n" + body("  y[i] = g(y);"),
        6,
        10,
        "no matching function for call to 'g'",
    ),
    "threadgroup_outside_kernel": (
        "void g() {\n  threadgroup float t[4];\n}\n" + body("  g();"),
        4,
        21,
        "non-kernel function variable cannot be declared in threadgroup address space",
    ),
    "threadgroup_initialiser": (
        body("  threadgroup float t = 1;"),
        5,
        21,
        "'threadgroup' variable cannot have an initializer",
    ),
    "same_buffer_twice": (
        "kernel void f(device float* a [[buffer(0)]], device float* b [[buffer(0)]]) {}",
        3,
        64,
        "cannot reserve 'buffer' resource location at index 0",
    ),
    "buffer_out_of_range": (
        "kernel void f(device float* a [[buffer(31)]]) {}",
        3,
        33,
        "'buffer' attribute parameter is out of bounds: must be between 0 and 30",
    ),
    "missing_include": ('#include "absent.h"\n' + body(""), 3, 10, "'absent.h' file not found"),
    "standard_library": ("#include <vector>\n" + body(""), 3, 10, "'vector' file not found"),
    "error_directive": ("#error no\n" + body(""), 3, 2, "no"),
    "variable_length_array": (
        body("  float t[i];"),
        5,
        11,
        "variable length arrays are not supported in Metal",
    ),
    "in_a_macro": (
        "#define ADD(a) missing(a) + 1\n" + body("  y[i] =   2 * ADD(x[i]);"),
        6,
        16,
        "use of undeclared identifier 'missing'",
    ),
    "in_a_macro_argument": (
        "#define ADD(a, b) ((a) + (b))\n" + body("  y[i] = ADD(x[i],\n             absent);"),
        7,
        14,
        "use of undeclared identifier 'absent'",
    ),
    "after_edits_on_the_line": (
        body(
            "  threadgroup float t[32]; for (uint k = 0; k < 2; k++) y[k] += simd_sum(t[k]) + oops;"
        ),
        5,
        82,
        "use of undeclared identifier 'oops'",
    ),
    "derived_class": (
        "struct A { int a; };\nstruct B : A {};\n" + body(""),
        4,
        10,
        "derived classes are not supported in Metal",
    ),
    "address_of_a_component": (
        body("  float4 v = 1;\n  thread float* p = &v.y;\n  y[i] = *p;"),
        6,
        21,
        "address of vector element requested",
    ),
    "component_out_of_range": (
        body("  float2 v = 1;\n  y[i] = v.z;"),
        6,
        11,
        "vector component access exceeds type 'float2' (vector of 2 'float' values)",
    ),
    "component_of_two_sets": (
        body("  float4 v = 1;\n  v.xg = 2;"),
        6,
        4,
        "illegal vector component name 'g'",
    ),
    "assigned_other_vector": (
        body("  float3 a = 1;\n  float4 b = 2;\n  a = b;"),
        7,
        5,
        "assigning to 'float3' (vector of 3 'float' values) from incompatible type 'float4'"
        " (vector of 4 'float' values)",
    ),
    "local_in_device_memory": (
        body("  device float d;\n  y[i] = d;"),
        5,
        16,
        "automatic variable qualified with an address space",
    ),
    "field_in_threadgroup_memory": (
        "struct S { threadgroup float t[4]; };\n" + body(""),
        3,
        30,
        "field may not be qualified with an address space",
    ),
    "parameter_in_constant_memory": (
        "kernel void f(constant uint n [[buffer(0)]]) {}",
        3,
        29,
        "parameter may not be qualified with an address space",
    ),
    "two_address_spaces": (
        "kernel void f(device constant float* y) {}",
        3,
        22,
        "multiple address spaces specified for type",
    ),
    "pointer_to_pointer": (
        "kernel void f(device float** y [[buffer(0)]]) {}",
        3,
        30,
        "invalid address space qualification for buffer pointee type 'device float *'",
    ),
    "unqualified_field": (
        "struct S { float* p; };\n" + body(""),
        3,
        17,
        "pointer type must have explicit address space qualifier",
    ),
    "unqualified_result": (
        "float& g(device float& p) { return p; }\n" + body(""),
        3,
        6,
        "reference type must have explicit address space qualifier",
    ),
    "float_atomic_in_threadgroup_memory": (
        body(
            "  threadgroup atomic_float s;\n"
            "  atomic_fetch_add_explicit(&s, 1.0f, memory_order_relaxed);"
        ),
        6,
        3,
        "no matching function for call to 'atomic_fetch_add_explicit'",
    ),
    "constant_without_value": (
        "constant float t;\n" + body(""),
        3,
        16,
        "variable in constant address space must be initialized",
    ),
    "kernel_in_a_class": (
        "struct A { static kernel void g(device float* y) { y[0] = 1; } };\n" + body(""),
        3,
        31,
        "kernel function cannot be a member function",
    ),
    "overloaded_kernel": (
        "kernel void g(device float* y) {}\nkernel void g(device int* y, device int* x) {}\n",
        3,
        13,
        "kernel function 'g' cannot be overloaded",
    ),
    "instance_that_does_not_fit": (
        "template <typename T, int N> kernel void g(device T* y) { y[0] = N; }\n"
        'template [[host_name("a")]] kernel void g<float, float>(device float*);\n',
        4,
        41,
        "explicit instantiation of 'g' does not refer to a function template, variable template,"
        " member function, member class, or static data member",
    ),
    "long_long": (
        body("  unsigned long long q = i;\n  y[i] = q;"),
        5,
        12,
        "'long long' is not supported in Metal",
    ),
    "value_as_buffer": (
        "kernel void f(uint n [[buffer(0)]]) {}",
        3,
        20,
        "type 'uint' (aka 'unsigned int') is not valid for attribute 'buffer'",
    ),
    "template_depth": (
        "template <int N> struct F { static constexpr constant int v = F<N - 1>::v; };\n"
        + body("  y[i] = F<100000>::v;"),
        3,
        63,
        "recursive template instantiation exceeded maximum depth of 512",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rejected(name: str, compile_msl: Compile) -> None:
    source, line, column, message = CASES[name]
    result = compile_msl(source)
    assert isinstance(result, msl.Rejection)
    assert result.status == "compile_error"
    errors = [item for item in result.diagnostics if item.severity == "error"]
    found = [(item.line, item.column, item.text) for item in errors]
    assert (line, column, message) in found
    assert f"program_source:{line}:{column}: error: {message}\n" in result.text


def test_cascade_after_restrict(compile_msl: Compile) -> None:
    result = compile_msl(
        "kernel void f(device const float * restrict x [[buffer(0)]],\n"
        "              device float* y [[buffer(1)]]) {\n"
        "  y[0] = 1;\n}\n"
    )
    assert isinstance(result, msl.Rejection)
    first, *others = result.diagnostics
    assert (first.text, [note.text for note in first.notes]) == (
        "expected ')'",
        ["to match this '('"],
    )
    assert [item.text for item in others] == ["use of undeclared identifier 'y'"]


def test_note_about_argument_count(compile_msl: Compile) -> None:
    result = compile_msl(
        body("  simdgroup_float8x8 a, b, c;\n  simdgroup_multiply_accumulate(a, b, c);")
    )
    assert isinstance(result, msl.Rejection)
    notes = [note.text for note in result.diagnostics[0].notes]
    assert notes == ["candidate function not viable: requires 4 arguments, but 3 were provided"]


def test_caret_stands_under_the_column(compile_msl: Compile) -> None:
    result = compile_msl(body("\ty[i] = absent;"))
    lines = result.text.split("\n")
    assert lines[1] == "\ty[i] = absent;"
    assert lines[2] == "\t       ^"


WARNINGS = {
    "unused_variable": (
        body("  float unused = x[i];"),
        5,
        9,
        "unused variable 'unused' [-Wunused-variable]",
    ),
    "unused_threadgroup": (
        body("  threadgroup float t[4], u;"),
        5,
        27,
        "unused variable 'u' [-Wunused-variable]",
    ),
    "gnu_spelling": (
        HEAD + " __attribute__((max_total_threads_per_threadgroup(64))) {}",
        4,
        66,
        "unknown attribute 'max_total_threads_per_threadgroup' ignored [-Wunknown-attributes]",
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_only_warned(name: str, compile_msl: Compile) -> None:
    source, line, column, message = WARNINGS[name]
    result = compile_msl(source)
    assert isinstance(result, msl.Library), result.text
    found = [(item.line, item.column, item.text) for item in result.diagnostics]
    assert (line, column, message) in found
    assert {item.severity for item in result.diagnostics} == {"warning"}
    if name == "gnu_spelling":
        assert result.functions["f"].max_threads == 1024


UNSUPPORTED = {
    "texture": "kernel void f(texture2d<float> t [[texture(0)]]) {}",
    "sampler": "constexpr sampler s(filter::linear);\n"
    "kernel void f(device float* y) { y[0] = s.x; }",
    "tensor": "kernel void f(tensor<device half, dextents<int, 2>> a [[buffer(0)]]) {}",
    "tensor_header": "#include <MetalPerformancePrimitives/MetalPerformancePrimitives.h>\n",
    "graphics_only": "fragment float4 f() { return 1; }",
    "image_framework": "#include <CoreImage/CoreImage.h>\n",
    "members_by_space": "struct S {\n  float v;\n  float g() const device { return v; }\n"
    "  float g() const thread { return v + 1; }\n};\n"
    "kernel void f(device S* s) { S t; s[0].v = t.g() + s[1].g(); }",
    "through_a_helper": "float g(texture2d<float> t) { return t.read(uint2(0)).x; }\n"
    "kernel void f(texture2d<float> t, device float* y) { y[0] = g(t); }",
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_is_neither(name: str, compile_msl: Compile) -> None:
    result = compile_msl(UNSUPPORTED[name])
    assert isinstance(result, msl.Rejection)
    assert result.status == "unsupported"


def test_words_of_other_features_are_ordinary_names(compile_msl: Compile) -> None:
    result = compile_msl(
        "kernel void f(device float* tensor, constant uint& mesh) { tensor[mesh] = 1; }"
    )
    assert isinstance(result, msl.Library), result.text


@pytest.mark.parametrize("text", ["", "\n\n", "// nothing", "constant int k = 1;"])
def test_a_source_without_kernels_is_an_empty_library(text: str, compile_msl: Compile) -> None:
    result = compile_msl(text)
    assert isinstance(result, msl.Library)
    assert result.functions == {}


@pytest.mark.parametrize(
    "data", [b"\0\1\2", b"\xff\xfe\xfa garbage \x80", b"}" * 50, b"((((", b"#", b"\\"]
)
def test_garbage_is_refused_or_empty(data: bytes, compile_msl: Compile) -> None:
    result = compile_msl(data.decode("latin-1"), prelude="")
    assert isinstance(result, msl.Rejection) or result.functions == {}
