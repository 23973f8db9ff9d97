"""`make perf`: measures everything and writes docs/PERFORMANCE.md."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from harness import atomic, settings
from harness.command import console
from perf import latency, memory, throughput, vector_math
from perf.findings import Finding, report

TARGET = settings.ROOT / "docs" / "PERFORMANCE.md"


def measurements(home: Path) -> Iterator[Callable[[], list[Finding]]]:
    """Every measurement, in order; each is run when it is asked for."""
    yield lambda: list(latency.builds())
    yield lambda: list(latency.commands(home))
    yield lambda: [throughput.relu_beside_copy()]
    yield lambda: list(throughput.beside_mlx())
    yield lambda: list(vector_math.beside_copy())
    yield lambda: list(memory.run(home))


def main() -> int:
    """Measure, print, write. Missing a bound is a finding, not a failure."""
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory() as folder:
        for measurement in measurements(Path(folder)):
            for finding in measurement():
                findings.append(finding)
                reached = "reached" if finding.reached else "NOT REACHED"
                console.say(f"{finding.what}: {finding.value:.4g} {finding.unit} ({reached})")
    atomic.write_text(TARGET, report(findings))
    console.say(f"wrote {TARGET.relative_to(settings.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
