"""Which Apple chip this is, from what the system's tools printed; what they do not say is unknown.

`identify` is a pure function over recorded text, so that any machine's record can be judged on any
other. `record` is the only part that runs commands.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chip_metrics.chips import CHIPS, Chip, chip

#: Runs a command; what it printed, empty if it is missing or failed.
Runner = Callable[[Sequence[str]], str]

COMMANDS: Mapping[str, Sequence[str]] = {
    "brand": ("sysctl", "-n", "machdep.cpu.brand_string"),
    "model": ("sysctl", "-n", "hw.model"),
    "memsize": ("sysctl", "-n", "hw.memsize"),
    "accelerator": ("ioreg", "-rc", "AGXAccelerator", "-d1"),
    "displays": ("system_profiler", "-json", "SPDisplaysDataType"),
}
_SLOW = ("displays",)
_TELLING = re.compile(r'^\+-o|"(gpu-core-count|IOClass|model|MetalPluginName)"')
_OF_A_GPU = ("sppci_model", "sppci_cores", "sppci_device_type", "spdisplays_mtlgpufamilysupport")
#: Signs of a virtual machine in any of the names (GitHub's arm64 runners; Apple's own hypervisor).
_VIRTUAL = re.compile(r"virtual", re.IGNORECASE)
_APPLE = re.compile(r"Apple (M\d+)(?: (Pro|Max|Ultra))?(?: \(.*\))?")
_ARCHITECTURE = re.compile(r"applegpu_g(\d+)([a-z])")


@dataclass(frozen=True)
class Recorded:
    """What the tools printed of the chip, empty where it was nothing, and what Metal's device said.

    Keys of `device`, all optional: name, architecture, family, max_threadgroup_memory_bytes.
    """

    brand: str = ""
    model: str = ""
    memsize: str = ""
    accelerator: str = ""
    displays: str = ""
    device: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Machine:
    """What could be told. `chip_id` is None where the sources are silent or contradict each other;
    `row` is the table's, None also for a chip that is not listed, a core count that is not known,
    and a virtual machine, whose ceilings nobody published. `evidence`: what said so."""

    chip_id: str | None
    gpu_cores: int | None
    virtual: bool
    memory_bytes: int | None
    architecture: str
    evidence: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def row(self) -> Chip | None:
        """Peaks of this chip with this count of cores."""
        if self.chip_id is None or self.gpu_cores is None or self.virtual:
            return None
        return chip(self.chip_id, self.gpu_cores)


def identify(found: Recorded) -> Machine:
    """The machine behind a record."""
    device = str(found.device.get("name", ""))
    display, display_cores = _display(found.displays)
    names = {"sysctl": found.brand.strip(), "Metal": device, "system_profiler": display}
    said = {who: name for who, name in names.items() if _APPLE.fullmatch(name)}
    ids = {_chip_id(name) for name in said.values()}
    notes: list[str] = []
    virtual = any(map(_VIRTUAL.search, (*names.values(), found.model)))
    if virtual:
        notes.append("a virtual machine: right or wrong can be judged here, times cannot")
    if len(ids) > 1:
        notes.append("the sources disagree: " + ", ".join(f"{w} {n}" for w, n in said.items()))
    if not ids:
        given = [name for name in names.values() if name]
        notes.append(f"no Apple M chip named ({', '.join(given) or 'nothing was'})")
    chip_id = ids.pop() if len(ids) == 1 else None
    architecture = str(found.device.get("architecture", ""))
    notes += _contradiction(chip_id, architecture)
    if notes and notes[-1].startswith("architecture"):
        chip_id = None
    cores = _cores(found.accelerator, display_cores, notes)
    if chip_id and not cores and not virtual:
        notes.append("the count of GPU cores is not known: no peaks")
    if chip_id and cores and not virtual and chip(chip_id, cores) is None:
        notes.append(f"{chip_id} with {cores} GPU cores is not in the table: no peaks")
    memory = found.memsize.strip()
    evidence = {**said, **({"ioreg or system_profiler": f"{cores} GPU cores"} if cores else {})}
    return Machine(
        chip_id=chip_id,
        gpu_cores=cores,
        virtual=virtual,
        memory_bytes=int(memory) if memory.isdigit() else None,
        architecture=architecture,
        evidence=evidence,
        notes=tuple(notes),
    )


def record(
    device: Mapping[str, Any] | None = None, run: Runner | None = None, *, quick: bool = False
) -> Recorded:
    """Run the system's tools; `device` is what the Metal host reported. `quick` leaves out
    system_profiler, which takes a second to say again what the others said."""
    output = run or _output
    asked = {name: command for name, command in COMMANDS.items() if not (quick and name in _SLOW)}
    texts = {name: _spared(name, output(command)) for name, command in asked.items()}
    return Recorded(**texts, device=device or {})


def _spared(name: str, text: str) -> str:
    """The text without what identifies a machine or its displays, such as serial numbers."""
    if name == "accelerator":
        return "".join(line for line in text.splitlines(keepends=True) if _TELLING.search(line))
    if name != "displays":
        return text
    try:
        gpus = json.loads(text)["SPDisplaysDataType"]
        kept = [{k: v for k, v in gpu.items() if k in _OF_A_GPU} for gpu in gpus]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return json.dumps({"SPDisplaysDataType": kept})


def _chip_id(name: str) -> str:
    match = _APPLE.fullmatch(name)
    assert match is not None
    return "-".join(part.lower() for part in ("apple", *match.groups()) if part)


def _contradiction(chip_id: str | None, architecture: str) -> list[str]:
    """The generation that an architecture's name states, if it is another than the chip's. Its
    letter is no evidence: Pro and Max share one."""
    match = _ARCHITECTURE.fullmatch(architecture)
    rows = [row for row in CHIPS if row.id == chip_id]
    if match is None or not rows or rows[0].architecture[:-1] == architecture[:-1]:
        return []
    return [f"architecture {architecture} is not that of {rows[0].name}, {rows[0].architecture}"]


def _cores(accelerator: str, display_cores: int | None, notes: list[str]) -> int | None:
    counts = {int(text) for text in re.findall(r'"gpu-core-count"\s*=\s*(\d+)', accelerator)}
    counts |= {display_cores} if display_cores else set()
    if len(counts) > 1:
        notes.append(f"the sources disagree on GPU cores: {sorted(counts)}")
    return counts.pop() if len(counts) == 1 else None


def _display(text: str) -> tuple[str, int | None]:
    """Name and cores of the first GPU that system_profiler lists; its numbers are strings."""
    try:
        gpus = json.loads(text)["SPDisplaysDataType"]
        first = gpus[0]
        cores = str(first.get("sppci_cores", ""))
        return str(first.get("sppci_model", "")), int(cores) if cores.isdigit() else None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return "", None


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
