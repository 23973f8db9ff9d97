"""The catalog: finding, loading, refusing; and the one resolver of Variants."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from examples_of_kernels import double_spec

from harness.errors import UserError
from harness.problem import catalog
from harness.problem.catalog import Catalog, outside_domain, point_of
from harness.spec import Domain, Range

DEFINITION = """
from harness.spec import *

SPEC = KernelSpec(
    summary="y = 2 x", function="f", reference=lambda x: x + x, oracle=lambda x: 2 * x,
    inputs={"x": Array("n")}, outputs={"y": Array("n")}, scalars={"N": Scalar("uint32", "n")},
    domain=Domain({"n": Range(1, 4096)}),
    sizes=Sizes(published={"n": 64}, large={"n": 1024}, check=[{"n": 1}]),
    tolerance=exact(), cost=lambda p: Cost(1, 1), schedule="grid: n\\nthreadgroup: 32",
)
"""


def write(root: Path, name: str, text: str = DEFINITION, in_set: str = "common") -> Path:
    path = root / "mlx" / "kernels" / in_set / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def metal(root: Path, path: str, text: str = "kernel void f() {}") -> Path:
    target = root / "metal" / "kernels" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


def test_definitions_are_found_by_path_and_set(tmp_path: Path) -> None:
    write(tmp_path, "twice")
    write(tmp_path, "again", in_set="standard")
    write(tmp_path, "_helper")
    it = Catalog(tmp_path)
    assert it.names() == [("common", "twice"), ("standard", "again")]
    assert it.names("standard") == [("standard", "again")]
    found = it.find("twice")
    assert (found.name, found.set, found.spec.function) == ("twice", "common", "f")
    assert "kernel_definitions.common.twice" in sys.modules
    assert it.find("twice") is found
    assert [k.name for k in it.kernels()] == ["twice", "again"]


def test_unknown_names_offer_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "softmax")
    with pytest.raises(UserError) as caught:
        Catalog(tmp_path).find("sofmax")
    assert "did you mean softmax?" in caught.value.hint
    with pytest.raises(UserError, match="unknown set"):
        Catalog(tmp_path).names("commmon")


def test_names_are_unique_over_sets(tmp_path: Path) -> None:
    write(tmp_path, "relu")
    write(tmp_path, "relu", in_set="full")
    with pytest.raises(UserError, match="common and full"):
        Catalog(tmp_path).names()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("SPEC = 3", "holds no SPEC"),
        ("raise OSError('x')", "OSError"),
        (DEFINITION.replace("grid: n", "grid: n +"), "the line ends here"),
        (DEFINITION.replace('Array("n")', 'Array("m")', 1), "unknown name 'm'"),
        (DEFINITION.replace('"n": 1024', '"n": 9999'), "size large is outside the domain"),
        (DEFINITION.replace('"uint32"', '"float16"'), "dtype float16 has not four bytes"),
    ],
)
def test_a_definition_that_does_not_load_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, "good")
    write(tmp_path, "broken", text)
    with pytest.raises(UserError, match=r"broken\.py") as caught:
        Catalog(tmp_path).kernels()
    assert said in caught.value.message


CASES = [
    ("apple-m4-max", ["m4_max", "m4", "apple", "default"]),
    ("apple-m4", ["m4", "apple", "default"]),
    ("nvidia-h200", ["h200", "cuda", "default"]),
    ("cpu-intel-avx512-2", ["cpu", "default"]),
]


@pytest.mark.parametrize(("chip", "stems"), CASES)
def test_the_most_special_variant_wins(tmp_path: Path, chip: str, stems: list[str]) -> None:
    write(tmp_path, "twice")
    it = Catalog(tmp_path)
    kernel = it.find("twice")
    metal(tmp_path, "common/twice.metal", "// flat")
    flat = it.variant(kernel, chip)
    assert (flat.stem, flat.source.text) == ("default", "// flat")
    metal(tmp_path, "common/twice/m1.metal", "// never for these")
    for stem in reversed(stems):
        metal(tmp_path, f"common/twice/{stem}.metal", f"// {stem}")
        found = it.variant(kernel, chip)
        assert (found.stem, found.source.text) == (stem, f"// {stem}")
        assert found.source.sha256 == catalog.sha256_of(f"// {stem}")
        assert Path(found.source.path).read_text() == found.source.text


def test_a_missing_variant_says_which_file_to_write(tmp_path: Path) -> None:
    write(tmp_path, "twice")
    it = Catalog(tmp_path)
    with pytest.raises(UserError) as caught:
        it.variant(it.find("twice"), "apple-m1")
    assert caught.value.hint.endswith("metal/kernels/common/twice.metal")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b" \n", "empty"), (b"\xff\xfe\x00", "not text"), (b"a\x00b", "not text")],
)
def test_bad_files_are_said(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.metal"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        catalog.read_source(path)


def test_missing_large_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        catalog.read_source(tmp_path / "none.metal")
    with pytest.raises(UserError, match="directory"):
        catalog.read_source(tmp_path)
    big = tmp_path / "big.metal"
    big.write_bytes(b"//" * (1 << 20))
    with pytest.raises(UserError, match="limit"):
        catalog.read_source(big)


def test_sizes_by_name_and_by_value() -> None:
    spec = double_spec()
    assert point_of(spec, "published") == {"rows": 16, "cols": 64}
    assert point_of(spec, "large") == {"rows": 64, "cols": 64}
    assert point_of(spec, "cols=7") == {"rows": 16, "cols": 7}
    assert point_of(spec, "rows=2, cols=7") == {"rows": 2, "cols": 7}
    for text, said in (
        ("huge", "unknown size"),
        ("k=3", "no dim 'k'"),
        ("rows=x", "no number"),
        ("rows=0", "rows = 0, not 1 to 4096"),
        ("rows=1.5", "outside the domain"),
    ):
        with pytest.raises(UserError, match=said):
            point_of(spec, text)


def test_domains() -> None:
    spec = double_spec(
        domain=Domain({"rows": Range(2, 64, multiple=2), "cols": Range(1, 64)}, ("rows <= cols",))
    )
    assert outside_domain(spec, {"rows": 4, "cols": 8}) == ""
    assert "multiples of 2" in outside_domain(spec, {"rows": 3, "cols": 8})
    assert outside_domain(spec, {"rows": 8, "cols": 4}) == "not rows <= cols"
    assert outside_domain(spec, {"rows": 8}) == "cols is missing"
