"""The `replay` device: serves recorded Evaluations, so that loops can be tested to the byte.

`replay:PATH` names a JSONL file. Each line is a RunDocument (harness/board/documents.py): the
Evaluation, its source and its samples. A request is answered by the recording with the same
kernel, size and source hash; the n-th such request by the n-th such line, and one request too many
is an error. Nothing is compiled or run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from harness.board import documents
from harness.devices.base import Device, Program, Session, Source
from harness.errors import UserError
from harness.evaluation import Evaluation, Refusal

Key = tuple[str, str, str]  # kernel, size, source hash


class ReplayDevice:
    """Recorded Evaluations of one file."""

    name = "replay"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._served: Counter[Key] = Counter()
        self._recorded: dict[Key, list[Evaluation]] = {}
        self._chip = ""
        for evaluation in load(path):
            self._chip = self._chip or evaluation.chip
            key = (evaluation.kernel, evaluation.size, evaluation.source_sha256)
            self._recorded.setdefault(key, []).append(evaluation)

    def facts(self) -> Mapping[str, Any]:
        """The chip of the recording."""
        return {"chip": self._chip, "engine": "replay", "clock": "wall"}

    def evaluation(self, kernel: str, size: str, source: Source) -> Evaluation:
        """The next recorded Evaluation of this source."""
        key = (kernel, size, source.sha256)
        recorded = self._recorded.get(key, [])
        ordinal = self._served[key]
        if ordinal >= len(recorded):
            what = f"{kernel} at {size}, source {source.sha256[:12]}"
            raise UserError(f"{self._path} holds {len(recorded)} runs of {what}, asked for more")
        self._served[key] += 1
        return replace(recorded[ordinal], device=self.name)

    def build(self, source: Source, functions: Sequence[str]) -> Program | Refusal:
        """Never called: there is nothing to build."""
        self._refuse()

    def open(self, program: Program, *, threads: int, memory_limit_bytes: int) -> Session | Refusal:
        """Never called: there is nothing to run."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise UserError("the replay device runs nothing", "it serves whole Evaluations")


def load(path: Path) -> list[Evaluation]:
    """All Evaluations of a recording, in order."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as problem:
        raise UserError(f"cannot read the recording {path}: {problem.strerror}") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            run = documents.RunDocument.model_validate(json.loads(line))
            found.append(documents.from_run(run))
        except ValueError as problem:
            raise UserError(f"{path}:{number}: not a recorded run: {problem}") from None
    return found


def append(path: Path, evaluation: Evaluation) -> None:
    """Add an Evaluation to a recording."""
    line = documents.to_run(evaluation).model_dump(mode="json")
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, allow_nan=False, separators=(",", ":")) + "\n")


def create(argument: str) -> Device:
    """The recording that `argument` names."""
    if not argument:
        raise UserError("the replay device needs a recording", "--device replay:PATH.jsonl")
    return ReplayDevice(Path(argument))
