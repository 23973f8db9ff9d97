"""How long a user waits for `./bench`, from shell to prompt."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time

from harness import settings
from perf.store import Entry

BENCH = str(settings.ROOT / "bench")
#: Seconds that a warm run may take.
BOUNDS = {"relu": 4.0, "sqr_mm": 20.0}


def measure(name: str) -> Entry:
    """Seconds of a run with Records in place, so that nothing is confirmed."""
    with tempfile.TemporaryDirectory(prefix="performance-") as home:
        for _ in range(2):  # the first saves Records; one more in case it was barred by noise
            _run(name, home)
        seconds, verdict = _run(name, home)
    return {"seconds": seconds, "verdict": verdict}


def _run(name: str, home: str) -> tuple[float, str]:
    variables = {**os.environ, "METAL_BENCH_HOME": home}
    variables.pop("METAL_BENCH_CACHE", None)
    started = time.perf_counter()
    done = subprocess.run([BENCH, name, "--json"], env=variables, stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        said = done.stdout[:2000]
        raise RuntimeError(f"./bench {name} ended with code {done.returncode}: {said}")
    return seconds, str(json.loads(done.stdout.splitlines()[0])["verdict"])
