"""`python -m agent_steel.offline.experiment`: how much `offline` gains on plain kernels.

Rules were developed on DEVELOPED; the figure is taken on HELD, which was drawn by seed from every
plain kernel that passes, a third from each family, and which no test of a rule names. Each search
starts from the plain kernel of the SPEC; a gain counts once the finals confirm it: a longer paired
run, a fresh process with new inputs, and the held-out gate. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent_steel import finals, proposers
from agent_steel.attempt import Attempt
from agent_steel.finals import Case, Verdict
from agent_steel.judge import HarnessJudge
from agent_steel.offline import experiment_page
from agent_steel.offline.naive import Naive, Unsupported, naive_kernel
from agent_steel.offline.view import view_of
from agent_steel.plan import Plan, Seat
from agent_steel.problems import problem_of
from agent_steel.run import Run
from agent_steel.settings import Folders, folders
from harness import atomic, environment, settings
from harness.errors import ExitCode, UserError
from harness.evaluation import Flag
from harness.evaluator import evaluate
from harness.problem import catalog
from harness.problem.catalog import Kernel

DATA = settings.ROOT / "docs" / "data" / "offline_experiment.json"
SCHEMA_VERSION = 1
SEED = 20261121
#: What was looked at while rules were written.
DEVELOPED = (
    "relu", "softmax", "logsumexp", "layer_norm", "sqr_mm", "conv2d", "avg_pool2d", "cumsum",
)  # fmt: skip
#: Plain kernels that were read or searched before the rules were finished: not drawn either.
SEEN = (
    "cumsum_exclusive", "cumsum_reverse", "leaky_relu", "add_swish_beta", "dropout_mask", "abs",
    "log_softmax", "argmax_index", "variance", "matvec", "max_pool1d", "conv1d", "silu_linear",
    "swiglu", "fused_add_rms_norm_weight",
)  # fmt: skip
#: `drawn` from the plain kernels that pass, before any search had run on one of them.
HELD = (
    "logsigmoid", "mul_silu", "elu", "matrix_scale",
    "batch_norm_affine", "cumprod", "masked_softmax", "masked_cumsum",
    "matmul_sub_mul_relu", "linear_bias", "softmax_attention", "attention_scores",
)  # fmt: skip
FAMILIES = ("element", "row", "nest")
EACH = 4
INPUTS = 4
#: Plain products take seconds a run above this, which leaves a search nothing to try.
MOST_FLOPS = 3e9
#: Of what is known of the machine, what a reader needs.
_FACTS = ("os", "machine", "cpu", "cores", "python", "mlx", "numpy", "ziglang")
_SETS = ("common", "standard", "corrected")
#: Rounds are not what ends a search here: time does, or nothing left to try.
_ENDLESS = 10_000

Row = Mapping[str, Any]


def candidates() -> list[Kernel]:
    """Ranked problems that a plain kernel may solve in reasonable time."""
    found = [one for name in _SETS for one in catalog.default().kernels(name)]
    return [one for one in found if one.spec.ranked and _flops(one) <= MOST_FLOPS]


def _flops(kernel: Kernel) -> float:
    return kernel.spec.cost(kernel.spec.sizes.published).flops


def plain(kernel: Kernel) -> dict[str, Any]:
    """The plain kernel of a problem, judged at all check sizes and at `published` on several
    inputs, as a serial sum may pass by luck: family, status, reason."""
    try:
        made = naive_kernel(kernel.spec)
    except Unsupported as problem:
        return {"status": "unsupported", "family": "", "reason": str(problem)}
    for _ in range(INPUTS):
        found = evaluate(kernel.name, made.source, device="cpu", sizes=("published",), mode="check")
        if not found.passed:
            break
    return {"status": found.status.value, "family": made.family, "reason": found.reason}


def shuffled(family: str, families: Mapping[str, str]) -> list[str]:
    """The problems of a family that rules were not developed on, in the order of the draw."""
    pool = sorted(name for name, one in families.items() if one == family)
    order = [name for name in pool if name not in DEVELOPED]
    random.Random(f"{SEED} {family}").shuffle(order)
    return [name for name in order if name not in SEEN]


def families() -> dict[str, str]:
    """The family of every plain kernel that can be written."""
    found: dict[str, str] = {}
    for kernel in candidates():
        with suppress(Unsupported):
            found[kernel.name] = naive_kernel(kernel.spec).family
    return found


def drawn(document: dict[str, Any]) -> tuple[str, ...]:
    """The held problems: in the order of the draw, the first EACH of every family that pass."""
    known, chosen = families(), []
    for family in FAMILIES:
        passed: list[str] = []
        for name in shuffled(family, known):
            if len(passed) == EACH:
                break
            if name not in document["plain"]:
                document["plain"][name] = plain(catalog.default().find(name))
            row = document["plain"][name]
            print(f"{name}: {row['status']} {row['family']} {row['reason'][:90]}", flush=True)
            passed += [name] if row["status"] == "passed" else []
        chosen += passed
    return tuple(chosen)


def experiment(kernel: Kernel, seconds: float, root: Folders) -> dict[str, Any]:
    """One search from the plain kernel, then its finals: a row of the document."""
    made = naive_kernel(kernel.spec)
    began = time.monotonic()
    size = _ranked_size(kernel, made)
    judge = HarnessJudge(kernel, "cpu", size)
    run = Run(root, _plan(kernel, made, judge, size, seconds), problem_of(kernel), judge,
              proposers.open_seat, known=())  # fmt: skip
    try:
        run.execute()
    finally:
        judge.close()
    attempts = sorted(run.attempts.values(), key=lambda one: one.ordinal)
    searched_s = time.monotonic() - began
    verdicts = _examined(run.plan, attempts)
    won = next((one for one in verdicts if one.passed), None)
    kept = {one.id: one for one in attempts if one.outcome == "kept"}
    return {
        "family": made.family,
        "size": size,
        "naive_sha256": catalog.sha256_of(made.source),
        "offline_sha256": fingerprint(),
        "seconds": seconds,
        "searched_s": round(searched_s, 1),
        "stopped": run.state.stopped,
        "attempts": len(attempts) - 1,
        "outcomes": _counts(one.outcome for one in attempts[1:]),
        "refusals": sorted(
            {f"{one.technique}: {one.reason}"[:200] for one in attempts if one.outcome == "refused"}
        ),
        "techniques": [one.technique for one in _lineage(attempts, won)],
        "naive_ms": attempts[0].kernel_ms if attempts else None,
        "best_ms": kept[won.attempt].kernel_ms if won else None,
        "won": won is not None,
        "speedup": won.speedup if won else None,
        "speedup_ci": list(won.speedup_ci) if won and won.speedup_ci else None,
        "finalists": [{"passed": one.passed, "reason": one.reason} for one in verdicts],
        "refused_in_finals": sum(refused(one) for one in verdicts),
        "run": run.plan.run,
    }


def _plan(kernel: Kernel, made: Naive, judge: HarnessJudge, size: str, seconds: float) -> Plan:
    return Plan(
        run=f"plain-{kernel.name}-{int(time.time())}",
        kernel=kernel.name,
        chip=judge.chip,
        device=judge.device,
        objective=judge.device,
        size=size,
        seats=(Seat(proposer=proposers.OFFLINE),),
        max_rounds=_ENDLESS,
        max_no_improvement=_ENDLESS,
        tries=1,
        roofline_stop=_ENDLESS,
        budget_minutes=seconds / 60,
        start=made.source,
        start_origin="file",
    )


def _ranked_size(kernel: Kernel, made: Naive) -> str:
    """`published`, unless the plain kernel is overhead-bound there."""
    found = evaluate(
        kernel.name, made.source, device="cpu", sizes=("published",), mode="screen", sides="metal"
    )
    if not found.passed:
        raise UserError(f"the plain kernel of {kernel.name} is refused: {found.reason}")
    return "large" if Flag.OVERHEAD_BOUND in found.flags else "published"


def _examined(plan: Plan, attempts: Sequence[Attempt]) -> list[Verdict]:
    """Finalists in order of time, until one holds against the plain kernel."""
    measured = sum(one.kernel_ms is not None and one.ordinal > 0 for one in attempts)
    found: list[Verdict] = []
    for finalist in finals.finalists(attempts):
        found.append(finals.in_fresh_process(Case(plan, finalist, plan.start, measured)))
        if found[-1].passed:
            break
    return found


def refused(one: Verdict) -> bool:
    """Whether gate or checker said no, not the clock."""
    slow = ("no proved gain", "it is what stands", "it could not be compared")
    return not one.passed and not one.reason.startswith(slow)


def _lineage(attempts: Sequence[Attempt], won: Verdict | None) -> list[Attempt]:
    """The kept steps that lead to the winner, first ones first."""
    by_id = {one.id: one for one in attempts}
    at = by_id.get(won.attempt) if won else None
    found: list[Attempt] = []
    while at is not None and at.ordinal:
        found.append(at)
        at = by_id.get(at.parent or "")
    return found[::-1]


def _counts(words: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found


def fingerprint() -> str:
    """What a row follows from beside the machine: the text of rules and of plain kernels."""
    paths = sorted(Path(__file__).parent.rglob("*.py"))
    texts = [path.read_bytes() for path in paths if not path.stem.startswith("experiment")]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def load() -> dict[str, Any]:
    """The document, or an empty one."""
    if not DATA.exists():
        return {"schema_version": SCHEMA_VERSION, "environment": {}, "plain": {}, "kernels": {}}
    document: dict[str, Any] = json.loads(DATA.read_text("utf-8"))
    if document.get("schema_version") != SCHEMA_VERSION:
        raise UserError(f"{DATA} has another schema version", "remove it and run again")
    return document


def store(document: Mapping[str, Any]) -> None:
    """Document and page."""
    atomic.write_json(DATA, document)
    atomic.write_text(experiment_page.PAGE, experiment_page.page(document, HELD, DEVELOPED))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m agent_steel.offline.experiment",
                                     description=__doc__)  # fmt: skip
    parser.add_argument("--kernels", help="names, instead of the twelve and the eight")
    parser.add_argument("--seconds", type=float, default=120, help="of search a kernel (120)")
    parser.add_argument("--again", action="store_true", help="measure what is stored as well")
    parser.add_argument("--plain", action="store_true", help="judge every plain kernel")
    parser.add_argument("--draw", action="store_true", help="draw the twelve again")
    parser.add_argument("--show", metavar="NAME", help="print one plain kernel")
    parser.add_argument("--page", action="store_true", help="write docs/OFFLINE.md from the data")
    given = parser.parse_args(arguments)
    document = load()
    if given.show:
        print(naive_kernel(catalog.default().find(given.show).spec).source, end="")
    elif given.plain:
        _judge_plain(document)
    elif given.draw:
        print(", ".join(drawn(document)))
        atomic.write_json(DATA, document)
    elif not given.page:
        _search(document, given)
    if given.page:
        store(document)
    return int(ExitCode.PASSED)


def _judge_plain(document: dict[str, Any]) -> None:
    """Every plain kernel that has not been judged yet."""
    for kernel in candidates():
        if kernel.name in document["plain"]:
            continue
        document["plain"][kernel.name] = row = plain(kernel)
        print(f"{kernel.name}: {row['status']} {row['family']} {row['reason'][:90]}", flush=True)
        atomic.write_json(DATA, document)


def _search(document: dict[str, Any], given: argparse.Namespace) -> None:
    names = given.kernels.split(",") if given.kernels else (*HELD, *DEVELOPED)
    root = Folders(folders().root / "offline-experiment")
    for name in names:
        kernel = catalog.default().find(name)
        row = document["kernels"].get(name)
        if row and not given.again and row["offline_sha256"] == fingerprint():
            continue
        if view_of(naive_kernel(kernel.spec).source, problem_of(kernel)) is None:
            raise UserError(f"the plain kernel of {name} cannot be read")
        row = experiment(kernel, given.seconds, root)
        document["kernels"][name] = row
        facts = environment.facts()
        document["environment"] = {name: facts[name] for name in _FACTS}
        store(document)
        gain = f"{row['speedup']:.2f}x confirmed" if row["won"] else "no confirmed gain"
        print(f"{name}: {gain}, {row['attempts']} attempts, {row['outcomes']}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
