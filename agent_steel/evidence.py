"""What was measured of each source of a run: evaluations/<ordinal>.json, written and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent_steel.judge import Found, limits_of
from agent_steel.plan import Plan, Strict
from harness import atomic
from harness.board import documents
from harness.board.documents import RunDocument
from harness.errors import UserError
from harness.evaluation import Evaluation, Status
from harness.problem import catalog

EVIDENCE_VERSION = 1


class Evidence(Strict):
    """A Found on disk."""

    schema_version: int = EVIDENCE_VERSION
    run: RunDocument
    incumbent_sha256: str
    seconds: float
    predicted_ms: tuple[float, float] | None = None


def write(path: Path, found: Found) -> None:
    """Store what was measured."""
    document = Evidence(
        run=documents.to_run(found.evaluation),
        incumbent_sha256=found.incumbent_sha256,
        seconds=found.seconds,
        predicted_ms=found.predicted_ms,
    )
    atomic.write_json(path, document.model_dump(mode="json"))


def read(path: Path) -> Found:
    """What `write` was given."""
    try:
        stored = Evidence.model_validate(json.loads(path.read_text("utf-8")))
        return Found(
            documents.from_run(stored.run),
            stored.incumbent_sha256,
            stored.seconds,
            stored.predicted_ms,
        )
    except (OSError, ValueError) as problem:
        raise UserError(f"{path}: not a stored evaluation: {problem}") from None


class ReplayJudge:
    """Serves what a recorded run measured, and makes nothing up: a source that it does not hold is
    `unsupported`, and a pair that it does not hold was not compared."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.chip, self.device = plan.chip, plan.device
        self._plan = plan
        self._found = {
            int(path.stem): read(path) for path in sorted((folder / "evaluations").glob("*.json"))
        }
        if 0 not in self._found:
            raise UserError(f"{folder} holds no recorded run", "choose one below .agent-steel/runs")

    def limits(self) -> Mapping[str, Any]:
        """Those of the device that was recorded."""
        return limits_of(self._found[0].evaluation.environment.get("device", {}))

    def baseline(self, source: str) -> Found:
        """As recorded."""
        return self._of(0, source) or self._unknown(source)

    def compare(self, ordinal: int, source: str, incumbent: str) -> Found:
        """As recorded of this ordinal, else of any other with this source."""
        rival = catalog.source_of(incumbent).sha256
        first = self._of(ordinal, source)
        others = [self._of(n, source) for n in self._found if n != ordinal]
        known = [found for found in (first, *others) if found is not None]
        if not known:
            return self._unknown(source)
        for found in known:
            if found.incumbent_sha256 in ("", rival) and (
                found.incumbent_sha256 or not found.evaluation.passed
            ):
                return found
        return Found(known[0].evaluation, "", known[0].seconds)

    def close(self) -> None:
        """Nothing is open."""

    def _of(self, ordinal: int, source: str) -> Found | None:
        found = self._found.get(ordinal)
        wanted = catalog.source_of(source).sha256
        return found if found and found.evaluation.source_sha256 == wanted else None

    def _unknown(self, source: str) -> Found:
        about = self._found[0].evaluation
        text = catalog.source_of(source)
        return Found(
            Evaluation(
                kernel=about.kernel,
                set=about.set,
                chip=about.chip,
                device=about.device,
                variant="candidate",
                size=about.size,
                dims=about.dims,
                track=about.track,
                status=Status.UNSUPPORTED,
                source_sha256=text.sha256,
                source=text.recorded,
                reason="this source is not in the recording",
                mode=about.mode,
            )
        )
