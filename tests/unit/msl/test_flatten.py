"""One text of a source and its headers: in place, once, guarded, and the front end's own view."""

from __future__ import annotations

from pathlib import Path

import pytest

from msl.flatten import flattened

ONCE = "#pragma once\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.h").write_text(f'{ONCE}#include "b.h"\nint a();\n')
    (tmp_path / "b.h").write_text(f"{ONCE}int b();\n")
    (tmp_path / "again.h").write_text("int twice();\n")
    (tmp_path / "inner" / "c.h").write_text('#include "d.h"\n')
    (tmp_path / "inner" / "d.h").write_text("int beside();\n")
    return tmp_path


def test_a_source_without_headers_comes_back_as_it_is(root: Path) -> None:
    text = "#include <metal_stdlib>\nkernel void f() {}\n"
    assert flattened(text, [root]) is text


def test_headers_stand_where_they_are_included_and_those_with_once_come_once(root: Path) -> None:
    flat = flattened(
        '#include "a.h"\n#include "b.h"\n#include "again.h"\n#include "again.h"\nend\n', [root]
    )
    assert "#include" not in flat and "#pragma once" not in flat
    assert [flat.count(what) for what in ("int a();", "int b();", "int twice();")] == [1, 1, 2]
    assert flat.index("int b();") < flat.index("int a();") < flat.index("int twice();")
    assert flat.endswith("end\n") and flattened(flat, [root]) == flat


def test_a_header_beside_its_includer_and_every_spelling_of_a_directive(root: Path) -> None:
    flat = flattened('  #  include /* here */ \\\n "inner/c.h" // there\nlast\n', [root])
    assert "int beside();" in flat and flat.endswith("\nlast\n") and "there" not in flat
    assert "int twice();" in flattened('%:include "again.h"\n', [root])
    assert "int twice();" in flattened('#import "again.h"\n', [root])


def test_comments_strings_and_what_is_not_there_stay(root: Path) -> None:
    text = '/*\n#include "a.h"\n*/\n// #include "a.h"\n#include "none.h"\n#include "../x.h"\n'
    assert flattened(text, [root]) == text


def test_a_header_first_met_under_a_condition_is_there_for_the_next(root: Path) -> None:
    flat = flattened('#if 0\n#include "b.h"\n#endif\n#include "b.h"\n', [root])
    assert flat.count("int b();") == 2 and flat.count("#ifndef FLATTENED_b_h") == 2
    opened = sum(line.startswith("#if") for line in flat.split("\n"))
    assert opened == sum(line.startswith("#endif") for line in flat.split("\n"))


def test_headers_that_include_each_other_end(root: Path) -> None:
    (root / "loop.h").write_text('#include "loop.h"\nint turn();\n')
    assert 1 <= flattened('#include "loop.h"\n', [root]).count("int turn();") < 100
