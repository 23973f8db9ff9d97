"""Every kernel built as a new source, then again from the cache, and which engine runs it."""

from __future__ import annotations

import functools
import tempfile
import time
from pathlib import Path

import msl
from harness import devices, settings
from harness.problem import catalog
from harness.problem.catalog import Kernel
from harness.problem.header import Header, parse_header
from harness.problem.schedule import functions_of
from perf.store import Entry

#: What precedes the first kernel: the headers are precompiled once a machine, not once a source.
_FIRST = "kernel void first(device float* y [[buffer(0)]]) { y[0] = 1; }"


def measure(kernel: Kernel) -> Entry:
    """Milliseconds from text to library, and why the fast engine leaves which functions."""
    chip = str(devices.open_device("cpu").facts()["chip"])
    text = catalog.default().variant(kernel, chip).source.text
    header = parse_header(text)
    if not isinstance(header, Header):
        return {"unable": header.message}
    functions = functions_of(header, kernel.spec)
    built, new_ms = _build(text, functions)
    if isinstance(built, msl.Rejection):
        return {"unable": built.text.strip()}
    _, cached_ms = _build(text, functions)
    every = built.functions.values()
    return {
        "new_ms": new_ms,
        "cached_ms": cached_ms,
        "fast": all(function.engine == "fast" for function in every),
        "declined": {function.name: function.declined for function in every if function.declined},
    }


def _build(
    text: str, functions: tuple[str, ...] | None
) -> tuple[msl.Library | msl.Rejection, float]:
    cache = Path(_cache().name)
    started = time.perf_counter()
    built = msl.compile_source(
        text,
        name="perf.metal",
        functions=functions,
        include_roots=[settings.ROOT / "metal" / "include"],
        cache_dir=cache,
    )
    return built, (time.perf_counter() - started) * 1e3


@functools.cache
def _cache() -> tempfile.TemporaryDirectory[str]:
    """An empty cache but for the precompiled headers of both engines."""
    folder = tempfile.TemporaryDirectory(prefix="performance-")
    for engine in ("fast", "reference"):
        msl.compile_source(_FIRST, name="first.metal", engine=engine, cache_dir=Path(folder.name))
    return folder
