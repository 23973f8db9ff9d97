"""`--reproduce NAME`: judges and measures the recorded source of a row again, and attests to it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from harness import console, devices, judging
from harness import settings as configuration
from harness.board import documents, provenance, records
from harness.board.provenance import Attestation
from harness.board.records import Record
from harness.command import json_report, shown
from harness.errors import ExitCode, UserError
from harness.evaluation import Evaluation, Status
from harness.problem import catalog
from harness.problem.catalog import Kernel
from harness.settings import Settings

#: What an attestation keeps of the environment: versions and machine, nothing else.
_KEPT = (*provenance.DEPENDS_ON, "numpy", "ziglang", "commit", "host_sha256", "cpu", "cores")


def run(name: str, command_line: Mapping[str, Any], *, as_json: bool) -> int:
    """Reproduce every Record of a kernel, or those of the sizes asked for; the worst exit code."""
    kernel = catalog.default().find(name)
    settings = Settings.resolve({}, {**command_line, "mode": "record", "save": False})
    chip = str(devices.open_device(settings.device).facts()["chip"])
    asked = command_line.get("sizes")
    rows = recorded(name, asked)
    if not rows:
        at = f" at {', '.join(asked)}" if asked else ""
        raise UserError(f"nobody holds a Record of {name}{at}", f"./bench {name} makes the first")
    here = [row for row in rows if row.run.evaluation.chip == chip]
    if not here:
        chips = sorted({row.run.evaluation.chip for row in rows})
        console.say(
            f"these Records are of {', '.join(chips)}, this is {chip}: only whether they are right"
            " can be reproduced here",
            style="yellow",
        )
    return max(reproduce(kernel, row, settings, as_json=as_json) for row in here or rows)


def recorded(name: str, sizes: Sequence[str] | None) -> list[Record]:
    """The Records of a kernel on every chip, in the order of their files."""
    found = []
    for path in sorted(configuration.paths().results.glob(f"*/{name}.json")):
        document = records.load(path)
        tracks = {} if document is None else document.tracks
        found += [
            record
            for _, by_size in sorted(tracks.items())
            for size, record in sorted(by_size.items())
            if sizes is None or size in sizes
        ]
    return found


def reproduce(kernel: Kernel, record: Record, settings: Settings, *, as_json: bool) -> int:
    """Measure one Record's source, or judge it where its chip is another; the exit code."""
    about = record.run.evaluation
    title = f"{about.kernel} [{about.chip}, {about.track}, {about.size}]"
    forged = wrong_hash(record)
    if forged:
        console.error(f"{title}: {forged}")
        return ExitCode.REFUSED
    local = str(devices.open_device(settings.device).facts()["chip"]) == about.chip
    chosen = settings if local else replace(settings, check_only=True)
    source = catalog.source_of(record.run.source, "<record>")
    found = judging.judged(kernel, source, chosen, about.size)
    if as_json:
        sys.stdout.write(json_report.line(found))
    else:
        shown.show(found)
    if not local:
        said = "right here too" if found.passed else f"{found.status.value} here"
        console.say(f"{title}: {said}; its time can be reproduced on {about.chip} alone")
        return ExitCode.PASSED if found.passed else ExitCode.REFUSED
    attestation = attest(record, found)
    if not records.attest(record, attestation):
        console.error(f"{title}: another source holds this Record by now; nothing was stored")
        return ExitCode.REFUSED
    console.say(f"{title}: {conclusion(record, attestation)}")
    return ExitCode.PASSED if attestation.agrees else ExitCode.REFUSED


def wrong_hash(record: Record) -> str:
    """Why a Record's source is not the one that it names; empty if it is."""
    actual = catalog.sha256_of(record.run.source)
    if actual == record.source_sha256:
        return ""
    named = record.source_sha256[:12]
    return f"the recorded source has the hash {actual[:12]}, the Record names {named}"


def attest(record: Record, found: Evaluation) -> Attestation:
    """What this machine says of a Record after measuring its source."""
    figures = found.figures
    interval = None if figures is None else figures.speedup_ci
    environment = found.environment
    return Attestation(
        machine=str(environment["machine_hash"]),
        attested_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        environment={name: environment.get(name) for name in _KEPT},
        status=found.status,
        speedup=None if figures is None else figures.speedup,
        speedup_ci=interval,
        agrees=found.status is Status.PASSED and provenance.meet(interval, record.interval),
        seed_sha256=str(environment["seed_sha256"]),
        samples=None if found.samples is None else documents.SamplesDocument.of(found.samples),
    )


def conclusion(record: Record, attestation: Attestation) -> str:
    """Whether the Record was reproduced, with both intervals, and what that counts for."""
    if attestation.speedup is None:
        return f"not reproduced: {attestation.status.value} here"
    here, there = _interval(attestation.speedup_ci), _interval(record.interval)
    figures = f"{here} here, {there} recorded"
    if not attestation.agrees:
        return f"not reproduced: {figures}"
    if attestation.machine == record.run.evaluation.environment.get("machine_hash"):
        return f"measured again on the machine that recorded it: {figures}"
    return f"reproduced: {figures}"


def _interval(interval: provenance.Interval | None) -> str:
    return "no interval" if interval is None else "[{:.2f}, {:.2f}]x".format(*interval)
