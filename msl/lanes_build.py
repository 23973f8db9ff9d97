"""The fast engine's build: a unit as IR, its kernels widened to 32 lanes, an object of those that
were accepted, and for the others the place and the construct that stands in the way."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from msl import unrolling
from msl.checked_ir import Debug
from msl.flags import compile_flags
from msl.headers import ensure_precompiled
from msl.request import Request
from msl.targets.cpu import Entry, Translation
from msl.toolchain import Completed, Toolchain, cpu_identity
from msl.widen.module import Outcome, Widened, widen

AUTO, FAST, REFERENCE = "auto", "fast", "reference"
ENGINES = (AUTO, FAST, REFERENCE)
DEFAULT = AUTO

#: No pass may move code out of the loop it was written in, or make vectors of its own.
_SCALAR = (
    "-O1",
    "-DMSL_LANES=1",
    "-fno-unroll-loops",
    "-fno-slp-vectorize",
    "-fno-vectorize",
    "-fconvergent-functions",
    *("-mllvm", "-rotation-max-header-size=0"),
)
_OBJECT = (
    *("-O2", "-fPIC", "-w", "-c", "-x", "ir"),
    *("-fno-vectorize", "-fno-slp-vectorize", "-fno-asynchronous-unwind-tables", "-fno-ident"),
)


@dataclass
class Fast:
    """What the fast engine runs of a unit."""

    entries: dict[int, Entry] = field(default_factory=dict)  # accepted, by number
    declined: dict[int, str] = field(default_factory=dict)  # why not: line, column, construct
    stderr: str = ""  # of the compiler
    failed: str = ""  # why nothing was built
    objects: list[str] = field(default_factory=list)  # names of files, to be linked


def flags(toolchain: Toolchain, strict: bool) -> list[str]:
    """How the unit becomes the IR of one thread."""
    plain = [flag for flag in compile_flags(toolchain, strict) if flag != "-O2"]
    return [*plain, *_SCALAR]


def build(request: Request, translation: Translation, folder: Path) -> Fast:
    """Build objects in `folder`. A unit that does not compile is no case for this engine: the
    reference build says what is wrong with it."""
    toolchain = request.toolchain
    options = flags(toolchain, request.strict)
    identity = toolchain.identity + cpu_identity()
    precompiled = ensure_precompiled(toolchain, options, identity, request.cache_dir)
    (folder / "lanes.cc").write_text(translation.text(), encoding="utf-8")
    command = [*toolchain.clang, *options, *unrolling.FLAGS]
    command += ["-include-pch", str(precompiled), "lanes.cc"]
    done = _run(request, [*command, "-S", "-emit-llvm", "-o", "lanes.ll"], folder)
    if done.code:
        return Fast(stderr=done.stderr, failed=done.limit or "the unit does not compile")
    text = (folder / "lanes.ll").read_text(encoding="utf-8")
    widened = widen(text, strict=request.strict, if_worth=request.engine == AUTO)
    result = Fast(stderr=done.stderr)
    reasons = [item for item in widened.outcomes.values() if not item.mode]
    if reasons:
        widened = _with_places(request, command, folder, widened)
    for entry in translation.entries:
        outcome = widened.outcomes.get(entry.number, Outcome("", "a body that was not found"))
        if outcome.mode:
            symbol = f"msl_{outcome.mode}_{entry.number}"
            accepted = replace(entry, mode=outcome.mode, symbol=symbol, widened=True)
            result.entries[entry.number] = accepted
        else:
            result.declined[entry.number] = _reason(outcome, folder, translation)
    if result.entries:
        _assemble(request, widened, folder, result)
    return result


def _run(request: Request, command: list[str], folder: Path) -> Completed:
    return request.toolchain.run(command, folder=folder, cache=request.cache_dir)


def _with_places(request: Request, command: list[str], folder: Path, first: Widened) -> Widened:
    """The same outcomes with debug locations, which cost too much to have them always."""
    located = [*command, "-gline-tables-only", "-S", "-emit-llvm", "-o", "places.ll"]
    if _run(request, located, folder).code:
        return first
    text = (folder / "places.ll").read_text(encoding="utf-8")
    again = widen(text, strict=request.strict, if_worth=request.engine == AUTO)
    for number, outcome in first.outcomes.items():
        if not outcome.mode and not again.outcomes[number].mode:
            first.outcomes[number] = again.outcomes[number]
    return first


def _reason(outcome: Outcome, folder: Path, translation: Translation) -> str:
    if not outcome.location:
        return outcome.construct
    lines = (folder / "places.ll").read_text(encoding="utf-8").split("\n")
    place = Debug.of(lines).place(outcome.location, translation.place)
    return (
        f"line {place[1]}, column {place[2]}: {outcome.construct}" if place else outcome.construct
    )


def _assemble(request: Request, widened: Widened, folder: Path, result: Fast) -> None:
    """Compile the parts side by side, as far as there are processors."""
    command = [*request.toolchain.clang, *request.toolchain.target_flags()[:1], *_OBJECT]

    def one(number: int) -> Completed:
        name = f"wide{number}"
        (folder / f"{name}.ll").write_text(widened.texts[number], encoding="utf-8")
        return _run(request, [*command, f"{name}.ll", "-o", f"{name}.o"], folder)

    count = len(widened.texts)
    with ThreadPoolExecutor(min(count, os.cpu_count() or 1)) as pool:
        ended = list(pool.map(one, range(count)))
    result.objects = [f"wide{number}.o" for number in range(count)]
    for done in ended:
        if done.code:
            said = done.stderr.strip().split("\n")[0]
            problem = done.limit or f"the widened code does not compile: {said}"
            result.declined |= dict.fromkeys(result.entries, problem)
            result.entries.clear()
