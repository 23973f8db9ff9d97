"""Links the objects of a unit, and says what a verified library knows of its kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msl.declarations import Unit
from msl.elf import Image
from msl.library import KernelFunction, Parameter
from msl.missing import missing_constants
from msl.targets.cpu import Entry
from msl.toolchain import Toolchain

MAX_THREADS = 1024
_OPTIONS = ("-shared", "-z", "now", "-z", "relro", "-z", "noexecstack")
_FORM = ("--hash-style=gnu", "--build-id=none")


def link(toolchain: Toolchain, objects: Sequence[str], folder: Path, cache: Path) -> Path:
    """`library.so` in `folder`, out of objects there."""
    command = [*toolchain.lld, *_OPTIONS, *_FORM, "-o", "library.so", *objects]
    done = toolchain.run(command, folder=folder, cache=cache)
    if done.code:
        raise RuntimeError(f"the linker failed: {done.limit or done.stderr}")
    return folder / "library.so"


def kernel_function(
    unit: Unit,
    entry: Entry,
    image: Image,
    constants: Mapping[int | str, object],
    declined: str = "",
) -> KernelFunction:
    """The facts about one kernel; `declined` says why the fast engine does not run it."""
    kernel = entry.kernel
    limit = image.word(entry.limit_symbol) if kernel.limit is not None else None
    return KernelFunction(
        kernel.name,
        entry.symbol,
        entry.mode,
        MAX_THREADS if limit is None else limit,
        image.section_size(entry.section),
        tuple(item.index for item in kernel.arguments if item.kind == "threadgroup"),
        {
            item.index: Parameter(item.name, item.type, item.space, item.const)
            for item in kernel.buffers
        },
        missing_constants(unit, kernel, constants),
        "fast" if entry.widened else "reference",
        declined,
    )
