"""Finds or builds the program that runs kernels on Metal."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from harness import settings
from harness.errors import EnvironmentFault

SOURCES = settings.ROOT / "host" / "metal"
BUILD = settings.ROOT / "host" / "build"
STAND_IN = settings.ROOT / "tests" / "hosts" / "metal_stand_in" / "make.py"
_FRAMEWORKS = ("Metal", "Foundation", "CoreGraphics")
_FLAGS = ("-O2", "-fobjc-arc", "-fblocks", "-Wall", "-Wextra", "-mmacosx-version-min=14.0")
_TIMEOUT_S = 300

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a tool; a missing one is a failure like any other."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return subprocess.CompletedProcess(list(command), 127, "", str(problem))


def host(*, run: Run = run, system: str = sys.platform) -> Path:
    """The host program, built if its sources changed."""
    chosen = settings.metal_host()
    if chosen:
        if not os.access(chosen, os.X_OK):
            raise EnvironmentFault(f"METAL_BENCH_METAL_HOST is no program: {chosen}", "unset it")
        return Path(chosen)
    return _for_mac(run) if system == "darwin" else _stand_in(run)


def sha256(program: Path) -> str:
    """What ran the kernel, by content."""
    return hashlib.sha256(program.read_bytes()).hexdigest()


def _for_mac(run: Run) -> Path:
    digest = hashlib.sha256(" ".join(_FLAGS).encode())
    for path in sorted(SOURCES.glob("*.[hm]")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    program = BUILD / f"metal-{digest.hexdigest()[:16]}" / "metal-host"
    if program.is_file():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        made = Path(folder) / "metal-host"
        frameworks = [part for name in _FRAMEWORKS for part in ("-framework", name)]
        sources = [str(path) for path in sorted(SOURCES.glob("*.m"))]
        done = run(["xcrun", "clang", *_FLAGS, *frameworks, *sources, "-o", str(made)])
        if done.returncode or not made.is_file():
            said = done.stderr.strip()[-2000:]
            raise EnvironmentFault(
                f"the Metal host cannot be built:\n{said}", "xcode-select --install"
            )
        os.replace(made, program)
    return program


def _stand_in(run: Run) -> Path:
    done = run([sys.executable, str(STAND_IN)])
    if done.returncode == 0:
        return Path(done.stdout.strip())
    said = done.stderr.strip() or "the stand-in for Metal cannot be built"
    reason, _, hint = said.partition(": ")
    if done.returncode == 3 and hint:
        raise EnvironmentFault(f"no Mac, and {reason}", hint)
    raise EnvironmentFault(said[-2000:], "--device cpu judges kernels without a GPU")
