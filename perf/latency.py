"""How long a user waits: from a new source to a runnable program, and from shell to prompt."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msl
from harness import devices, settings
from harness.problem import catalog
from harness.problem.header import Header, parse_header
from harness.problem.schedule import functions_of
from perf.findings import Finding

BENCH = str(settings.ROOT / "bench")


def builds() -> Iterator[Finding]:
    """Every kernel built as a new source, then again from the cache."""
    chip = str(devices.open_device("cpu").facts()["chip"])
    known = catalog.default()
    fresh, cached = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        _build("kernel void warm(device float* y [[buffer(0)]]) { y[0] = 1; }", None, Path(folder))
        for kernel in known.kernels():
            source = known.variant(kernel, chip).source
            header = parse_header(source.text)
            if not isinstance(header, Header):
                raise ValueError(f"{kernel.name}: {header.message}")
            functions = functions_of(header, kernel.spec)
            fresh[kernel.name] = _build(source.text, functions, Path(folder))
            cached[kernel.name] = _build(source.text, functions, Path(folder))
    slowest = max(fresh, key=lambda name: fresh[name])
    detail = f"{len(fresh)} kernels, slowest {slowest} {fresh[slowest]:.0f} ms"
    median = statistics.median
    yield Finding("new source to runnable, median", median(fresh.values()), "ms", 300, True, detail)
    yield Finding("cached source to runnable, median", median(cached.values()), "ms", 50, True)


def _build(text: str, functions: tuple[str, ...] | None, cache: Path) -> float:
    started = time.perf_counter()
    built = msl.compile_source(
        text,
        name="perf.metal",
        functions=functions,
        include_roots=[settings.ROOT / "metal" / "include"],
        cache_dir=cache,
    )
    if isinstance(built, msl.Rejection):
        raise ValueError(f"a kernel of ours is refused: {built}")
    return (time.perf_counter() - started) * 1e3


def commands(home: Path) -> Iterator[Finding]:
    """`./bench` from shell to prompt, with Records in place, so that nothing is confirmed."""
    for name, bound in (("relu", 4.0), ("sqr_mm", 20.0)):
        for _ in range(2):  # the first saves Records; one more in case it was barred by noise
            _run(name, home)
        seconds, verdict = _run(name, home)
        yield Finding(f"./bench {name}, warm", seconds, "s", bound, True, f"verdict {verdict}")


def _run(name: str, home: Path) -> tuple[float, str]:
    environment = {**os.environ, "METAL_BENCH_HOME": str(home)}
    environment.pop("METAL_BENCH_CACHE", None)
    started = time.perf_counter()
    done = subprocess.run(
        [BENCH, name, "--json"], env=environment, stdout=subprocess.PIPE, text=True
    )
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        said = done.stdout[:2000]
        raise RuntimeError(f"./bench {name} ended with code {done.returncode}: {said}")
    return seconds, str(json.loads(done.stdout.splitlines()[0])["verdict"])
