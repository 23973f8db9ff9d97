"""Where things lie and how a run is set up: paths, options, and all reading of the environment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

Mode = Literal["screen", "report", "record"]
Target = Literal["speed", "compute", "memory", "stable", "balanced"]
Sides = Literal["both", "metal", "mlx"]

TARGETS: tuple[Target, ...] = ("speed", "compute", "memory", "stable", "balanced")
MODES: tuple[Mode, ...] = ("screen", "report", "record")

#: The repository: definitions, kernels and host sources are read from here.
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Paths:
    """Every folder and file that is read or written, by name."""

    root: Path
    home: Path
    cache: Path
    runtime: Path

    @property
    def results(self) -> Path:
        """The stored Records: the truth."""
        return self.home / "results"

    @property
    def session(self) -> Path:
        """The leaderboard, folded from `results`."""
        return self.home / "session.json"

    @property
    def runs(self) -> Path:
        """The last run of every kernel, whatever it was."""
        return self.home / ".bench" / "runs"

    @property
    def gate(self) -> Path:
        """Commitments and verdicts of the held-out gate: nothing that makes prompts reads them."""
        return self.home / ".bench" / "gate"

    @property
    def build(self) -> Path:
        """Compiled candidates."""
        return self.cache

    @property
    def locks(self) -> Path:
        """Locks of files that this home owns; locks of devices lie in `runtime`."""
        return self.home / ".bench" / "locks"

    def results_file(self, chip: str, kernel: str) -> Path:
        """The Records of one kernel on one chip."""
        return self.results / chip / f"{kernel}.json"

    def shown(self, path: Path) -> str:
        """A path as a message should print it: relative to the home where it lies in it."""
        try:
            return str(path.relative_to(self.home))
        except ValueError:
            return str(path)


def paths() -> Paths:
    """The paths of this process. METAL_BENCH_HOME and METAL_BENCH_CACHE move what is written."""
    home = Path(os.environ.get("METAL_BENCH_HOME") or ROOT).absolute()
    cache = Path(os.environ.get("METAL_BENCH_CACHE") or home / ".bench" / "build").absolute()
    return Paths(ROOT, home, cache, _runtime())


def _runtime() -> Path:
    """A folder of this user alone that lives as long as the machine is up."""
    given = os.environ.get("XDG_RUNTIME_DIR")
    if given and os.access(given, os.W_OK | os.X_OK):
        return Path(given) / "metal-bench"
    return Path(tempfile.gettempdir()) / f"metal-bench-{os.getuid()}"


def chosen_compiler() -> str:
    """METAL_BENCH_CLANG: a clang to use instead of the pinned one; empty: the pinned one."""
    return os.environ.get("METAL_BENCH_CLANG", "")


def metal_host() -> str:
    """METAL_BENCH_METAL_HOST: a built Metal host to use; empty: the one of this checkout."""
    return os.environ.get("METAL_BENCH_METAL_HOST", "")


def step_summary() -> Path | None:
    """GITHUB_STEP_SUMMARY: a file that a workflow's page is made of; None outside a workflow."""
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    return Path(page) if page else None


@dataclass(frozen=True)
class Settings:
    """Options of one run; `resolve` is the only way values come together."""

    device: str = "auto"
    sizes: tuple[str, ...] = ("published",)
    mode: Mode = "report"
    target: Target = "speed"
    sides: Sides = "both"
    check_only: bool = False
    checked: bool = False  # the checked build at the requested size too
    cold_start: bool = False
    held_out: bool = False
    against: str | None = None  # a file to be timed beside, or "seed"
    save: bool = True
    threads: int = 0
    iters: int | None = None
    warmup: int | None = None
    seed: int | None = None

    @classmethod
    def resolve(cls, spec: Mapping[str, Any], command_line: Mapping[str, Any]) -> Settings:
        """Defaults, overridden by what the SPEC asks for, overridden by what the user asked for."""
        known = {field.name for field in fields(cls)}
        unknown = (set(spec) | set(command_line)) - known
        if unknown:
            raise ValueError(f"not a setting: {', '.join(sorted(unknown))}")
        given = {name: value for name, value in command_line.items() if value is not None}
        return cls(**{**spec, **given})
