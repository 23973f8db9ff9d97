"""`make mac-dry-run`: all of the Apple side that a machine without a Mac can do, step by step.

Gets GNUstep if it is missing, compiles the host for an Apple silicon Mac against declarations, and
drives the same host on the stand-in for Metal: every job of the tests, every conformance family,
every kernel beside the portable host, a capture, an export. Each step has its verdict.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[2])]

import gnustep  # noqa: E402
import make  # noqa: E402
import metal_exercise  # noqa: E402
from conformance_cases import metal, runner  # noqa: E402
from make_conformance import families  # noqa: E402

from harness import settings  # noqa: E402
from harness.errors import ExitCode  # noqa: E402
from harness.problem import catalog  # noqa: E402
from msl.host_client import HostError  # noqa: E402

#: Says what is wrong, a line each.
Step = Callable[[], Iterator[str]]


def main() -> int:
    """Take every step, the later ones too if an earlier one fails; 0 if nothing is wrong."""
    try:
        gnustep.ensure()
    except gnustep.NoGnustep as missing:
        print(missing, file=sys.stderr)
        return ExitCode.ENVIRONMENT
    failed = [name for name, step in STEPS.items() if not taken(name, step)]
    print(f"failed: {', '.join(failed)}" if failed else "everything is as on the portable host")
    return ExitCode.REFUSED if failed else ExitCode.PASSED


def taken(name: str, step: Step) -> bool:
    """Take a step and print its verdict."""
    began = time.monotonic()
    print(f"...   {name}", flush=True)
    wrong = []
    try:
        wrong += step()
    except Exception as problem:
        wrong.append(f"{type(problem).__name__}: {problem}")
    print(f"{'FAIL' if wrong else 'ok  '}  {name}, {time.monotonic() - began:.0f} s", flush=True)
    for line in wrong:
        print(f"      {line}", flush=True)
    return not wrong


def for_apple() -> Iterator[str]:
    """Mach-O objects for arm64 with ARC; a misspelt selector is refused."""
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(make.HOST.glob("*.m")):
            made = Path(folder) / f"{source.stem}.o"
            try:
                make.for_apple(source, made)
            except make.CompileError as refused:
                yield f"{source.name}: {refused}"
        bad = Path(folder) / "queue.m"
        text = (make.HOST / "queue.m").read_text()
        bad.write_text(text.replace("[buffer commit]", "[buffer comit]"))
        try:
            make.for_apple(bad, Path(folder) / "bad.o")
            yield "a misspelt selector compiles"
        except make.CompileError:
            return


def jobs() -> Iterator[str]:
    """Binding, geometry, limits, deadlines, faults: each part of the host by itself."""
    program = make.program()
    for name, job in metal_exercise.JOBS.items():
        wrong = job(program)
        if wrong:
            yield f"{name}: {wrong}"


def conformance() -> Iterator[str]:
    """Every case that NumPy computed."""
    program = make.program()
    for family in families():
        try:
            found = metal.problems_of(program, family)
        except HostError as failure:
            found = {"all": str(failure)}
        for case, text in found.items():
            yield f"{family}/{case}: {text}"
        print(f"      {family}: {len(runner.load(family))} cases", flush=True)


def kernels() -> Iterator[str]:
    """Kernels that the portable host passes and this one does not, from the same source and the
    same values."""
    rows = bench("--all", "--device", "metal")
    passed = sum(row["status"] == "passed" for row in rows)
    print(f"      {passed} of {len(rows)} passed", flush=True)
    for row in rows:
        evidence = row["environment"]
        if (row["device"], row["flags"]) != ("metal", ["virtual"]) and row["status"] == "passed":
            yield f"{row['kernel']}: device {row['device']}, flags {row['flags']}"
        if row["status"] == "passed" and not {"transcript_sha256", "device"} <= set(evidence):
            yield f"{row['kernel']}: says neither what ran it nor what was said"
        if row["status"] != "passed":
            here = f"{row['kernel']} {row['size']}: {row['status']} ({row['reason']})"
            there = on_the_portable_host(row)
            if there == "passed":
                yield here
            else:
                print(f"      {here}; {there} on the portable host too", flush=True)


def on_the_portable_host(row: dict[str, Any]) -> str:
    """The status there of the same source: the CPU may have a Variant of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".metal") as file:
        kernel = catalog.default().find(row["kernel"])
        file.write(catalog.default().variant(kernel, row["chip"]).source.recorded)
        file.flush()
        size = ("--size", row["size"])
        (other,) = bench(row["kernel"], "--device", "cpu", "--file", file.name, *size)
    return str(other["status"])


def capture() -> Iterator[str]:
    """`--gputracer` leaves a trace that holds the schedule."""
    done = _bench("--gputracer", "softmax", "--device", "metal", "--size", "check")
    if done.returncode or "wrote " not in done.stdout:
        yield done.stderr.strip() or done.stdout.strip()


def export() -> Iterator[str]:
    """`--export` writes a module that passes its own test where there is no Metal."""
    done = _bench("--export", "softmax")
    if done.returncode:
        yield done.stderr.strip()
        return
    path = settings.paths().home / done.stdout.split("wrote ")[1].split("\n")[0].strip()
    command = ["python3", str(make.ROOT / "setup.py"), "--run", str(path)]
    tested = subprocess.run(command, capture_output=True, text=True, check=False)
    if tested.returncode:
        yield tested.stdout + tested.stderr


def bench(*words: str) -> list[dict[str, Any]]:
    """The rows of a command that judges at the check sizes, or at a size that is named."""
    size = () if "--size" in words else ("--size", "check")
    done = _bench(*words, *size, "--check-only", "--json", "--", "--seed", "1")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [str(make.ROOT / "bench"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


STEPS: dict[str, Step] = {
    "the host compiles for arm64-apple-macos14, and a misspelt selector does not": for_apple,
    "every part of the host, on the stand-in for Metal": jobs,
    "conformance": conformance,
    "every kernel at its check sizes": kernels,
    "a capture": capture,
    "an export": export,
}


if __name__ == "__main__":
    sys.exit(main())
