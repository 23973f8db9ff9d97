"""Judges the sources of a pull request on this machine, with this checkout's definitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness import console, locks
from harness.board import provenance
from harness.checking import judge, trial
from harness.devices.base import Device, Source
from harness.errors import HostFailure, UserError
from harness.evaluation import Evaluation, Refusal, Status
from harness.evaluator import evaluate
from harness.gate import held_out
from harness.gate import store as gate_store
from harness.gate.points import Draw
from harness.problem import inputs
from harness.problem.catalog import Kernel, point_of, source_of
from harness.verification.record import Row
from harness.verification.summary import Finding, Ruling, reject


class Bench(Protocol):
    """What verifying asks of a machine."""

    @property
    def chip(self) -> str:
        """The chip whose times it can measure."""

    def judge(self, kernel: Kernel, text: str, path: str, *, claimed: str) -> list[Finding]:
        """Whether a source is right; `claimed`: the track of a row it has, if it has one."""

    def redraw(self, row: Row, secret: int) -> Sequence[Draw] | None:
        """The held-out points that a secret gives for a row's source; None if it does not build."""

    def measure(self, row: Row) -> list[Finding]:
        """Whether the time of a row of this machine's chip is found here too."""


@dataclass(frozen=True)
class DeviceBench:
    """The machine at hand."""

    device: Device
    threads: int = 0

    @property
    def chip(self) -> str:
        """The chip that it runs on."""
        return str(self.device.facts()["chip"])

    def judge(self, kernel: Kernel, text: str, path: str, *, claimed: str) -> list[Finding]:
        """All check sizes, the checked build, the ranked size, and held-out draws of our own."""
        with console.working(f"{kernel.name}: judging {path}"):
            try:
                return self._judge(kernel, source_of(text, path), claimed)
            except HostFailure as failure:
                return [Finding(Ruling.NEEDS_HUMAN, f"{path}: the host failed: {failure.message}")]
            except UserError as fault:
                reason = f"{path}: cannot be judged here: {fault.message}"
                return [Finding(Ruling.NEEDS_DEVICE, reason)]

    def _judge(self, kernel: Kernel, source: Source, claimed: str) -> list[Finding]:
        found = evaluate(kernel, source, device=self.device, mode="check", threads=self.threads)
        if found.status is Status.UNSUPPORTED:
            reason = f"{source.path}: {self.chip} cannot judge it: {found.reason}"
            return [Finding(Ruling.NEEDS_DEVICE, reason)]
        if not found.passed:
            return [reject(f"{source.path}: {found.status.value}: {found.reason}")]
        gate = self._gate(kernel, source, found)
        barred = held_out.bar(gate, claimed)
        # A file that covers too little of the domain may stand in the tree, without a Record.
        if barred and (claimed or gate["status"] != "not_covered"):
            return [reject(f"{source.path}: {barred}")]
        draws = f"{gate['draws']} held-out draws" if gate["covered"] else "held-out not covered"
        return [Finding(Ruling.ACCEPT, f"{source.path}: right here ({self.chip}, {draws})")]

    def _gate(self, kernel: Kernel, source: Source, found: Evaluation) -> dict[str, Any]:
        """The held-out gate on a fresh secret; nothing is timed."""
        request = trial.Request(
            kernel=kernel,
            source=source,
            variant="file",
            device=self.device,
            size="published",
            point=point_of(kernel.spec, "published"),
            mode="check",
            secret=inputs.new_secret(),
            threads=self.threads,
            on_wait=console.waiting,
        )
        return held_out.run(request, gate_store.commit(kernel.name, source.recorded), found)

    def redraw(self, row: Row, secret: int) -> Sequence[Draw] | None:
        """Load the source, as what it `requires` may depend on its pipelines, and draw."""
        spec, text = row.kernel.spec, row.record.run.source
        source = source_of(text, "<row>")
        purpose = f"loading {row.kernel.name}"
        try:
            with locks.device(self.device.name, purpose, exclusive=False, on_wait=console.waiting):
                candidate = judge.prepare(spec, source, self.device, threads=self.threads)
        except UserError:
            return None  # judging it meets the same fault, and says so
        if isinstance(candidate, Refusal):
            return None
        try:
            return held_out.draws(spec, secret, point_of(spec, row.size), candidate)
        finally:
            candidate.close()

    def measure(self, row: Row) -> list[Finding]:
        """Measure the row's source in mode record; its interval has to meet the row's."""
        text = row.record.run.source
        try:
            with console.working(f"{row.kernel.name} {row.size}: measuring the claimed time"):
                found = evaluate(
                    row.kernel,
                    source_of(text, "<row>"),
                    device=self.device,
                    sizes=(row.size,),
                    mode="record",
                    threads=self.threads,
                    on_wait=console.waiting,
                )
        except UserError as fault:
            return [Finding(Ruling.NEEDS_DEVICE, f"{row.name}: not measured: {fault.message}")]
        here = found.figures
        if not found.passed or here is None or here.speedup_ci is None:
            reason = f"{row.name}: not measured here: {found.status.value} {found.reason}"
            return [reject(reason)]
        figures = f"{interval(here.speedup_ci)} here, {interval(row.record.interval)} claimed"
        if provenance.meet(here.speedup_ci, row.record.interval):
            return [Finding(Ruling.ACCEPT, f"{row.name}: reproduced, {figures}")]
        return [reject(f"{row.name}: not reproduced, {figures}")]


def interval(bounds: tuple[float, float] | None) -> str:
    """An interval of a speedup as people read it."""
    return "no interval" if bounds is None else "[{:.2f}, {:.2f}]x".format(*bounds)
