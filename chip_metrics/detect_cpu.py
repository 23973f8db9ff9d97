"""Which CPU this is, as the system says: vendor, instruction set, usable cores, caches."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_X86_VENDORS = {"AuthenticAMD": "amd", "GenuineIntel": "intel", "HygonGenuine": "hygon"}
# Arm's MIDR implementer codes, as Linux prints them.
_ARM_VENDORS = {
    "0x41": "arm",
    "0x46": "fujitsu",
    "0x48": "hisilicon",
    "0x4e": "nvidia",
    "0x51": "qualcomm",
    "0x61": "apple",
    "0xc0": "ampere",
}


@dataclass(frozen=True)
class Cache:
    """A data or unified cache: its level, and the bytes of it that all usable cores have."""

    level: int
    bytes: int


@dataclass(frozen=True)
class Cpu:
    """The processor as far as a benchmark cares. `cores` counts those this process may use."""

    vendor: str
    isa: str
    cores: int
    model: str
    caches: tuple[Cache, ...] = ()

    @property
    def chip_id(self) -> str:
        """The one spelling: cpu-<vendor>-<isa>-<cores>."""
        return f"cpu-{self.vendor}-{self.isa}-{self.cores}"


def detect_cpu(root: Path = Path("/")) -> Cpu:
    """The CPU of this machine; `root` stands before /proc and /sys for tests."""
    cores = usable_cores()
    if platform.system() == "Darwin" and root == Path("/"):
        return _darwin(cores)
    facts = cpuinfo((root / "proc/cpuinfo").read_text())
    return Cpu(
        vendor=_vendor(facts),
        isa=_isa(facts),
        cores=len(cores),
        model=facts.get("model name") or facts.get("CPU part") or "unknown",
        caches=sysfs_caches(root / "sys/devices/system/cpu", cores),
    )


def usable_cores() -> tuple[int, ...]:
    """The cores in this process's affinity mask."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def cpuinfo(text: str) -> dict[str, str]:
    """The first value of each key of /proc/cpuinfo."""
    facts: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            facts.setdefault(key.strip(), value.strip())
    return facts


def _vendor(facts: Mapping[str, str]) -> str:
    if "vendor_id" in facts:
        return _X86_VENDORS.get(facts["vendor_id"], "other")
    return _ARM_VENDORS.get(facts.get("CPU implementer", "").lower(), "other")


def _isa(facts: Mapping[str, str]) -> str:
    flags = set((facts.get("flags") or facts.get("Features") or "").split())
    if {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= flags:
        return "avx512"
    if {"avx2", "fma"} <= flags:
        return "avx2"
    if "sse4_2" in flags:
        return "sse4"
    if "sse2" in flags:
        return "sse2"
    if "sve" in flags:
        return "sve"
    return "neon" if "asimd" in flags else "scalar"


def sysfs_caches(folder: Path, cores: tuple[int, ...]) -> tuple[Cache, ...]:
    """Data and unified caches of the cores, each shared one counted once."""
    totals: dict[int, int] = {}
    seen: set[tuple[int, str]] = set()
    for core in cores:
        for index in sorted(folder.glob(f"cpu{core}/cache/index*")):
            if _read(index / "type") not in ("Data", "Unified"):
                continue
            level, size = _read(index / "level"), _read(index / "size")
            shared = _read(index / "shared_cpu_list") or str(core)
            if not level.isdigit() or not size or (int(level), shared) in seen:
                continue
            seen.add((int(level), shared))
            totals[int(level)] = totals.get(int(level), 0) + _bytes(size)
    return tuple(Cache(level, size) for level, size in sorted(totals.items()))


def _bytes(text: str) -> int:
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    return int(text[:-1]) * units[text[-1]] if text[-1] in units else int(text)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _darwin(cores: tuple[int, ...]) -> Cpu:
    model = _sysctl("machdep.cpu.brand_string") or platform.processor()
    apple = platform.machine() == "arm64"
    l1, l2 = _sysctl("hw.l1dcachesize"), _sysctl("hw.l2cachesize")
    levels = ((1, l1), (2, l2))
    return Cpu(
        vendor="apple" if apple else "intel",
        isa="neon" if apple else "avx2",
        cores=len(cores),
        model=model,
        caches=tuple(Cache(level, int(size)) for level, size in levels if size.isdigit()),
    )


def _sysctl(name: str) -> str:
    done = subprocess.run(
        ["sysctl", "-n", name], capture_output=True, text=True, check=False, timeout=5
    )
    return done.stdout.strip()
