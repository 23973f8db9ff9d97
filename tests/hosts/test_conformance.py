"""Every conformance case on every host there is, in natural and permuted orders of threads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conformance_cases import portable, runner
from conformance_cases.model import ANY, POISON
from make_conformance import families, stale

import msl

Problems = dict[str, str]  # case name -> what is wrong with it, empty if nothing is
#: The portable host as it comes, and with the engine that defines what a kernel means.
HOSTS = {"portable": "auto", "portable-reference": "reference"}
CASES = [(family, str(case["name"])) for family in families() for case in runner.load(family)]
KERNEL = re.compile(
    r"(?:\bkernel\b(?:\s*\[\[.*?\]\])?|\[\[\s*kernel\b[^\]]*\]\])\s*void\s+(\w+)", re.DOTALL
)


def kernels_of(family: str) -> set[str]:
    """The kernels that a family's source declares, by the names under which they can be run."""
    text = re.sub(r"//.*", "", (runner.FOLDER / f"{family}.metal").read_text())
    templates = set(re.findall(r"template\s*<[^>]*>\s*\[\[kernel\]\]\s*void\s+(\w+)", text))
    return (set(KERNEL.findall(text)) - templates) | set(re.findall(r'host_name\("(\w+)"\)', text))


def run_portable(family: str, cache: Path, engine: str) -> Problems:
    """All cases of a family: one library for each set of function constants, one worker each."""
    text = (runner.FOLDER / f"{family}.metal").read_text()
    every = runner.load(family)
    problems: Problems = {}
    for values in dict.fromkeys(runner.constants_of(case) for case in every):
        cases = [case for case in every if runner.constants_of(case) == values]
        library = msl.compile_source(
            text,
            name=f"{family}.metal",
            function_constants=dict(values),
            engine=engine,
            cache_dir=cache,
        )
        if isinstance(library, msl.Rejection):
            problems |= {case["name"]: f"{library.status}: {library.reason}" for case in cases}
            continue
        problems |= {case["name"]: why for case in cases if (why := unusable(library, case))}
        usable = [case for case in cases if case["name"] not in problems]
        problems |= run_library(library, usable) if usable else {}
    return problems


def unusable(library: msl.Library, case: Mapping[str, Any]) -> str:
    """Why the library has no pipeline for a case; empty if it has one."""
    for name in (case["function"], *(then["function"] for then in case.get("then", []))):
        if name not in library.functions:
            return f"the library has no kernel {name}: {library.unsupported.get(name, '')}"
        missing = library.functions[name].missing_constants
        if missing:
            return f"{name} lacks values of the function constants {', '.join(missing)}"
    return ""


def run_library(library: msl.Library, cases: list[dict[str, Any]]) -> Problems:
    """The problems of a library's cases; the first seed that shows one is named."""
    layout = runner.Layout(cases)
    usable = [name for name, f in library.functions.items() if not f.missing_constants]
    host = portable.PortableHost(library, usable, len(layout.image))
    problems: Problems = {}
    try:
        for seed in runner.SEEDS:
            waiting = [n for n, case in enumerate(cases) if case["name"] not in problems]
            found = runner.run_cases(host, layout, waiting, seed) if waiting else {}
            for number, text in found.items():
                if text:
                    problems[str(cases[number]["name"])] = f"seed {seed}: {text}"
    finally:
        host.close()
    return problems


@pytest.fixture(scope="session")
def problems_of(shared_cache: Path) -> Iterator[Callable[[str, str], Problems]]:
    """Runs a family when its first case is asked for, and remembers what was wrong."""
    known: dict[tuple[str, str], Problems] = {}

    def ask(host: str, family: str) -> Problems:
        if (host, family) not in known:
            known[host, family] = run_portable(family, shared_cache, HOSTS[host])
        return known[host, family]

    yield ask


@pytest.mark.host
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(("family", "name"), CASES, ids=[f"{f}/{n}" for f, n in CASES])
def test_case(
    host: str, family: str, name: str, problems_of: Callable[[str, str], Problems]
) -> None:
    problem = problems_of(host, family).get(name, "")
    if problem:
        pytest.fail(f"{family}/{name} on {host}: {problem}", pytrace=False)


@pytest.mark.parametrize("family", families())
def test_every_kernel_has_a_case_and_every_case_a_kernel(family: str) -> None:
    cases = runner.load(family)
    used = {case["function"] for case in cases}
    used |= {then["function"] for case in cases for then in case.get("then", [])}
    assert used == kernels_of(family)


def test_the_json_is_what_the_cases_say() -> None:
    assert stale() == []


def test_the_suite_is_as_large_as_promised() -> None:
    assert sum(len(kernels_of(family)) for family in families()) >= 150
    assert sum(path.stat().st_size for path in runner.FOLDER.glob("*.json")) < 2 << 20


def floats(*values: float) -> bytes:
    return np.array(values, np.float32).tobytes()


