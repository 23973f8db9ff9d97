"""CPU detection from recorded /proc and /sys trees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chip_metrics import detect_cpu
from chip_metrics.detect_cpu import Cache, cpuinfo, sysfs_caches, usable_cores

X86 = """processor\t: 0
vendor_id\t: {vendor}
model name\t: A Processor
flags\t\t: fpu sse sse2 sse4_2 {flags}

processor\t: 1
vendor_id\t: Other
"""
ARM = """processor\t: 0
Features\t: fp asimd {flags}
CPU implementer\t: {vendor}
CPU part\t: 0xd40
"""
AVX512 = "avx2 fma avx512f avx512dq avx512bw avx512vl"


def tree(root: Path, text: str) -> Path:
    (root / "proc").mkdir()
    (root / "proc/cpuinfo").write_text(text)
    return root


@pytest.mark.parametrize(
    ("text", "vendor", "isa"),
    [
        (X86.format(vendor="AuthenticAMD", flags=AVX512), "amd", "avx512"),
        (X86.format(vendor="GenuineIntel", flags="avx2 fma"), "intel", "avx2"),
        (X86.format(vendor="GenuineIntel", flags="avx2 avx512f"), "intel", "sse4"),
        (X86.format(vendor="Nobody", flags=""), "other", "sse4"),
        (ARM.format(vendor="0x41", flags="sve"), "arm", "sve"),
        (ARM.format(vendor="0xC0", flags=""), "ampere", "neon"),
        ("", "other", "scalar"),
    ],
)
def test_vendor_and_instruction_set(tmp_path: Path, text: str, vendor: str, isa: str) -> None:
    cpu = detect_cpu(tree(tmp_path, text))
    assert (cpu.vendor, cpu.isa, cpu.cores) == (vendor, isa, len(usable_cores()))
    assert cpu.chip_id == f"cpu-{vendor}-{isa}-{len(usable_cores())}"
    assert cpu.caches == ()


def test_the_first_core_speaks_for_all() -> None:
    facts = cpuinfo(X86.format(vendor="GenuineIntel", flags=""))
    assert facts["vendor_id"] == "GenuineIntel"


def test_caches_are_counted_once_for_each_group_that_shares_them(tmp_path: Path) -> None:
    def cache(core: int, index: int, **facts: str) -> None:
        folder = tmp_path / f"cpu{core}/cache/index{index}"
        folder.mkdir(parents=True)
        for name, value in facts.items():
            (folder / name).write_text(value + "\n")

    for core in range(4):
        cache(core, 0, level="1", type="Data", size="32K", shared_cpu_list=str(core))
        cache(core, 1, level="1", type="Instruction", size="32K", shared_cpu_list=str(core))
        pair = f"{core // 2 * 2}-{core // 2 * 2 + 1}"
        cache(core, 2, level="2", type="Unified", size="1024K", shared_cpu_list=pair)
        cache(core, 3, level="3", type="Unified", size="32M", shared_cpu_list="0-3")
    found = sysfs_caches(tmp_path, (0, 1, 2, 3))
    assert found == (Cache(1, 4 * 32 << 10), Cache(2, 2 << 20), Cache(3, 32 << 20))
    assert sysfs_caches(tmp_path, (0,)) == (
        Cache(1, 32 << 10),
        Cache(2, 1 << 20),
        Cache(3, 32 << 20),
    )


def test_this_machine_has_an_id() -> None:
    assert re.fullmatch(r"cpu-[a-z0-9]+-[a-z0-9]+-\d+", detect_cpu().chip_id)
