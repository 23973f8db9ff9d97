"""The end of a run: the held-out gate, once, over finalists in order of time; then promotion.

What the gate says lies under .agent-steel/gate/ and is read here alone: nothing that proposes
sources, or chooses what a search begins with, may know it. metal/ is written here alone, and of it
only the Variant of the chip that was measured.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chip_metrics
from agent_steel.attempt import Attempt
from agent_steel.plan import Plan, Strict
from agent_steel.settings import Folders
from harness import atomic, judging, settings
from harness.board import documents, promotion
from harness.errors import UserError
from harness.evaluation import Refusal
from harness.gate import held_out
from harness.problem import catalog
from harness.timing import verdict
from harness.timing.verdict import same_source

GATE_VERSION = 1
MOST_FINALISTS = 3


class Verdict(Strict):
    """What the end came to for one finalist; `speedup` is over what stood in metal/ before."""

    attempt: str
    source_sha256: str
    passed: bool
    reason: str
    speedup: float | None = None
    speedup_ci: tuple[float, float] | None = None
    held_out: dict[str, Any] | None = None


class Final(Strict):
    """The document of .agent-steel/gate/<run>.json."""

    schema_version: int = GATE_VERSION
    run: str
    kernel: str
    chip: str
    verdicts: list[Verdict]
    promoted: str | None = None  # id of the Attempt that stands in metal/ now
    path: str | None = None  # where, relative to the home


@dataclass(frozen=True)
class Case:
    """A finalist and the source that it would replace."""

    plan: Plan
    finalist: Attempt
    standing: str
    attempts: int  # candidates that the run measured: each was a chance to win by luck


#: Gates and confirms one finalist.
Examine = Callable[[Case], Verdict]


def finalists(attempts: Sequence[Attempt]) -> list[Attempt]:
    """What was kept, the fastest first: each was proved faster than the one kept before it."""
    kept = [one for one in attempts if one.outcome == "kept"]
    return kept[: -MOST_FINALISTS - 1 : -1]


def settle(
    folders: Folders, plan: Plan, attempts: Sequence[Attempt], examine: Examine | None = None
) -> Final:
    """Examine finalists until one holds, and put that one into metal/. Goes on where it was left:
    a finalist whose verdict is stored is not gated again."""
    path = gate_file(folders, plan.run)
    final = read(path) or Final(run=plan.run, kernel=plan.kernel, chip=plan.chip, verdicts=[])
    judged = {one.attempt: one for one in final.verdicts}
    measured = sum(one.kernel_ms is not None and one.ordinal > 0 for one in attempts)
    standing = _standing(plan)
    for finalist in finalists(attempts):
        found = judged.get(finalist.id)
        if found is None:
            found = (examine or in_fresh_process)(Case(plan, finalist, standing, measured))
            final = final.model_copy(update={"verdicts": [*final.verdicts, found]})
            atomic.write_json(path, final.model_dump(mode="json"))
        if found.passed:
            written = promote(plan, finalist.source)
            shown = settings.paths().shown(written)
            final = final.model_copy(update={"promoted": finalist.id, "path": shown})
            break
    atomic.write_json(path, final.model_dump(mode="json"))
    return final


def gate_file(folders: Folders, run: str) -> Path:
    """Where the verdicts of a run lie."""
    return folders.root / "gate" / f"{run}.json"


def read(path: Path) -> Final | None:
    """The stored end of a run."""
    if not path.exists():
        return None
    try:
        return Final.model_validate(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as problem:
        raise UserError(f"{path}: not the end of a run: {problem}") from None


def in_fresh_process(case: Case) -> Verdict:
    """A long paired run against what stands in metal/, and if that is a win, the gate and a second
    paired run in a process that shares nothing with this one."""
    finalist, plan = case.finalist, case.plan

    def ended(reason: str, **more: Any) -> Verdict:
        return Verdict(
            attempt=finalist.id,
            source_sha256=finalist.source_sha256,
            passed=not reason,
            reason=reason,
            **more,
        )

    if same_source(finalist.source, case.standing):
        return ended("it is what stands in metal/ already")
    request = promotion.Request(
        kernel=plan.kernel,
        size=plan.size,
        device=plan.device,
        threads=plan.threads,
        source=finalist.source,
        variant="candidate",
        incumbent=case.standing,
    )
    paired = judging.pair(request)
    if isinstance(paired, Refusal):
        return ended(f"in a paired run: {paired.reason}")
    level = verdict.search_alpha(case.attempts)
    problem = verdict.not_a_win(paired, level)
    if problem:
        return ended(f"no proved gain over what stands in metal/: {problem}")
    confirmed = promotion.confirm_in_fresh_process(request)
    evaluation = documents.from_run(confirmed.run)
    gated = None if evaluation.held_out is None else dict(evaluation.held_out)
    reason = promotion.barred(evaluation) or held_out.bar(gated, evaluation.track)
    if reason or confirmed.comparison is None:
        return ended(reason or "it could not be compared again", held_out=gated)
    found = verdict.promote(
        paired,
        confirmed.comparison.samples.samples(),
        attempts=case.attempts,
        flags=evaluation.flags,
        sources=(finalist.source, case.standing),
    )
    return ended(found.reason, held_out=gated, speedup=found.speedup, speedup_ci=found.interval)


def promote(plan: Plan, source: str) -> Path:
    """Write the Variant of the measured chip, or of its family where a chip has no file of its own.

    The kernel's other files stay as they are. METAL_BENCH_HOME moves what is written.
    """
    kernel = catalog.default().find(plan.kernel)
    stem = chip_metrics.variant_stems(plan.chip)[0]
    folder = settings.paths().home / "metal" / "kernels" / kernel.set / kernel.name
    path = folder / f"{stem}.metal"
    atomic.write_text(path, source)
    return path


def _standing(plan: Plan) -> str:
    """What metal/ holds for this chip: in this home if something was promoted there."""
    found = catalog.Catalog(settings.ROOT)
    kernel = found.find(plan.kernel)
    promoted = settings.paths().home / "metal" / "kernels" / kernel.set / kernel.name
    stem = chip_metrics.variant_stems(plan.chip)[0]
    path = promoted / f"{stem}.metal"
    source = catalog.read_source(path) if path.exists() else found.variant(kernel, plan.chip).source
    return source.text
