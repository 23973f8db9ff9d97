"""`conformance_report.py metal|cpu [FAMILY…]`: one JSON line a conformance family, as it ends.

{"family", "cases": how many, "problems": {case: what is wrong}}. Needs no test runner on a Mac.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from conformance_cases import runner  # noqa: E402
from make_conformance import families  # noqa: E402


def problems(device: str, family: str, cache: Path) -> dict[str, str]:
    """What is wrong with a family on a device."""
    if device.startswith("metal"):
        from conformance_cases import metal

        from harness.devices import metal_build

        return dict(metal.problems_of(metal_build.host(), family))
    from test_conformance import HOSTS, run_portable

    found = run_portable(family, cache, HOSTS["portable"])
    return {case: text for case, text in found.items() if text}


def main(arguments: Sequence[str]) -> int:
    """Every family named, or all; 0 if nothing is wrong."""
    device, *named = arguments
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for family in named or families():
            found = problems(device, family, Path(folder))
            wrong += len(found)
            row = {"family": family, "cases": len(runner.load(family)), "problems": found}
            print(json.dumps(row), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
