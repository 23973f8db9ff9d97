"""Says what works on this machine and, for each thing that does not, what to run."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import console, devices, environment, locks, settings
from harness.errors import ExitCode, UserError
from msl.toolchain import ToolchainError, find_toolchain

#: Every run needs these; the versions are pyproject.toml's.
_PACKAGES = ("mlx", "numpy", "pydantic", "filelock", "rich", "ziglang")


@dataclass(frozen=True)
class Finding:
    """One line of the doctor. `needed`: whether nothing works without it."""

    what: str
    ok: bool
    detail: str
    remedy: str = ""
    needed: bool = True


Check = Callable[[], Finding]


def run() -> int:
    """Print every finding; the exit code."""
    findings = [examine(name, check) for name, check in CHECKS]
    for finding in findings:
        show(finding)
    broken = [finding for finding in findings if not finding.ok and finding.needed]
    if broken:
        console.out.print(f"{len(broken)} of {len(findings)} checks failed", style="bold red")
        return ExitCode.ENVIRONMENT
    console.out.print("everything that ./bench needs works here", style="green")
    return ExitCode.PASSED


def show(finding: Finding) -> None:
    """One finding, with what to run if it failed."""
    mark = "ok  " if finding.ok else "FAIL" if finding.needed else "none"
    style = "" if finding.ok else "bold red" if finding.needed else "yellow"
    console.out.print(f"{mark}  {finding.what:<18} {finding.detail}", style=style, markup=False)
    if not finding.ok and finding.remedy:
        console.out.print(f"      run: {finding.remedy}", markup=False)


def examine(name: str, check: Check) -> Finding:
    """The finding of a check; one that breaks is a finding too, and the others still run."""
    try:
        return check()
    except UserError as error:
        return Finding(name, False, error.message, error.hint)
    except ToolchainError as error:
        return Finding(name, False, str(error), "python3 setup.py")
    except Exception as error:
        return Finding(name, False, f"{type(error).__name__}: {error}", "python3 setup.py")


def python() -> Finding:
    """The interpreter and its environment."""
    own = Path(sys.prefix) == settings.ROOT / ".venv"
    where = ".venv" if own else "outside .venv"
    return Finding("python", sys.version_info >= (3, 10), f"{platform.python_version()}, {where}")


def packages() -> Finding:
    """The packages that every run needs."""
    found = {name: environment.version(name) for name in _PACKAGES}
    missing = [name for name, version in found.items() if version is None]
    detail = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    if missing:
        detail = f"missing: {', '.join(missing)}"
    return Finding("packages", not missing, detail, "python3 setup.py")


def machine() -> Finding:
    """What figures of this machine are measured on."""
    facts = environment.facts()
    governor = f", governor {facts['governor']}" if facts["governor"] else ""
    detail = f"{facts['cpu']}, {facts['cores']} cores, {facts['os']} {facts['os_release']}"
    return Finding("machine", True, detail + governor)


def compiler() -> Finding:
    """The compiler that kernels are built with."""
    found = find_toolchain(settings.chosen_compiler() or None)
    pinned = "chosen by METAL_BENCH_CLANG" if settings.chosen_compiler() else "the pinned one"
    detail = f"{Path(found.clang[0]).name}, {pinned}, for {found.arch}"
    return Finding("compiler", True, detail)


def host() -> Finding:
    """The native host: it is built, starts, and says what it is."""
    facts = devices.open_device("auto").facts()
    detail = f"{facts['chip']}, engine {facts['engine']}, {facts['threads']} threads"
    if facts.get("virtual"):
        detail += "; virtual: it judges, and its times mean nothing"
    return Finding("host", True, detail)


def compiled_mlx() -> Finding:
    """A real mx.compile: MLX's CPU backend needs a C++ compiler of the system for it."""
    import mlx.core as mx

    try:
        twice = mx.compile(lambda x: mx.exp(x) * 2 + 1)
        found = float(mx.max(mx.abs(twice(mx.zeros((8,))) - 3.0)))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        remedy = "" if shutil.which("c++") else "sudo apt-get install g++   (or go on without it)"
        detail = f"does not work ({reason}); the compiled baseline is absent"
        return Finding("mx.compile", False, detail, remedy, needed=False)
    return Finding("mx.compile", found < 1e-5, f"works, error {found:.1g}", needed=False)


def writable() -> Finding:
    """Folders that a run writes."""
    where = settings.paths()
    for folder in (where.home, where.results, where.runs, where.build):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            remedy = "export METAL_BENCH_HOME=a/writable/folder"
            return Finding("folders", False, f"cannot write {folder}: {error.strerror}", remedy)
    return Finding("folders", True, "results, .bench/runs and .bench/build can be written")


def lockable() -> Finding:
    """Locks of devices and of files."""
    with locks.device("doctor", "doctor", exclusive=True), locks.file("doctor"):
        return Finding("locks", True, str(settings.paths().runtime))


CHECKS: Sequence[tuple[str, Check]] = (
    ("python", python),
    ("packages", packages),
    ("machine", machine),
    ("folders", writable),
    ("locks", lockable),
    ("compiler", compiler),
    ("host", host),
    ("mx.compile", compiled_mlx),
)


if __name__ == "__main__":
    sys.exit(run())
