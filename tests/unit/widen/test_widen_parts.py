"""A module in parts: what each defines, declares and leaves out."""

from __future__ import annotations

from msl.widen import parts

STORAGE = '@tile = internal constant [64 x i8] zeroinitializer, section "msl_tg_0", align 16'
REST = (
    STORAGE,
    '@other = internal constant [8 x i8] zeroinitializer, section "msl_tg_1", align 16',
    "@table = internal constant [2 x i32] [i32 1, i32 2], align 4",
    "@msl_limit_0 = constant i32 64, align 4",
    "@msl_group = external thread_local global ptr, align 8",
    "declare hidden void @msl_row_0(ptr)",
    "declare void @llvm.trap()",
    "attributes #0 = { nounwind }",
)
FUNCTIONS = {
    "msl_loop_0": ["define void @msl_loop_0(ptr %0) {", "  call void @msl_row_0(ptr %0)"],
    "helper": ["define internal i32 @helper() {", "  %1 = load i32, ptr @table"],
    "unused": ["define internal void @unused() {", "  ret void"],
}
ENTRIES = frozenset(("msl_loop_0",))


def body(name: str, lines: int) -> str:
    used = "  store i8 0, ptr @tile\n  call i32 @helper()\n  call void @own()\n"
    return f"define internal void @{name}(ptr %p0) {{\n{used}" + "  ret void\n" * lines + "}"


def texts(lines: int) -> list[str]:
    pieces = parts.Pieces(REST, FUNCTIONS, ENTRIES, frozenset(("msl_row_0", "msl_any_0")), "; end")
    bodies = [body("msl_row_0", lines), body("msl_any_0", lines)]
    return parts.texts(pieces, bodies, lambda own: [f"; helpers of {len(own)}"])


def test_a_short_module_is_one_part_with_bodies_of_its_own() -> None:
    (text,) = texts(10)
    assert "define internal void @msl_row_0" in text and "define internal void @msl_any_0" in text
    assert STORAGE in text and "@unused" not in text and "; helpers of 2" in text
    assert "declare hidden void @msl_row_0" not in text


def test_a_long_module_has_entry_points_and_storage_in_one_part() -> None:
    first, second = texts(1000)
    assert "define void @msl_loop_0" in first and "@msl_loop_0" not in second
    assert "@msl_limit_0 = constant" in first and "@msl_limit_0" not in second
    assert STORAGE.replace("internal", "hidden") in first
    external = '@tile = external hidden constant [64 x i8], section "msl_tg_0", align 16'
    assert external in second
    assert "@other" not in first + second  # nothing leads to it


def test_every_part_has_its_own_constants_and_functions() -> None:
    for text in texts(1000):
        assert "@table = internal constant" in text and "define internal i32 @helper" in text
        assert "; helpers of 1" in text and text.endswith("; end\n")
        assert text.count("define hidden void @msl_") == 1


def test_what_another_part_defines_is_declared_where_it_is_called() -> None:
    first, _ = texts(1000)
    defined = "define hidden void @msl_row_0" in first
    assert defined != ("declare hidden void @msl_row_0" in first)
