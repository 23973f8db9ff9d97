"""Matrix operations of a block: what is multiplied together, and what is copied at all."""

from __future__ import annotations

import re

import pytest
from widen_ir import module

from msl.widen.module import widen

READ = "call void @_ZN3msl11matrix_readIfEEvPT_PKS1_mb(ptr {0}, ptr {1}, i64 {2}, i1 zeroext {3})"
WRITE = "call void @_ZN3msl12matrix_writeIfEEvPKT_PS1_mb(ptr {0}, ptr {1}, i64 8, i1 false)"
FILL = "call void @_ZN3msl11matrix_fillIfEEvPT_S1_(ptr {0}, float {1})"
PRODUCT = "call void @_ZN3msl19matrix_multiply_addIffffEEvPT_PKT0_PKT1_PKT2_({0})"
START = """  %2 = alloca [512 x i8], align 32
  %3 = alloca [256 x i8], align 32
  %4 = alloca [256 x i8], align 32
  %5 = getelementptr i8, ptr %0, i64 320
  %6 = load ptr, ptr %5
  %7 = getelementptr i8, ptr %2, i64 256
  %8 = getelementptr i8, ptr %6, i64 4096"""
SUMS = ("%2", "%7")


def product(total: str, left: str = "%3", right: str = "%4") -> str:
    return PRODUCT.format(f"ptr {total}, ptr {left}, ptr {right}, ptr {total}")


def load(target: str, stride: int = 8, turned: str = "false") -> str:
    return READ.format(target, "%6", stride, turned)


def calls(*lines: str) -> list[str]:
    """What is called in the row variant, without addresses."""
    body = "\n".join([START, *(f"  {line}" for line in lines), "  ret void"])
    found = widen(module(body))
    assert found.outcomes[0].mode == "loop"
    text = "\n".join(found.texts)
    row = text[text.index("@msl_row_0(ptr %p0") :]
    names = re.findall(r"call void @([\w.]+)\((.*)\)", row[: row.index("\n}")])
    return [
        f"{name} {given.split('i64 ')[-1]}" if "product" in name else name for name, given in names
    ]


def test_sums_with_the_same_left_operand_are_computed_together() -> None:
    found = calls(
        *(FILL.format(total, "0.000000e+00") for total in SUMS),
        load("%3"),
        *(line for total in SUMS for line in (load("%4", 16), product(total))),
        *(WRITE.format(total, "%8") for total in SUMS),
    )
    assert found[0] == "msl_product_float_2 1"
    assert [name for name in found[1:] if "write" not in name] == []  # no operand was copied


def test_products_on_one_sum_are_steps_of_one_call() -> None:
    step = (load("%3"), load("%4"), product("%2"))
    found = calls(FILL.format("%2", "0.000000e+00"), *step * 3, WRITE.format("%2", "%8"))
    assert found[0] == "msl_product_float_1 3" and len(found) == 2


def test_a_transposed_load_gets_a_room_where_it_stands() -> None:
    found = calls(load("%3"), load("%4", 8, "true"), product("%2"), WRITE.format("%2", "%8"))
    assert "matrix_read" in found[0] and found[1] == "msl_product_float_1 1"


def test_a_store_settles_what_was_noted_before() -> None:
    found = calls(load("%3"), "store float 1.000000e+00, ptr %6, align 4", WRITE.format("%3", "%8"))
    assert "matrix_read" in found[0] and "matrix_write" in found[1]


@pytest.mark.parametrize("after", [(), (load("%3", 9),)])
def test_what_nobody_reads_is_not_loaded(after: tuple[str, ...]) -> None:
    assert calls(load("%3"), *after) == []


def test_a_sum_that_is_a_factor_is_computed_first() -> None:
    found = calls(
        *(FILL.format(total, "0.000000e+00") for total in SUMS),
        load("%3"),
        product("%2", "%3", "%3"),
        product("%7", "%2", "%3"),
        WRITE.format("%7", "%8"),
    )
    assert [name for name in found if "product" in name] == ["msl_product_float_1 1"] * 2
