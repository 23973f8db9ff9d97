"""Finds the compiler, its identity and its flags; runs it under limits. Nothing here knows
Metal."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WALL_LIMIT_S = 60
CPU_LIMIT_S = 15
#: Times as long as one kernel a unit of many may take.
MOST_PARTS = 8
MEMORY_LIMIT_BYTES = 3 << 30
OUTPUT_LIMIT_BYTES = 64 << 20


class ToolchainError(RuntimeError):
    """No usable compiler on this machine, or it failed on our own headers."""


@dataclass(frozen=True)
class Completed:
    """How a tool run ended; `limit` says which limit stopped it, if one did."""

    code: int
    stdout: str
    stderr: str
    limit: str = ""


@dataclass(frozen=True)
class Toolchain:
    """A clang and its linker."""

    clang: tuple[str, ...]
    lld: tuple[str, ...]
    identity: str

    @property
    def arch(self) -> str:
        """The machine's architecture as a target triple names it."""
        machine = platform.machine().lower()
        return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)

    def target_flags(self) -> list[str]:
        """Code generation for exactly this machine."""
        target = f"--target={self.arch}-linux-gnu"
        if self.arch != "x86_64":
            return [target, "-mcpu=native"]
        # The loops inside a thread step over the other lanes' elements: gathers there made a row
        # norm 1.6 times slower than the scalar loads that they replace.
        return [target, "-march=native", "-mno-gather", "-mno-scatter"]

    def run(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        cache: Path,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        parts: int = 1,
    ) -> Completed:
        """Run a tool in `folder` under the limits; `parts` times as long if its work has so many
        parts."""
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LC_ALL": "C",
            "ZIG_GLOBAL_CACHE_DIR": str(cache / "zig"),
            "ZIG_LOCAL_CACHE_DIR": str(cache / "zig"),
        }
        return _limited(command, folder, environment, memory_limit_bytes, min(parts, MOST_PARTS))


def find_toolchain(compiler: str | None = None) -> Toolchain:
    """The pinned compiler wheel, or the clang that `compiler` names (ld.lld beside it)."""
    if compiler is None:
        zig = str(_ziglang())
        return Toolchain((zig, "clang"), (zig, "ld.lld"), _identity(Path(zig)))
    clang = Path(compiler)
    lld = clang.with_name("ld.lld")
    if not clang.is_file():
        raise ToolchainError(f"no compiler at {compiler}")
    return Toolchain((str(clang),), (str(lld if lld.is_file() else "ld.lld"),), _identity(clang))


@functools.lru_cache(maxsize=1)
def _ziglang() -> Path:
    spec = importlib.util.find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise ToolchainError("the ziglang wheel is not installed; run python3 setup.py")
    binary = Path(next(iter(spec.submodule_search_locations))) / "zig"
    if not binary.is_file():
        raise ToolchainError(f"{binary} is missing; reinstall the ziglang wheel")
    return binary


def _identity(binary: Path) -> str:
    stat = binary.stat()
    return f"{binary.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"


@functools.lru_cache(maxsize=1)
def cpu_identity() -> str:
    """What `native` means here: model and instruction sets."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return f"{platform.machine()}:{platform.processor()}"
    wanted = ("model name", "flags", "Features", "CPU part", "CPU implementer")
    lines = {line for line in info.read_text().split("\n") if line.startswith(wanted)}
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def _limited(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    memory_limit_bytes: int,
    parts: int,
) -> Completed:
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wall_s, cpu_s = WALL_LIMIT_S * parts, CPU_LIMIT_S * parts
    _set_limits(process.pid, memory_limit_bytes, cpu_s)
    try:
        stdout, stderr = process.communicate(timeout=wall_s)
    except subprocess.TimeoutExpired:
        _kill_group(process.pid)
        process.communicate()
        return Completed(-9, "", "", f"compiling took more than {wall_s} s")
    except BaseException:
        _kill_group(process.pid)
        process.wait()
        raise
    text, errors = stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace")
    limit = _limit_hit(process.returncode, errors, cpu_s)
    return Completed(process.returncode, text, errors, limit)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, 9)
    except ProcessLookupError:
        return  # already over


def _set_limits(pid: int, memory_limit_bytes: int, cpu_s: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    import resource

    limits = {
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_AS: memory_limit_bytes,
        resource.RLIMIT_FSIZE: OUTPUT_LIMIT_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    try:
        for kind, value in limits.items():
            resource.prlimit(pid, kind, (value, value))
    except ProcessLookupError:
        return  # already over


def _limit_hit(code: int, stderr: str, cpu_s: int) -> str:
    if code in (-24, -9, 128 + 24, 128 + 9):
        return f"compiling took more than {cpu_s} s of processor time"
    if code in (-25, 128 + 25) or "File too large" in stderr:
        return f"compiler output is larger than {OUTPUT_LIMIT_BYTES >> 20} MiB"
    if (
        "out of memory" in stderr.lower()
        or "bad_alloc" in stderr
        or "Cannot allocate memory" in stderr
    ):
        return "compiling took too much memory"
    return ""
