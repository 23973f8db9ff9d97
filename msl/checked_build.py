"""What is special about a checked build: its flags, its front end's edits, and the facts that turn
numbers of the checker into places and names."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from pathlib import Path

from msl.analysis import Analysis
from msl.checked_ir import Locate, Place, instrument
from msl.declarations import Unit
from msl.elf import Image
from msl.library import ThreadgroupVariable
from msl.targets.cpu import Entry
from msl.threadgroup import threadgroup_locals
from msl.toolchain import Toolchain

#: What a checked library may ask of its worker.
HOOKS = frozenset(
    "msl_checked_" + name
    for name in [
        "read",
        "write",
        "volatile_read",
        "volatile_write",
        "copy",
        "fill",
        "integer",
        "work",
        "barrier",
        "collective",
        "atomic",
        "fence",
        "inactive_lane",
        "matrix",
        "uniform",
        "poison",
    ]
)
_SANITIZERS = "thread,integer-divide-by-zero,shift-exponent,signed-integer-overflow,array-bounds"
FLAGS = (
    "-DMSL_CHECKED=1",
    # -O2: at -O0 private variables would be memory, and each access to them an event. What -O2
    # deletes was not needed: a load whose value is unused, a store that is overwritten at once.
    "-O2",
    "-fno-inline",
    "-fno-vectorize",
    "-fno-slp-vectorize",
    "-gline-tables-only",
    f"-fsanitize={_SANITIZERS}",
    "-fsanitize-recover=all",
    *("-mllvm", "-tsan-instrument-func-entry-exit=0"),
    *("-mllvm", "-tsan-instrument-read-before-write=1"),
    *("-mllvm", "-tsan-instrument-atomics=0"),
    *("-mllvm", "-tsan-distinguish-volatile=1"),
)
#: From instrumented text to an object: no pass may look at it again.
_ASSEMBLE = ("-O1", "-fPIC", "-Xclang", "-disable-llvm-passes", "-w", "-c", "-x", "ir")
_STORAGE_NAME = re.compile(r"msl_storage_(\d+)ILi(\d+)ELm(\d+)ELm\d+EE5bytesE")
_SHT_SYMTAB = 2


def assemble(toolchain: Toolchain, folder: Path, cache: Path, locate: Locate) -> list[Place | None]:
    """Make `unit.o` of a checked build out of `unit.ll`; the table of its places."""
    built = instrument((folder / "unit.ll").read_text(encoding="utf-8"), locate)
    (folder / "checked.ll").write_text(built.text, encoding="utf-8")
    command = [*toolchain.clang, *_ASSEMBLE, "checked.ll", "-o", "unit.o"]
    done = toolchain.run(command, folder=folder, cache=cache)
    if done.code:
        raise RuntimeError(f"the instrumented text is wrong: {done.limit or done.stderr}")
    return built.places


class CheckedAnalysis(Analysis):
    """An analysis in which barriers count as collectives, so that loops around them keep the path
    that tells their iterations apart."""

    def is_collective(self, name: str, next_text: str) -> bool:
        """Whether a mention of `name` may be a collective or a barrier."""
        return name == "threadgroup_barrier" or super().is_collective(name, next_text)


def analysis_for_checking(found: Analysis) -> CheckedAnalysis:
    """The same facts, barriers included."""
    return CheckedAnalysis(
        found.items,
        found.synchronising,
        found.synchronising,
        found.dropped,
        found.uses_matrix,
        found.uses_thread_elements,
    )


def variables_of(
    unit: Unit, entries: Sequence[Entry], image: Image
) -> dict[str, tuple[ThreadgroupVariable, ...]]:
    """Every kernel's threadgroup variables, as the linker placed them."""
    starts = {section.name: section.address for section in image.sections}
    placed: dict[int, list[tuple[int, int, int]]] = {}
    for name, address in _symbols(image):
        if match := _STORAGE_NAME.search(name):
            kernel, slot, size = (int(group) for group in match.groups())
            placed.setdefault(kernel, []).append((slot, address, size))
    found = {}
    for entry in entries:
        names = _names(unit, entry)
        start = starts.get(entry.section, 0)
        variables = sorted(
            {
                (address - start, names[slot], size)
                for slot, address, size in placed.get(entry.number, ())
            }
        )
        found[entry.kernel.name] = tuple(
            ThreadgroupVariable(name, offset, size) for offset, name, size in variables
        )
    return found


def _names(unit: Unit, entry: Entry) -> list[str]:
    """Declared names by slot, counted as `edit_threadgroup` counts them."""
    found: list[str] = []
    for local, _ in threadgroup_locals(unit.code, entry.kernel.function):
        found += [declarator.name for declarator in local.declarators]
    return found


def _symbols(image: Image) -> list[tuple[str, int]]:
    found = []
    for section in image.sections:
        if section.type != _SHT_SYMTAB:
            continue
        strings = image.sections[section.link].offset
        for offset in range(section.offset, section.offset + section.size, 24):
            name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", image.data, offset)
            end = image.data.index(b"\0", strings + name)
            found.append((image.data[strings + name : end].decode("latin-1"), value))
    return found
