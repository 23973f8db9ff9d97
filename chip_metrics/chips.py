"""The chip table: one spelling of every chip, its published peaks with sources, its Variant stems.

Peaks are priors. Nothing here was measured by us, and a chip that is not listed has no peaks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Keys of the figures' sources.
SOURCES = {
    "TB": "philipturner/metal-benchmarks @dc2adc6, README",
    "AGI": "philipturner/applegpuinfo @1203849, AppleGPUInfo.swift",
    "MB": "Lazarus-931/MetalBench @72c6aec, chip constants of M2",
    "MSK": "vicgalle/metal-sci-kernels @57792b8, hardware.py",
    "HTG": "howtogeek.com/apple-m4-pro-m4-max-reveal",
    "MMS": "macmegasite.com/2024/10/30",
    "MW": "english.worldmagazine.it/431260 (Macworld)",
    "TPU": "techpowerup.com, Mac Studio with M3 Ultra",
    "DVFS": "published table of the M4 GPU's P-states, top 1578 MHz",
    "PM": "third-party powermetrics log of an M4 Max under load, 1578 MHz",
    "ROOF": "michaelstinkerings.org/apple-m5-gpu-roofline-analysis",
    "TZ": "tzakharko.github.io/apple-neural-accelerators-benchmark",
    "DEC": "the-decoder.com on the M5, 153 GB/s",
    "PEP": "pepelac.news/en/posts/id30875",
    "GAPS": "third-party survey of published M5 figures",
    "NV": "NVIDIA H200 Tensor Core GPU datasheet, SXM",
    "NVA": "NVIDIA H100 Tensor Core GPU Architecture white paper (GH100: 50 MB L2)",
}


@dataclass(frozen=True)
class Figure:
    """A published value, the key of its source, and how far it can be trusted."""

    value: float
    source: str
    confidence: str  # "high" | "medium" | "low": a lower bound


@dataclass(frozen=True)
class Chip:
    """One chip with one count of GPU cores. `matrix_gflops`: its fastest arithmetic of any kind."""

    id: str
    name: str
    cores: int
    fp32_gflops: Figure | None = None
    fp16_gflops: Figure | None = None
    matrix_gflops: Figure | None = None
    memory_gbps: Figure | None = None
    cache_bytes: int | None = None


class UnknownChip(ValueError):
    """A chip id that no table and no rule knows."""


MIB = 1 << 20
_APPLE_ALUS = 128  # a core, all generations (TB, AGI)

# (name, core counts, MHz, clock source, GB/s, bandwidth source, last-level MiB, confidence)
_APPLE: tuple[tuple[str, tuple[int, ...], int, str, float, str, int | None, str], ...] = (
    ("M1", (7, 8), 1278, "TB", 68.3, "AGI", 8, "high"),
    ("M1 Pro", (14, 16), 1296, "TB", 204.8, "AGI", 24, "high"),
    ("M1 Max", (24, 32), 1296, "TB", 409.6, "AGI", 48, "high"),
    ("M1 Ultra", (48, 64), 1296, "TB", 819.2, "AGI", 96, "high"),
    ("M2", (8, 10), 1398, "TB", 102.4, "AGI", 8, "high"),
    ("M2 Pro", (16, 19), 1398, "TB", 204.8, "AGI", 24, "high"),
    ("M2 Max", (30, 38), 1398, "TB", 409.6, "AGI", 48, "high"),
    ("M2 Ultra", (60, 76), 1398, "MB", 819.2, "AGI", 96, "medium"),
    ("M3", (8, 10), 1380, "AGI", 102.4, "AGI", 8, "medium"),
    ("M3 Pro", (14, 18), 1380, "AGI", 153.6, "AGI", None, "medium"),
    ("M3 Max", (30,), 1380, "AGI", 307.2, "AGI", 48, "medium"),
    ("M3 Max", (40,), 1380, "AGI", 409.6, "MMS", 48, "medium"),
    ("M3 Ultra", (60, 80), 1380, "AGI", 819.2, "TPU", 96, "medium"),
    ("M4", (8, 10), 1578, "DVFS", 120.0, "HTG", 8, "medium"),
    ("M4 Pro", (16, 20), 1578, "DVFS", 273.0, "HTG", 24, "medium"),
    ("M4 Max", (32,), 1578, "PM", 410.0, "MW", 48, "high"),
    ("M4 Max", (40,), 1578, "PM", 546.0, "MMS", 48, "high"),
    ("M5", (8, 10), 1578, "ROOF", 153.6, "DEC", None, "medium"),
    ("M5 Pro", (16, 20), 1578, "TZ", 307.0, "PEP", None, "low"),
    ("M5 Max", (32,), 1578, "TZ", 460.0, "GAPS", None, "low"),
    ("M5 Max", (40,), 1578, "TZ", 614.0, "PEP", None, "low"),
)
# From M5 on half precision runs at twice the rate, and matrix units at eight times (TZ).
_HALF_RATE = {"M5": 2.0}
_MATRIX_RATE = {"M5": 4.0}

_H200 = Chip(
    id="nvidia-h200",
    name="NVIDIA H200",
    cores=132,
    fp32_gflops=Figure(67_000.0, "NV", "high"),
    fp16_gflops=Figure(133_800.0, "NVA", "medium"),
    matrix_gflops=Figure(1_979_000.0, "NV", "high"),
    memory_gbps=Figure(4800.0, "NV", "high"),
    cache_bytes=50 * MIB,
)


def _apple_chips() -> list[Chip]:
    chips = []
    for name, counts, mhz, clock, gbps, bandwidth, cache, confidence in _APPLE:
        generation = name.split()[0]
        for cores in counts:
            fp32 = cores * _APPLE_ALUS * 2 * mhz / 1e3
            half = fp32 * _HALF_RATE.get(generation, 1.0)
            matrix = fp32 * _MATRIX_RATE.get(generation, 1.0)
            chips.append(
                Chip(
                    id="apple-" + name.lower().replace(" ", "-"),
                    name=f"Apple {name}",
                    cores=cores,
                    fp32_gflops=Figure(fp32, clock, confidence),
                    fp16_gflops=Figure(half, clock, confidence),
                    matrix_gflops=Figure(matrix, "TZ" if matrix > fp32 else clock, confidence),
                    memory_gbps=Figure(gbps, bandwidth, confidence),
                    cache_bytes=None if cache is None else cache * MIB,
                )
            )
    return chips


CHIPS: tuple[Chip, ...] = (*_apple_chips(), _H200)

_APPLE_ID = re.compile(r"apple-(m\d+)(?:-(pro|max|ultra))?")
_CPU_ID = re.compile(r"cpu-[a-z0-9]+-[a-z0-9_]+-[1-9]\d*")
_NVIDIA_ID = re.compile(r"nvidia-([a-z0-9]+)")


def chip(chip_id: str, cores: int | None = None) -> Chip | None:
    """The table's row, or None. Without a core count only a chip sold with one count has a row.

    A guessed count could understate the ceiling, and a low ceiling raises every roofline fraction.
    """
    rows = [row for row in CHIPS if row.id == chip_id and cores in (None, row.cores)]
    return rows[0] if len(rows) == 1 else None


def chip_id_of_name(name: str) -> str:
    """The id of what a driver calls its device, e.g. "Apple M4 Max" or "NVIDIA H200 NVL"."""
    words = name.lower().replace("(", " ").replace(")", " ").split()
    if words[:1] == ["apple"] and len(words) > 1:
        return "-".join(words[:3])
    if words[:1] == ["nvidia"] and len(words) > 1:
        return f"nvidia-{words[1]}"
    raise UnknownChip(f"no chip id for a device called {name!r}")


def variant_stems(chip_id: str) -> tuple[str, ...]:
    """File stems of a chip's Variants, most special first: exact, generation, family."""
    apple = _APPLE_ID.fullmatch(chip_id)
    if apple:
        generation, tier = apple.groups()
        exact = (f"{generation}_{tier}",) if tier else ()
        return (*exact, generation, "apple")
    nvidia = _NVIDIA_ID.fullmatch(chip_id)
    if nvidia:
        return (nvidia[1], "cuda")
    if _CPU_ID.fullmatch(chip_id):
        return ("cpu",)
    raise UnknownChip(f"{chip_id!r} is no chip id: apple-mN[-tier], nvidia-X, cpu-VENDOR-ISA-CORES")


def display_name(chip_id: str) -> str:
    """What people call it."""
    for row in CHIPS:
        if row.id == chip_id:
            return row.name
    if chip_id.startswith("cpu-"):
        _, vendor, isa, cores = chip_id.split("-")
        return f"CPU, {vendor.upper()} {isa.upper()}, {cores} cores"
    return chip_id
