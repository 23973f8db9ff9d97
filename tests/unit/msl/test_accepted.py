"""Every form that Metal accepts: each file in accepted/ builds, with the facts it says it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import msl

FOLDER = Path(__file__).parent / "accepted"
FILES = sorted(FOLDER.glob("*.metal"))
EXPECT = re.compile(r"// expect: (\S+)(.*)")


def wanted(text: str) -> dict[str, dict[str, str]]:
    """Facts by function name, as the file's first lines give them."""
    found = {}
    for name, rest in EXPECT.findall(text):
        found[name] = dict(part.split("=", 1) for part in rest.split())
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_accepted(path: Path, shared_cache: Path) -> None:
    text = path.read_text(encoding="utf-8")
    result = msl.compile_source(
        text, name=path.name, engine="reference", cache_dir=shared_cache / "msl"
    )
    assert isinstance(result, msl.Library), result.text
    expected = wanted(text)
    assert set(result.functions) == set(expected)
    for name, facts in expected.items():
        function = result.functions[name]
        got = {
            "mode": function.mode,
            "max": str(function.max_threads),
            "tg": str(function.static_threadgroup_bytes),
            "tga": ",".join(map(str, function.threadgroup_arguments)),
            "buffers": ",".join(map(str, sorted(function.parameters))),
        }
        defaults = {"max": "1024", "tga": ""}
        for key, value in {**defaults, **facts}.items():
            assert got[key] == value, f"{name}: {key}"


def test_there_are_enough_files() -> None:
    assert len(FILES) >= 45
