"""`make mac-dry-run`: all of the Apple side that a machine without a Mac can do.

Gets GNUstep if it is missing, compiles the host for an Apple silicon Mac against declarations, runs
every conformance family and every kernel of the repository through the Metal host on the stand-in,
and compares each kernel with what the portable host says of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[2])]

import gnustep  # noqa: E402
import make  # noqa: E402
from conformance_cases import metal  # noqa: E402
from make_conformance import families  # noqa: E402

from harness.problem import catalog  # noqa: E402


def main() -> int:
    """Do it; 0 if nothing differs."""
    try:
        gnustep.ensure()
    except gnustep.NoGnustep as missing:
        print(missing, file=sys.stderr)
        return 3
    wrong = compile_for_apple() + conformance() + kernels()
    print("as on the portable host" if not wrong else f"{wrong} differ")
    return 1 if wrong else 0


def compile_for_apple() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(make.HOST.glob("*.m")):
            make.for_apple(source, Path(folder) / f"{source.stem}.o")
    print("the host compiles for arm64-apple-macos14")
    return 0


def conformance() -> int:
    program, wrong = make.program(), 0
    for family in families():
        problems = metal.problems_of(program, family)
        wrong += len(problems)
        print(f"conformance {family}: {len(problems)} wrong", flush=True)
        for name, text in problems.items():
            print(f"  {name}: {text}")
    return wrong


def kernels() -> int:
    """How many kernels the portable host passes and this one does not, with the same values."""
    wrong = 0
    for row in bench("--all", "--device", "metal"):
        if row["status"] == "passed":
            continue
        # The CPU may have a Variant of its own: the same source decides.
        with tempfile.NamedTemporaryFile("w", suffix=".metal") as file:
            kernel = catalog.default().find(row["kernel"])
            file.write(catalog.default().variant(kernel, row["chip"]).source.text)
            file.flush()
            where = ("--device", "cpu", "--file", file.name, "--size", row["size"])
            (other,) = bench(row["kernel"], *where)
        differs = other["status"] == "passed"
        wrong += differs
        print(f"  {row['kernel']} {row['size']}: {row['status']}; on cpu {other['status']}")
    return wrong


def bench(*words: str) -> list[dict[str, Any]]:
    command = [str(make.ROOT / "bench"), *words, "--check-only", "--json", "--", "--seed", "1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    sys.exit(main())
