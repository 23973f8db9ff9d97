"""The C++ test programs: what functions return, what lanes see, what the compiler makes of them."""

from __future__ import annotations

import re

import pytest
from header_compiler import HOST, Headers

pytestmark = pytest.mark.host


@pytest.mark.parametrize("name", ["functions", "lanes"])
def test_program_finds_no_failure(headers: Headers, name: str) -> None:
    result = headers.run([str(headers.program(name))])
    assert result.returncode == 0, result.stdout
    assert "0 failures" in result.stdout


def test_loops_over_threads_are_vectorised(headers: Headers) -> None:
    source = HOST / "tests" / "loops.cc"
    result = headers.compile(source, "-Rpass=loop-vectorize", "-c", "-o", "loops.o")
    assert result.returncode == 0, result.stderr
    lines = source.read_text().splitlines()
    wanted = {i for i, line in enumerate(lines, 1) if line.startswith("OVER_THREADS(")}
    remarks = re.findall(r"loops\.cc:(\d+):\d+: remark: vectorized", result.stderr)
    found = {int(line) for line in remarks}
    assert {lines[i - 1] for i in wanted - found} == set()
    assert len(wanted) >= 16


def test_objects_need_listed_symbols_only(headers: Headers) -> None:
    listed = {
        line.split()[0]
        for line in (HOST / "include" / "msl_symbols.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    for name in ("functions", "lanes", "loops"):
        source = HOST / "tests" / f"{name}.cc"
        compiled = headers.compile(source, "-S", "-o", f"{name}.s")
        assert compiled.returncode == 0, compiled.stderr
        text = (headers.folder / f"{name}.s").read_text()
        called = set(re.findall(r"^\s+(?:callq?|bl)\s+([A-Za-z_]\w*)", text, re.M))
        foreign = {s for s in called if not s.startswith("_Z") and f"\n{s}:" not in text}
        assert foreign - {"printf", "run_lanes"} <= listed
