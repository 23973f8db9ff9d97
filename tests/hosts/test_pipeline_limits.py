"""What Apple's drivers refuse of a pipeline or a dispatch: threads and threadgroup memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance_cases import portable, runner

import msl

pytestmark = pytest.mark.host
HEAD = "#include <metal_stdlib>\nusing namespace metal;\n"
PLAIN = "kernel void f(device uint* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]])"
SYNCHRONISED = """ {
  out[t] = simd_sum(1u);
}"""


def array_kernel(floats: int, *, used: bool = True, also: str = "") -> str:
    """A kernel with a threadgroup array of so many floats, touched or not."""
    body = (
        "tile[t] = 1; threadgroup_barrier(mem_flags::mem_threadgroup); out[t] = uint(tile[t ^ 1]);"
    )
    tail = body if used else "out[t] = t;"
    return f"{HEAD}{PLAIN} {{\n  threadgroup float tile[{floats}];\n  {also}\n  {tail}\n}}\n"


@pytest.fixture
def cache(shared_cache: Path) -> Path:
    return shared_cache


def build(text: str, cache: Path) -> msl.Library:
    library = msl.compile_source(text, cache_dir=cache)
    assert isinstance(library, msl.Library), library.text
    return library


@pytest.fixture
def host() -> Iterator[portable.Supervisor]:
    supervisor = portable.Supervisor()
    yield supervisor
    supervisor.close()


def load(host: portable.Supervisor, library: msl.Library) -> dict[str, Any]:
    return host.load(library, sorted(library.functions))


def dispatch(
    library: msl.Library, threads: int | tuple[int, int, int], memory: dict[int, int] | None = None
) -> str:
    """One threadgroup of so many threads: empty, or why it was refused."""
    extent = (threads, 1, 1) if isinstance(threads, int) else threads
    buffer = {"index": 0, "dtype": "uint32", "shape": [2048], "output": True, "fill": "poison"}
    case = {
        "function": "f",
        "grid": list(extent),
        "threadgroup": list(extent),
        "buffers": [buffer],
        "threadgroup_memory": {str(index): size for index, size in (memory or {}).items()},
    }
    layout = runner.Layout([case])
    target = portable.PortableHost(library, ["f"], len(layout.image))
    try:
        return target.run(layout.dispatches([0]), layout.regions, 0)
    finally:
        target.close()


@pytest.mark.parametrize("body", [" { out[t] = t; }", SYNCHRONISED], ids=["loop", "fiber"])
@pytest.mark.parametrize(
    ("threads", "fits"),
    [(1024, True), (1025, False), ((32, 8, 4), True), ((32, 8, 5), False), ((1, 1, 1024), True)],
)
def test_a_threadgroup_has_at_most_1024_threads(
    body: str, threads: int | tuple[int, int, int], fits: bool, cache: Path
) -> None:
    reason = dispatch(build(f"{HEAD}{PLAIN}{body}\n", cache), threads)
    assert (reason == "") is fits
    if not fits:
        assert reason.startswith("launch_error")
        assert "1024" in reason and str(1025 if isinstance(threads, int) else 1280) in reason


@pytest.mark.parametrize(
    ("attribute", "threads", "fits"),
    [
        ("[[max_total_threads_per_threadgroup(96)]]", 96, True),
        ("[[max_total_threads_per_threadgroup(96)]]", 97, False),
        ("[[max_total_threads_per_threadgroup(3 * 32)]]", (24, 4, 1), True),
        ("[[max_total_threads_per_threadgroup(3 * 32)]]", (24, 5, 1), False),
    ],
)
def test_the_attribute_lowers_the_limit(
    attribute: str, threads: int | tuple[int, int, int], fits: bool, cache: Path
) -> None:
    library = build(f"{HEAD}{attribute} {PLAIN} {{ out[t] = t; }}\n", cache)
    assert library.functions["f"].max_threads == 96
    reason = dispatch(library, threads)
    assert (reason == "") is fits
    if not fits:
        assert reason.startswith("launch_error")
        assert "96" in reason and str(97 if isinstance(threads, int) else 120) in reason


def test_an_attribute_above_1024_fails_pipeline_creation(
    cache: Path, host: portable.Supervisor
) -> None:
    text = f"{HEAD}[[max_total_threads_per_threadgroup(2048)]] {PLAIN} {{ out[t] = t; }}\n"
    reply = load(host, build(text, cache))
    assert not reply["ok"] and reply["status"] == "pipeline_error"
    assert "2048" in reply["reason"] and "1024" in reply["reason"]


def test_the_limits_of_a_pipeline_are_reported(cache: Path, host: portable.Supervisor) -> None:
    reply = load(host, build(array_kernel(1000), cache))
    assert reply["ok"]
    assert reply["limits"] == {"f": {"max_total_threads": 1024, "static_threadgroup_bytes": 4000}}


def test_threadgroup_memory_of_exactly_32_kib_is_accepted(
    cache: Path, host: portable.Supervisor
) -> None:
    assert load(host, build(array_kernel(8192), cache))["ok"]


def test_threadgroup_memory_over_32_kib_is_refused_in_the_words_of_the_driver(
    cache: Path, host: portable.Supervisor
) -> None:
    reply = load(host, build(array_kernel(8448), cache))
    assert not reply["ok"] and reply["status"] == "pipeline_error"
    expected = (
        "Threadgroup memory size (33792) exceeds the maximum threadgroup memory allowed (32768)"
    )
    assert expected in reply["reason"]


@pytest.mark.parametrize(
    "text",
    [
        # 36 KiB declared, 16 KiB of them never used.
        array_kernel(5120, also="threadgroup float spare[4096]; (void)spare;"),
        array_kernel(5120, also="threadgroup float spare[4096];"),
        array_kernel(100352, used=False),
    ],
    ids=["voided", "unused", "unused-100352"],
)
def test_only_threadgroup_memory_that_is_live_counts(text: str, cache: Path) -> None:
    library = build(text, cache)
    assert library.functions["f"].static_threadgroup_bytes <= 20480
    assert dispatch(library, 64) == ""


def test_two_kernels_of_a_library_have_their_own_memory(
    cache: Path, host: portable.Supervisor
) -> None:
    other = array_kernel(4096).replace("void f(", "void g(").removeprefix(HEAD)
    library = build(array_kernel(8192) + other, cache)
    sizes = {name: f.static_threadgroup_bytes for name, f in library.functions.items()}
    assert sizes == {"f": 32768, "g": 16384}
    assert load(host, library)["ok"]


def test_static_and_dynamic_threadgroup_memory_share_the_limit(cache: Path) -> None:
    arguments = "threadgroup float* scratch [[threadgroup(0)]], uint t [["
    text = array_kernel(4096, also="scratch[t] = 2; out[t + 64] = uint(scratch[t]);")
    library = build(text.replace("uint t [[", arguments), cache)
    assert dispatch(library, 64, {0: 16384}) == ""
    reason = dispatch(library, 64, {0: 16400})
    assert reason.startswith("launch_error")
    assert "32784" in reason and "32768" in reason