COMPARISONS = [
    ("the same", floats(1, 2), [1, 2], {"exact": True}, ""),
    ("one step off", floats(1, np.nextafter(np.float32(2), 3)), [1, 2], {"exact": True}, "[1]"),
    ("a step within 1 ulp", floats(np.nextafter(np.float32(2), 0)), [2], {"ulp": 1, "abs": 0}, ""),
    ("two steps beyond 1 ulp", floats(1.0000002384), [1], {"ulp": 1, "abs": 0}, "[0]"),
    ("2.5 ulp reach three steps", floats(1.0000003576), [1], {"ulp": 2.5, "abs": 0}, ""),
    ("across zero", floats(-1e-45), [1e-45], {"ulp": 2, "abs": 0}, ""),
    ("within an absolute bound", floats(0.25), [0.5], {"ulp": 0, "abs": 0.25}, ""),
    ("NaN for a number", floats(np.nan), [0], {"ulp": 9, "abs": 9}, "[0]"),
    ("NaN for NaN", floats(np.nan), ["nan"], {"exact": True}, ""),
    ("infinity of the wrong sign", floats(np.inf), ["-inf"], {"ulp": 9, "abs": 9}, "[0]"),
    ("a bound for each element", floats(1.1, 2), [1, 2], {"ulp": 0, "abs": [0.2, 0]}, ""),
    ("undefined", floats(7), [ANY], {"exact": True}, ""),
    ("written though it must not be", floats(7), [POISON], {"exact": True}, "[0]"),
    ("left alone", runner.POISON_BYTES * 2, [POISON], {"exact": True}, ""),
    ("never written", runner.POISON_BYTES * 2, [0], {"exact": True}, "[0]"),
]


@pytest.mark.parametrize(
    ("after", "expected", "compare", "place"),
    [row[1:] for row in COMPARISONS],
    ids=[row[0] for row in COMPARISONS],
)
def test_the_comparison_itself(
    after: bytes, expected: list[object], compare: dict[str, object], place: str
) -> None:
    before = runner.POISON_BYTES * (len(after) // 2)
    found = runner.differences("float32", expected, before, after, compare)
    assert found.startswith(place) if place else found == ""


RACY = """#include <metal_stdlib>
using namespace metal;
kernel void between_threadgroups(device uint* out, uint g [[threadgroup_position_in_grid]]) {
  out[0] = g;
}
kernel void between_simdgroups(device uint* out, uint t [[thread_index_in_threadgroup]]) {
  threadgroup uint last;
  last = t;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[0] = last / 32;
}
kernel void between_lanes(device uint* out, uint t [[thread_index_in_threadgroup]]) {
  threadgroup uint last;
  last = t % 32;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[0] = last;
}
"""


def small_case(function: str, expected: list[Any], threadgroup: int = 64) -> dict[str, Any]:
    buffer = {"index": 0, "dtype": "uint32", "shape": [1], "output": True, "fill": "poison"}
    return {
        "name": function,
        "function": function,
        "grid": [256, 1, 1],
        "threadgroup": [threadgroup, 1, 1],
        "buffers": [buffer],
        "expected": {"0": expected},
        "compare": {"exact": True},
    }


def build(text: str, cache: Path) -> msl.Library:
    """For the engine that runs lanes one by one."""
    library = msl.compile_source(text, engine="reference", cache_dir=cache)
    assert isinstance(library, msl.Library), library.text
    return library


@pytest.mark.host
@pytest.mark.parametrize(
    "function", ["between_threadgroups", "between_simdgroups", "between_lanes"]
)
def test_the_seeds_do_permute(function: str, shared_cache: Path) -> None:
    library = build(RACY, shared_cache)
    layout = runner.Layout([small_case(function, [ANY])])
    host = portable.PortableHost(library, [function], len(layout.image), threads=1)
    start, size = layout.regions["0.0"]
    seen = set()
    try:
        for seed in range(8):
            assert runner.run_cases(host, layout, [0], seed) == {0: ""}
            seen.add(host.pool[start : start + size])
    finally:
        host.close()
    assert len(seen) > 1


@pytest.mark.host
def test_a_bad_case_is_reported_and_hides_no_other(shared_cache: Path) -> None:
    text = RACY.replace("out[0] = g;", "out[0] = 7;")
    good = small_case("between_threadgroups", [7])
    wrong = small_case("between_threadgroups", [8]) | {"name": "wrong"}
    refused = small_case("between_lanes", [0], threadgroup=2048)
    found = run_library(build(text, shared_cache), [good, wrong, refused])
    assert set(found) == {"wrong", "between_lanes"}
    assert found["wrong"] == "seed 0: buffer 0[0]: got 7, expected 8 (1 of 1 differ)"
    assert found["between_lanes"].startswith("seed 0: launch_error")


@pytest.mark.host
def test_a_write_beside_a_buffer_is_seen(shared_cache: Path) -> None:
    library = build(RACY.replace("out[0] = g;", "out[1] = 7;"), shared_cache)
    found = run_library(library, [small_case("between_threadgroups", [POISON])])
    assert found["between_threadgroups"] == "seed 0: buffer 0: bytes outside it were written"
