"""Stored results: found again, kept apart, and never trusted when damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

import msl

SOURCE = (
    "#include <metal_stdlib>\nusing namespace metal;\n"
    "kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]])\n"
    "{ y[i] = 1; }\n"
)


def build(text: str, cache: Path, **options: object) -> msl.Library:
    result = msl.compile_source(text, cache_dir=cache, **options)  # type: ignore[arg-type]
    assert isinstance(result, msl.Library), result.text
    return result


@pytest.fixture
def cache(shared_cache: Path) -> Path:
    return shared_cache / "msl"


def test_the_second_time_is_from_the_store(cache: Path) -> None:
    text = SOURCE + "// second\n"
    first, second = build(text, cache), build(text, cache)
    assert (first.cached, second.cached) == (False, True)
    assert first.path == second.path
    assert first.functions == second.functions
    assert first.diagnostics == second.diagnostics


def test_a_refusal_is_stored_too(cache: Path) -> None:
    text = SOURCE + "int x = ;\n"
    first = msl.compile_source(text, cache_dir=cache)
    assert msl.compile_source(text, cache_dir=cache) == first
    assert isinstance(first, msl.Rejection)


@pytest.mark.parametrize(
    "options",
    [{"strict": True}, {"functions": ["f"]}, {"function_constants": {0: 1}}, {"name": "other"}],
    ids=lambda options: next(iter(options)),
)
def test_what_decides_the_result_keeps_it_apart(cache: Path, options: dict[str, object]) -> None:
    assert build(SOURCE, cache).path != build(SOURCE, cache, **options).path


def test_an_included_file_decides_too(cache: Path, tmp_path: Path) -> None:
    text = '#include "value.h"\n' + SOURCE
    header = tmp_path / "value.h"
    paths = set()
    for value in ("1", "2"):
        header.write_text(f"constant int kValue = {value};\n")
        paths.add(build(text, cache, include_roots=[tmp_path]).path)
    assert len(paths) == 2


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema_version": 99}'])
def test_a_damaged_record_is_built_again(cache: Path, damage: str) -> None:
    text = SOURCE + f"// damage {damage}\n"
    first = build(text, cache)
    (first.path.parent / "result.json").write_text(damage)
    again = build(text, cache)
    assert not again.cached
    assert again.functions == first.functions
    assert build(text, cache).cached


def test_a_missing_library_is_built_again(cache: Path) -> None:
    text = SOURCE + "// missing\n"
    build(text, cache).path.unlink()
    again = build(text, cache)
    assert not again.cached
    assert again.path.is_file()


def test_nothing_is_left_behind(cache: Path) -> None:
    build(SOURCE + "// tidy\n", cache)
    assert not [path for path in cache.iterdir() if path.name.startswith(".")]
