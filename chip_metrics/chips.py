"""The chip table: one spelling of every chip, its published peaks with sources, its Variant stems.

Peaks are priors. Nothing here was measured by us, and a chip that is not listed has no peaks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_TABLE = json.loads(Path(__file__).with_name("apple_chips.json").read_text("utf-8"))

#: Keys of the figures' sources.
SOURCES: dict[str, str] = {
    **_TABLE["sources"],
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
    """One chip with one count of GPU cores. `matrix_gflops`: its fastest arithmetic of any kind.

    `family`: the number of its Apple GPU family. `l2_bytes`: what the cores share before
    `cache_bytes`, the system's last level. None: not published.
    """

    id: str
    name: str
    cores: int
    fp32_gflops: Figure | None = None
    fp16_gflops: Figure | None = None
    matrix_gflops: Figure | None = None
    memory_gbps: Figure | None = None
    cache_bytes: int | None = None
    clock_mhz: Figure | None = None
    l2_bytes: Figure | None = None
    last_level: Figure | None = None
    family: int | None = None
    architecture: str = ""


class UnknownChip(ValueError):
    """A chip id that no table and no rule knows."""


MIB = 1 << 20
_APPLE_ALUS = 128  # a core, all generations (TB, AGI)

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


def _apple_chip(row: Mapping[str, Any]) -> Chip:
    def scaled(key: str, factor: float) -> Figure | None:
        return Figure(row[key][0] * factor, *row[key][1:]) if key in row else None

    fp32 = scaled("clock_mhz", row["cores"] * _APPLE_ALUS * 2 / 1e3)
    assert fp32 is not None

    def at_rate(key: str) -> Figure:
        """A multiple of the rate of single precision, no surer than that."""
        rate, source, _ = row[key]
        return replace(fp32, value=fp32.value * rate, source=fp32.source if rate == 1 else source)

    last_level = scaled("slc_mib", MIB)
    return Chip(
        id="apple-" + row["name"].lower().replace(" ", "-"),
        name=f"Apple {row['name']}",
        cores=row["cores"],
        fp32_gflops=fp32,
        fp16_gflops=at_rate("half_rate"),
        matrix_gflops=at_rate("matrix_rate"),
        memory_gbps=scaled("memory_gbps", 1.0),
        cache_bytes=int(last_level.value) if last_level else None,
        clock_mhz=scaled("clock_mhz", 1.0),
        l2_bytes=scaled("l2_kib", 1024),
        last_level=last_level,
        family=row["family"],
        architecture=row["architecture"],
    )


CHIPS: tuple[Chip, ...] = (*map(_apple_chip, _TABLE["chips"]), _H200)

_APPLE_ID = re.compile(r"apple-(m\d+)(?:-(pro|max|ultra))?")
_CPU_ID = re.compile(r"cpu-[a-z0-9]+-[a-z0-9_]+-[1-9]\d*")
#: What serves Metal and is no chip: Apple's own virtual GPU, and this project's stand-in.
PARAVIRTUAL, STAND_IN = "apple-paravirtual-device", "stand-in"
#: An Apple GPU whose sources are silent or contradict each other.
UNKNOWN_APPLE = "apple-unknown"
_NVIDIA_ID = re.compile(r"nvidia-([a-z0-9]+)")


def chip(chip_id: str, cores: int | None = None) -> Chip | None:
    """The table's row, or None. Without a core count only a chip sold with one count has a row.

    A guessed count could understate the ceiling, and a low ceiling raises every roofline fraction.
    """
    rows = [row for row in CHIPS if row.id == chip_id and cores in (None, row.cores)]
    return rows[0] if len(rows) == 1 else None


def chip_of_stem(stem: str) -> str:
    """The id of what a person calls a chip: its id, or a Variant's stem such as `m4_max`."""
    known = {row.id for row in CHIPS}
    for found in (stem, "apple-" + stem.replace("_", "-"), "nvidia-" + stem):
        if found in known:
            return found
    names = ", ".join(dict.fromkeys(variant_stems(row.id)[0] for row in CHIPS))
    raise UnknownChip(f"no chip {stem!r} in the table: {names}")


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
    if chip_id in (PARAVIRTUAL, STAND_IN, UNKNOWN_APPLE):
        return ("apple",)
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
