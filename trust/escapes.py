"""Attacks on the machine that judges, each as MSL and as a native library past the front end, and
which layer stops it.

The pairs lie in tests/bad_kernels/escapes. Their first lines say what they try, the layer that has
to stop them and words of its message.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import msl
import msl.compile as steps
from harness import evaluate, settings
from harness.devices.base import Device, Source
from harness.evaluation import Status
from harness.problem import catalog
from msl import safety
from msl.elf import ElfError
from msl.host_client import Refused
from msl.run import Launch
from msl.run import run as run_msl
from trust.native import (
    DEADLINE_MS,
    FOLDER,
    Arena,
    Finding,
    NativeDevice,
    arena,
    build_native,
    layer_of,
    run_in_worker,
    sweep,
)
from trust.section import Section

KERNEL = "relu"


@dataclass(frozen=True)
class Expected:
    """What the first lines of an attack say of it; alternatives are separated by ` | `."""

    idea: str
    layers: tuple[str, ...]
    says: tuple[str, ...]
    judged_by_harness: bool
    acts_unlocked: bool

    def met_by(self, finding: Finding) -> bool:
        """Whether it was refused, by the layer it is meant for, in that layer's words."""
        told = any(words in finding.said for words in self.says)
        return finding.refused and told and finding.layer in self.layers

    @classmethod
    def of(cls, path: Path) -> Expected:
        """The expectation that a file begins with."""
        lines = [line[3:] for line in path.read_text("utf-8").split("\n") if line.startswith("// ")]
        facts = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        return cls(
            lines[0],
            tuple(facts["layer"].split(" | ")),
            tuple(facts["says"].split(" | ")),
            facts.get("judged by") == "harness",
            facts.get("unlocked") == "acts",
        )


@dataclass(frozen=True)
class Attack:
    """One idea, written twice."""

    name: str

    @property
    def metal(self) -> Path:
        """As MSL."""
        return FOLDER / f"{self.name}.metal"

    @property
    def native(self) -> Path:
        """As C++ against the worker's binary contract."""
        return FOLDER / f"{self.name}.cc"


def attacks() -> list[Attack]:
    """Every pair."""
    return [Attack(path.stem) for path in sorted(FOLDER.glob("*.metal"))]


_LIMITS = ("compiling took", "larger than")


def as_native(attack: Attack, place: Arena) -> Finding:
    """Load the attack straight into a worker, past the front end and the check of the library."""
    expected = Expected.of(attack.native)
    library = build_native(attack.native, place)
    if expected.judged_by_harness:
        return _judged(_source(_honest(), attack.native), NativeDevice(library))
    place.renew()
    finding = run_in_worker(library, place, layer=expected.layers[0])
    if not place.untouched():
        return Finding(False, "", "a file outside was changed")
    return finding


def _honest() -> str:
    path = settings.ROOT / "metal" / "kernels" / "common" / f"{KERNEL}.metal"
    return "//! grid: rows * cols 1 1\n//! threadgroup: 256 1 1\n" + "".join(
        line
        for line in path.read_text("utf-8").splitlines(keepends=True)
        if not line.startswith("//")
    )


def _source(text: str, path: Path) -> Source:
    return Source(text, path.name, catalog.sha256_of(text))


def _judged(source: Source, device: str | Device) -> Finding:
    """Through the whole harness, timed runs included."""
    found = evaluate(KERNEL, source, device=device, mode="screen", sides="metal")
    if found.passed:
        return Finding(False, "", "passed")
    return Finding(True, _harness_layer(found.status, found.reason), found.reason)


def _harness_layer(status: Status, reason: str) -> str:
    if reason.startswith("checked build"):
        return "checked build"
    if status is Status.OUT_OF_BOUNDS:
        return "guards"
    if status is Status.INPUT_MODIFIED:
        return "inputs compared"
    return "freeze" if "in a timed run" in reason else "comparison"


@dataclass
class _Witness:
    """What the steps of the front end said while one source went through them."""

    layer: str = "front end"

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note which step refuses."""
        step = {name: getattr(steps, name) for name in ("preprocess", "verify")}
        compile_unit = steps._Build._compile

        def checking(check: Any) -> Any:
            def run(*arguments: Any) -> Any:
                found = check(*arguments)
                if found:
                    self.layer = "lexical safety"
                return found

            return run

        def preprocessing(*arguments: Any, **named: Any) -> Any:
            found = step["preprocess"](*arguments, **named)
            if found.failed and self.layer == "front end":
                self.layer = "preprocessor"
            return found

        def compiling(build: Any, *arguments: Any) -> Any:
            ok, found = compile_unit(build, *arguments)
            self.layer = self.layer if ok else "compiler"
            return ok, found

        def verifying(*arguments: Any) -> Any:
            try:
                return step["verify"](*arguments)
            except ElfError:
                self.layer = "ELF check"
                raise

        with ExitStack() as stack:
            for name in ("token_checks", "raw_checks", "blocked_directive"):
                noting = checking(getattr(safety, name))
                stack.enter_context(mock.patch.object(safety, name, noting))
            stack.enter_context(mock.patch.object(steps._Build, "_compile", compiling))
            stack.enter_context(mock.patch.object(steps, "preprocess", preprocessing))
            stack.enter_context(mock.patch.object(steps, "verify", verifying))
            yield


def as_msl(attack: Attack, place: Arena) -> Finding:
    """Give the attack to the front end and, where that accepts it, run it."""
    expected, text = Expected.of(attack.metal), attack.metal.read_text("utf-8")
    if expected.judged_by_harness:
        return _judged(_source(text, attack.metal), "cpu")
    witness = _Witness()
    with witness.watching():
        cache = place.folder / "cache"  # fresh: a stored refusal does not say who refused
        found = msl.compile_source(text, name=attack.metal.name, cache_dir=cache)
    if isinstance(found, msl.Rejection):
        limited = any(words in found.reason for words in _LIMITS)
        return Finding(True, "compiler limits" if limited else witness.layer, found.text)
    elements = np.ones(256, np.float32)
    launch = Launch(
        next(iter(found.functions)),
        (256, 1, 1),
        (256, 1, 1),
        {0: elements, 1: elements},
        {2: (256).to_bytes(4, "little")},
    )
    ran = run_msl(found, launch, place.host.supervisor, threads=2, deadline_ms=DEADLINE_MS)
    if isinstance(ran, Refused):
        return Finding(True, layer_of(ran), f"{ran.status}: {ran.reason}")
    return Finding(False, "", "it ran")


def run(full: bool) -> Section:
    """Every attack twice and, if `full`, every system call by number."""
    rows: list[tuple[str, ...]] = [("attack", "as MSL", "as native code")]
    passed = total = 0
    with arena() as place:
        for attack in attacks():
            row = [attack.name]
            for path, finding in (
                (attack.metal, as_msl(attack, place)),
                (attack.native, as_native(attack, place)),
            ):
                meets = Expected.of(path).met_by(finding)
                row.append(finding.layer if meets else f"NOT STOPPED: {finding.said[:60]}")
                passed, total = passed + meets, total + 1
            rows.append(tuple(row))
        got_through = sweep(place) if full else sweep(place, ("openat", "mmap", "clone"))
        passed, total = passed + (not got_through), total + 1
    pairs = len(rows) - 1
    calls = "every system call" if full else "a sample of the system calls"
    summary = f"escapes refused {passed}/{total}: {pairs} attacks, twice each, and {calls}"
    return Section("Escapes", rows, passed, total, summary, full)
