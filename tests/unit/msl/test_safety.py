"""No way from shader text to the host: files, linker, compiler, our names, endless work."""

from __future__ import annotations

import pytest
from msl_compile import Compile

import msl

HEAD = "kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]])"

REFUSED = {
    "embed": HEAD + " {}\n#embed </etc/passwd>\n",
    "include_absolute": '#include "/etc/passwd"\n' + HEAD + " {}",
    "include_parent": '#include "../../../../../etc/passwd"\n' + HEAD + " {}",
    "include_computed": '#define X "/etc/passwd"\n#include X\n' + HEAD + " {}",
    "include_spliced": "#inc\\\nlude <stdio.h>\n" + HEAD + " {}",
    "include_digraph": "%:include <stdio.h>\n" + HEAD + " {}",
    "include_commented": "/* */ # /* */ include /* */ <stdio.h>\n" + HEAD + " {}",
    "include_simd_parent": "#include <simd/../stdio.h>\n" + HEAD + " {}",
    "include_next": "#include_next <stdio.h>\n" + HEAD + " {}",
    "include_after_return": '// \r#include "/etc/passwd"\n' + HEAD + " {}",
    "include_after_mark": '\ufeff#include "/etc/passwd"\n' + HEAD + " {}",
    "include_after_quote": '#if 0\n\' /*\n#endif\n#include "/etc/passwd"\n/* */\n' + HEAD + " {}",
    "include_after_raw_string": '#define R R"(\n/*\n)"\n#include "/etc/passwd"\n/* */\n'
    + HEAD
    + " {}",
    "processor_probe": "#if __is_target_arch(x86_64)\n#endif\n" + HEAD + " {}",
    "processor_probe_pasted": "#define C(a, b) a##b\n#if C(__has_, builtin)(f)\n#endif\n"
    + HEAD
    + " {}",
    "length_unknown": '#pragma GCC diagnostic ignored "-Weverything"\n'
    + HEAD
    + " { float t[i]; y[i] = t[0]; }",
    "probe": '#if __has_include("/etc/passwd")\n#endif\n' + HEAD + " {}",
    "probe_by_macro": '#define H __has_include\n#if H("/etc/passwd")\n#endif\n' + HEAD + " {}",
    "probe_embed": '#if __has_embed("/etc/passwd")\n#endif\n' + HEAD + " {}",
    "pasted_asm": "#define C(a, b) a##b\n" + HEAD + ' { C(as, m)("nop"); }',
    "pasted_own_name": "#define C(a, b) a##b\n" + HEAD + " { y[i] = C(msl_gr, oup)->size[0]; }",
    "pasted_builtin": "#define C(a, b) a##b\n" + HEAD + " { C(__builtin_, trap)(); }",
    "own_namespace": HEAD + " { y[i] = msl::current().x; }",
    "own_namespace_alias": "namespace n = msl;\n" + HEAD + " {}",
    "own_namespace_using": "using namespace msl;\n" + HEAD + " {}",
    "worker_symbol": "void msl_threadgroup_barrier(uint, uint);\n" + HEAD + " {}",
    "linkage": 'extern "C" long syscall(long, ...);\n' + HEAD + " { syscall(60); }",
    "foreign_function": "void exit(int);\n" + HEAD + " { exit(1); }",
    "weak_function": "__attribute__((weak)) float z(float);\n" + HEAD + " { y[i] = z(1); }",
    "foreign_variable": "namespace n { extern int environ; }\n" + HEAD + " { y[i] = n::environ; }",
    "state_in_static": HEAD + " { static int n = 0; y[i] = n++; }",
    "state_in_mutable": "struct A { mutable int n; };\nconstant A a = {1};\n"
    + HEAD
    + " { y[i] = a.n++; }",
    "thread_local": "thread_local int n;\n" + HEAD + " {}",
    "pragma_operator": '_Pragma("clang section data=\\".init_array\\"")\n' + HEAD + " {}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, compile_msl: Compile) -> None:
    result = compile_msl(REFUSED[name])
    assert isinstance(result, msl.Rejection)
    assert result.status == "compile_error"


HARMLESS = {
    "constructor": "__attribute__((constructor)) void g() {}\n" + HEAD + " { g(); }",
    "constructor_scoped": "[[gnu::constructor]] void g() {}\n" + HEAD + " { g(); }",
    "section": '__attribute__((section(".init_array"))) constant float k = 1;\n'
    + HEAD
    + " { y[i] = k; }",
    "exported": '__attribute__((visibility("default"), used)) void g() {}\n' + HEAD + " { g(); }",
    "pragma_attribute": "#pragma clang attribute"
    " push(__attribute__((constructor)), apply_to=function)\n"
    "void g() {}\n#pragma clang attribute pop\n" + HEAD + " {}",
    "pragma_dependency": '#pragma GCC dependency "/etc/passwd"\n' + HEAD + " {}",
    "probe_pasted": "#define C(a, b) a##b\n"
    '#if C(__has_, include)("/etc/passwd")\n#error seen\n#endif\n' + HEAD + " {}",
    "probe_guarded": "#ifdef __has_builtin\n#error seen\n#endif\n" + HEAD + " {}",
    "lone_quotes": "#if 0\ndon't, isn't\n#endif\n#define W 1 // it's\n" + HEAD + " {}",
    "lines_of_another_system": "// a\r\n#define W \\\r\n  1\r\n" + HEAD + " { y[i] = W; }",
    "constant_cast_away": "constant float k[2] = {1, 2};\n"
    + HEAD
    + " { const_cast<thread float&>(k[i]) = 3; }",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_disarmed(name: str, compile_msl: Compile) -> None:
    result = compile_msl(HARMLESS[name])
    assert isinstance(result, msl.Library), result.text
    assert set(result.functions) == {"f"}


@pytest.mark.parametrize("directive", ['#line 900 "other.metal"', '# 900 "other.metal"', "#line 7"])
def test_line_directives_do_not_move_diagnostics(directive: str, compile_msl: Compile) -> None:
    result = compile_msl(f"{directive}\n{HEAD} {{ y[i] = absent; }}")
    assert isinstance(result, msl.Rejection)
    first = result.diagnostics[0]
    assert (first.file, first.line, first.column) == ("program_source", 4, len(HEAD) + 11)


def test_file_macro_names_no_path(compile_msl: Compile) -> None:
    result = compile_msl(
        'static_assert(sizeof(__FILE__) == sizeof("program_source"), "a path");\n' + HEAD + " {}"
    )
    assert isinstance(result, msl.Library), result.text


BOMBS = {
    "macro": (
        "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(A(x))))\nconstant int q = B(B(1));\n",
        "too much memory",
    ),
    "template": (
        "template <int N> struct F { static constexpr constant long v = F<N - 1>::v + 1; };\n"
        "constant long q = F<100000>::v;\n",
        "recursive template instantiation exceeded maximum depth",
    ),
    "brackets": ("constant int q = " + "(" * 5000 + "1" + ")" * 5000 + ";\n", "bracket nesting"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_compilation_is_limited(name: str, compile_msl: Compile) -> None:
    text, reason = BOMBS[name]
    result = compile_msl(text + HEAD + " {}")
    assert isinstance(result, msl.Rejection)
    assert result.status == "compile_error"
    assert reason in result.text
