"""The last run of every kernel and device, kept whatever it was: passed, refused or not saved."""

from __future__ import annotations

import json
from pathlib import Path

from harness import atomic, settings
from harness.board import documents
from harness.errors import EnvironmentFault
from harness.evaluation import SCHEMA_VERSION, Evaluation


def path(kernel: str, device: str) -> Path:
    """Where the last run of a kernel on a device lies."""
    return settings.paths().runs / f"{kernel}-{device}.json"


def keep(evaluations: list[Evaluation]) -> Path:
    """Store the Evaluations of one run, one a size, in place of the run before."""
    first = evaluations[0]
    target = path(first.kernel, first.device)
    runs = [documents.to_run(evaluation).model_dump(mode="json") for evaluation in evaluations]
    atomic.write_json(target, {"schema_version": SCHEMA_VERSION, "runs": runs})
    return target


def last(kernel: str, device: str) -> list[Evaluation]:
    """The last run, or nothing if there was none or its file cannot be understood."""
    try:
        raw = json.loads(path(kernel, device).read_text("utf-8"))
        runs = [documents.RunDocument.model_validate(run) for run in raw["runs"]]
    except (OSError, ValueError, KeyError, TypeError, EnvironmentFault):
        return []
    return [documents.from_run(run) for run in runs]
