"""The rewriting of instrumented IR: what is dropped, what is added, which place each hook gets."""

from __future__ import annotations

from msl.checked_ir import instrument

_META = """
!1 = !DIFile(filename: "msl_user", directory: "/")
!2 = !DIFile(filename: "msl_vector.h", directory: "/")
!3 = distinct !DISubprogram(name: "f", scope: !1, file: !1)
!4 = distinct !DISubprogram(name: "dot", scope: !2, file: !2)
!5 = !DILocation(line: 7, column: 3, scope: !3)
!6 = !DILocation(line: 90, column: 1, scope: !4, inlinedAt: !5)
"""


def locate(file: str, line: int, column: int) -> tuple[str, int, int] | None:
    return ("k.metal", line, column) if file == "msl_user" else None


def rewritten(body: str) -> tuple[str, list[tuple[str, int, int] | None]]:
    found = instrument(f"define void @f() {{\n{body}\n}}\n{_META}", locate)
    return found.text, found.places


def test_an_inlined_access_belongs_to_the_users_line() -> None:
    text, places = rewritten("  call void @__tsan_read4(ptr nonnull %3), !dbg !6")
    assert "call void @msl_checked_read(ptr %3, i32 4, i32 1), !dbg !6" in text
    assert places == [None, ("k.metal", 7, 3)]


def test_a_wide_access_gets_the_hook_that_clang_leaves_out() -> None:
    text, _ = rewritten("  %5 = load <4 x i64>, ptr %3, align 32, !dbg !5")
    assert "@msl_checked_read(ptr %3, i32 32, i32 1)" in text


def test_copies_are_checked_on_both_sides() -> None:
    text, _ = rewritten("  %9 = call ptr @__tsan_memcpy(ptr %1, ptr align 4 %2, i64 256), !dbg !5")
    assert "@msl_checked_copy(ptr %1, ptr %2, i64 256, i32 1)" in text


def test_operations_are_counted_once_a_block() -> None:
    text, _ = rewritten(
        "  %1 = fadd float %a, %b\n  %2 = fmul <4 x float> %c, %d\n"
        "  %3 = call float @llvm.fma.f32(float %1, float %1, float %1)\n  br label %4"
    )
    assert text.count("@msl_checked_work(i32 7)") == 1


def test_only_the_instrumentations_own_constructor_is_dropped() -> None:
    kind = "{ i32, ptr, ptr }"
    own = f"{kind} {{ i32 0, ptr @tsan.module_ctor, ptr null }}"
    other = f"{kind} {{ i32 65535, ptr @init, ptr null }}"
    alone = f"@llvm.global_ctors = appending global [1 x {kind}] [{own}]"
    both = f"@llvm.global_ctors = appending global [2 x {kind}] [{other}, {own}]"
    assert "global_ctors" not in instrument(alone, locate).text
    assert f"[1 x {kind}] [{other}]" in instrument(both, locate).text
