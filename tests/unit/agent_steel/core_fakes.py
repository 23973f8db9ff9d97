"""A search without a device or a model: sources state how fast and how right they are."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_steel.asking import Wrap
from agent_steel.judge import Found
from agent_steel.plan import Plan, Seat
from agent_steel.problems import problem_of
from agent_steel.proposing import Context, Proposal, Unusable
from agent_steel.providers.base import Ask, Completion, Failure, Message, Provider, Usage
from agent_steel.run import Run
from agent_steel.settings import Folders
from harness.evaluation import Evaluation, Samples, Status
from harness.problem import catalog
from harness.timing.blocks import BASELINE, CANDIDATE, Block, Visit
from harness.timing.figures import rescore

CHIP = "cpu-test-none-2"


def source(ms: float, status: str = "passed", note: str = "") -> str:
    """A kernel text that says what a measurement of it will show."""
    unique = f"int id_{hash_of(note, ms, status)};"
    return f"// takes {ms} ms, {status} {note}\nkernel void relu_f32() {{}}\n{unique}\n"


def hash_of(*parts: Any) -> int:
    return random.Random(repr(parts)).randrange(10**9)


def taken_ms(text: str) -> float:
    found = re.search(r"takes ([\d.]+) ms", text)
    return float(found[1]) if found else 1.0


def samples(ms: float, incumbent_ms: float, seed: int) -> Samples:
    """Paired samples with half a percent of noise."""
    draw = random.Random(seed)

    def visit(side: Any, of_ms: float) -> Visit:
        return Visit(side, 1, tuple((of_ms * 1e6 * draw.uniform(0.997, 1.003),) for _ in range(2)))

    order = [(BASELINE, incumbent_ms), (CANDIDATE, ms), (CANDIDATE, ms), (BASELINE, incumbent_ms)]
    blocks = [Block("ABBA", tuple(visit(s, t) for s, t in order)) for _ in range(8)]
    return Samples(tuple(b.to_json() for b in blocks), tick_ns=1.0, seed=seed, mode="screen")


@dataclass
class FakeJudge:
    """Believes what sources say of themselves; counts how often each was asked for."""

    chip: str = CHIP
    device: str = "cpu"
    asked: list[int] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def limits(self) -> Mapping[str, Any]:
        return {"threads": 2}

    def baseline(self, source: str) -> Found:
        return self._found(0, source, "")

    def compare(self, ordinal: int, source: str, incumbent: str) -> Found:
        return self._found(ordinal, source, incumbent)

    def close(self) -> None:
        pass

    def _found(self, ordinal: int, text: str, incumbent: str) -> Found:
        self.before()
        self.asked.append(ordinal)
        kernel = catalog.default().find("relu")
        known = catalog.source_of(text)
        said = re.search(r"ms, (\w+)", text)
        status = Status(said[1]) if said else Status.PASSED
        evaluation = Evaluation(
            kernel="relu", set=kernel.set, chip=CHIP, device="cpu", variant="candidate",
            size="published", dims=dict(kernel.spec.sizes.published), track="exact", status=status,
            source_sha256=known.sha256, source=known.recorded, mode="screen",
            reason="" if status is Status.PASSED else f"it is {status.value}",
            environment={"device": {"threads": 2}, "seed": "5ec4e7"},
        )  # fmt: skip
        if status is not Status.PASSED or not incumbent:
            return Found(evaluation, "", 0.5)
        paired = samples(taken_ms(text), taken_ms(incumbent), hash_of(text, incumbent))
        scored = rescore(paired, kernel.spec.cost(kernel.spec.sizes.published))
        made = Evaluation(**{**vars(evaluation), "figures": scored.figures, "samples": paired})
        return Found(made, catalog.source_of(incumbent).sha256, 0.5)


@dataclass
class ScriptedProvider:
    """Answers call by call; remembers what it was asked, and charges for it."""

    replies: Mapping[str, str]
    usd: float | None = 0.01
    name: str = "scripted"
    model: str = "m"
    asks: list[Ask] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def complete(self, ask: Ask) -> Completion | Failure:
        self.before()
        self.asks.append(ask)
        text = self.replies.get(ask.call_id)
        if text is None:
            return Failure("exhausted", "the script ends here")
        return Completion(text, None, "end", self.model, Usage(100, 50, 0, self.usd))


@dataclass
class PlainProposer:
    """Shows the provider everything in the context; the reply is a technique line and a source."""

    provider: Provider
    name: str = "scripted/m"

    def propose(self, context: Context, *, call_id: str, seed: int) -> Proposal | Unusable:
        shown = {
            "parent": context.parent.source,
            "incumbent": context.incumbent.source,
            "failed": [dict(one) for one in context.failed],
            "history": [(a.id, a.technique, a.outcome, a.verdict) for a in context.history],
            "extras": dict(context.extras),
            "stagnant": context.stagnant,
        }
        text = json.dumps(shown, sort_keys=True, default=str)
        ask = Ask(call_id, [Message("user", text)])
        reply = self.provider.complete(ask)
        if isinstance(reply, Failure):
            return Unusable("exhausted", reply.detail, prompt_sha256=ask.prompt_sha256)
        technique, _, rest = reply.text.partition("\n")
        if "kernel" not in rest:
            return Unusable("no_code", "no kernel in it", prompt_sha256=ask.prompt_sha256)
        return Proposal(rest, technique, reply.usage, ask.prompt_sha256)


def reply(technique: str, ms: float, status: str = "passed") -> str:
    return f"{technique}\n{source(ms, status, technique)}"


#: Five rounds: a gain, a refusal mended by a retry, a slower one, no code, and two more gains.
SCRIPT = {
    "0001": reply("vectorise", 0.8),
    "0002": reply("unroll", 0.5, "wrong_values"),
    "0003": reply("unroll right", 0.7),
    "0004": reply("more threads", 0.9),
    "0005": "sorry\nI cannot",
    "0006": reply("fewer barriers", 0.5),
    "0007": reply("same time", 0.5),
}


def plan(**more: Any) -> Plan:
    given: dict[str, Any] = {
        "run": "run1", "kernel": "relu", "chip": CHIP, "device": "cpu", "objective": "cpu",
        "seats": (Seat(proposer="scripted/m"),), "start": source(1.0, note=" start"),
        "max_no_improvement": 9, **more,
    }  # fmt: skip
    return Plan(**given)


def search(
    root: Path,
    script: Mapping[str, str] = SCRIPT,
    provider: ScriptedProvider | None = None,
    judge: FakeJudge | None = None,
    **more: Any,
) -> Run:
    """A run that is not yet begun."""
    asked = provider or ScriptedProvider(script)

    def open_seat(seat: Seat, wrap: Wrap) -> PlainProposer:
        return PlainProposer(wrap(asked))

    problem = problem_of(catalog.default().find("relu"))
    options = {name: more.pop(name) for name in ("extras", "clock", "known") if name in more}
    return Run(Folders(root), plan(**more), problem, judge or FakeJudge(), open_seat, **options)


def outcomes(run: Run) -> list[tuple[str, str]]:
    return [(one.technique, one.outcome) for one in run.attempts.values()]


def files(folder: Path, skip: Sequence[str] = ()) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in skip
    }
