"""What a figure was measured on: versions and machine facts, without names of users or paths."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import secrets
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from harness import atomic, settings

_PACKAGES = ("mlx", "numpy", "ziglang")
#: Raised whenever a time or a judgement could come out otherwise: Records of another are stale.
HARNESS_VERSION = 1
_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


@functools.cache
def facts() -> Mapping[str, Any]:
    """The facts of this machine and checkout, gathered once a process."""
    return {
        "os": platform.system(),
        "os_release": platform.release(),
        "machine": platform.machine(),
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "governor": _first_line(_GOVERNOR),
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
        "clang": "chosen" if settings.chosen_compiler() else "ziglang",
        "commit": commit(),
        "harness": HARNESS_VERSION,
        "host_sha256": host_hash(),
        "machine_hash": machine_hash(),
        "container": Path("/.dockerenv").exists() or Path("/run/.containerenv").exists(),
    }


def with_device(device: Mapping[str, Any]) -> dict[str, Any]:
    """The facts together with what the device said of itself."""
    return {**facts(), "device": dict(device)}


def version(package: str) -> str | None:
    """The version of an installed package; None if it is absent."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def cpu_model() -> str:
    """The processor as it names itself."""
    if platform.system() == "Darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def commit() -> str | None:
    """The commit of this checkout, with `+` if tracked files differ; None outside git."""
    head = _output("git", "-C", str(settings.ROOT), "rev-parse", "--short=12", "HEAD")
    if not head:
        return None
    changed = _output("git", "-C", str(settings.ROOT), "status", "--porcelain", "-uno")
    return f"{head}+" if changed else head


def host_hash() -> str:
    """The hash of the sources of every native host: what ran the kernel."""
    digest = hashlib.sha256()
    folder = settings.ROOT / "host"
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".h", ".c", ".cc", ".cpp", ".m"} and path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def machine_hash() -> str:
    """Tells this machine from others and names neither it nor its owner: a salted hash."""
    found = next((text for path in _MACHINE_IDS if (text := _first_line(path))), None)
    if found is None and platform.system() == "Darwin":
        for line in _output("ioreg", "-rd1", "-c", "IOPlatformExpertDevice").splitlines():
            if "IOPlatformUUID" in line:
                found = line.partition("=")[2].strip()
    if not found:
        found = _own_machine_id()
    return hashlib.sha256(f"metal-bench machine {found}".encode()).hexdigest()[:16]


def _own_machine_id() -> str:
    """A random name that this home keeps, where the system has none."""
    path = settings.paths().home / ".bench" / "machine-id"
    if _first_line(path) is None:
        atomic.write_text(path, secrets.token_hex(16) + "\n")
    return _first_line(path) or ""


def _first_line(path: Path) -> str | None:
    try:
        return path.read_text("utf-8").strip() or None
    except OSError:
        return None


def _output(*command: str) -> str:
    """What a command printed; empty if it is missing or failed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
