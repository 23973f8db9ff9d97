"""The corpus of bad kernels: what each file claims, and what becomes of it on the public path."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unittest import mock

from harness import devices, settings
from harness.checking import judge
from harness.checking.trial import Request
from harness.devices.base import Source
from harness.evaluation import Evaluation, Flag, Status
from harness.evaluator import evaluate
from harness.gate import held_out
from harness.gate import store as gate_store
from harness.problem import catalog, inputs
from harness.problem.catalog import Kernel
from harness.timing import verdict
from trust.layers import LAYERS, without
from trust.synthetic import World, samples_of

FOLDER = settings.ROOT / "tests" / "bad_kernels"
#: How far a kernel has to be taken: judged, judged and timed, held out, promoted.
SIZES = ("check", "published", "timed", "held_out", "regression", "record")
#: One seed and one thread make every judging repeatable.
SEED = 20_261
_DEADLINE_MS = 1500
_FACT = re.compile(
    r"^// (row|kernel|expect|layer|backed|through|says|size|twin|twin of|seed): (.+)$"
)


@dataclass(frozen=True)
class Bad:
    """One bad kernel as its first lines describe it.

    With `layer` and all of `backed` taken out it gets through, and with one of them left it does
    not. `through`: layers it also gets through without, because `layer` speaks through them.
    """

    path: Path
    row: str
    kernel: str
    expect: str
    layer: str
    size: str
    twin: str
    backed: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    says: str = ""
    seed: int = SEED

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @cached_property
    def text(self) -> str:
        """The file."""
        return self.path.read_text("utf-8")

    @property
    def twin_path(self) -> Path:
        """The honest twin."""
        return FOLDER / self.twin

    @property
    def layers(self) -> tuple[str, ...]:
        """All that stand in its way together."""
        return (self.layer, *self.backed)

    @property
    def removable(self) -> bool:
        """Whether there is a way to see it get through."""
        return all(LAYERS[name].removable for name in self.layers)


def facts_of(text: str) -> dict[str, str]:
    """The `// name: value` lines at the top of a file."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("// "):
            break
        match = _FACT.match(line)
        if match:
            found[match[1]] = match[2].strip()
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def read(path: Path) -> Bad:
    """A bad kernel; a KeyError names the line that is missing."""
    facts = facts_of(path.read_text("utf-8"))
    return Bad(
        path=path,
        row=facts["row"],
        kernel=facts["kernel"],
        expect=facts["expect"],
        layer=facts["layer"],
        size=facts["size"],
        twin=facts["twin"],
        backed=_names(facts.get("backed", "")),
        through=_names(facts.get("through", "")),
        says=facts.get("says", ""),
        seed=int(facts.get("seed", SEED)),
    )


def corpus() -> list[Bad]:
    """Every bad kernel, in the order of the catalogue."""
    files = [p for p in FOLDER.glob("*.metal") if not p.stem.endswith("_honest")]
    return [read(path) for path in sorted(files)]


@dataclass(frozen=True)
class Outcome:
    """What became of a source: a status (or the gate's, or a flag that bars), and who said so."""

    status: str
    stage: str
    reason: str

    @property
    def passed(self) -> bool:
        """Whether it would have reached the board."""
        return self.status == Status.PASSED.value

    def meets(self, bad: Bad) -> bool:
        """Whether it was refused with the status, by the layer and in the words that are due."""
        due = LAYERS[bad.layer].stages
        return self.status == bad.expect and self.stage in due and bad.says in self.reason


_STAGES = {
    Status.COMPILE_ERROR: "front end",
    Status.PIPELINE_ERROR: "before the run",
    Status.LAUNCH_ERROR: "before the run",
    Status.TIMEOUT: "host",
    Status.CRASHED: "host",
    Status.OUT_OF_BOUNDS: "guards",
    Status.INPUT_MODIFIED: "inputs",
}


def _stage(found: Evaluation) -> str:
    if found.passed:
        return ""
    if found.reason.startswith("checked build"):
        return "checked build"
    if "in a timed run" in found.reason:
        return "timed run"
    return _STAGES.get(found.status, "comparison")


def judged(
    text: str, kernel: str, size: str, *, name: str = "<text>", seed: int | None = SEED
) -> Outcome:
    """Take a source through the public path as far as `size` says."""
    problem = catalog.default().find(kernel)
    source = Source(text, name, catalog.sha256_of(text))
    timed = size in ("timed", "regression")
    with mock.patch.object(judge, "CHECK_DEADLINE_MS", _DEADLINE_MS):
        found = evaluate(
            problem,
            source,
            mode="screen" if timed else "check",
            sides="both" if size == "regression" else "metal",
            threads=1,
            seed=seed,
        )
        outcome = Outcome(found.status.value, _stage(found), found.reason)
        if found.passed and Flag.IMPLAUSIBLE in found.flags:
            return Outcome(Flag.IMPLAUSIBLE.value, "flags", "above the physics of this chip")
        if found.passed and size in ("held_out", "regression"):
            return _gated(
                problem,
                source,
                found,
                inputs.new_secret() if seed is None else inputs.secret_of(seed),
            )
        if found.passed and size == "record":
            return _promoted(text, problem)
    return outcome


def _gated(kernel: Kernel, source: Source, found: Evaluation, secret: int) -> Outcome:
    """The held-out gate at a size whose Evaluation passed."""
    made = gate_store.commit(kernel.name, source.text, secret)
    request = Request(
        kernel=kernel,
        source=source,
        variant="file",
        device=devices.open_device("cpu"),
        size=found.size,
        point=found.dims,
        mode="check",
        secret=secret,
        threads=1,
    )
    gate = held_out.run(request, made, found)
    status = str(gate["status"])
    if status == "failed":
        good = ("passed", "regression", "unsupported")
        status = next(p["status"] for p in gate["points"] if p["status"] not in good)
    stage = "" if status == Status.PASSED.value else "held-out gate"
    return Outcome(status, stage, str(gate["reason"]))


def _promoted(text: str, kernel: Kernel) -> Outcome:
    """A win of 10 % over the Record of the repository's own kernel, by figures made up."""
    holder = catalog.default().variant(kernel, "apple-m4-max").source.text
    paired, again = (samples_of(World(seed=seed, noise=0.005), gain=1.1) for seed in (1, 2))
    found = verdict.promote(paired, again, attempts=1, sources=(text, holder))
    if found.accepted:
        return Outcome(Status.PASSED.value, "", "")
    return Outcome("same_source", "promotion", found.reason)


def outcome_of(bad: Bad, names: Collection[str] = (), *, seed: int | None = None) -> Outcome:
    """What becomes of a bad kernel, some layers taken out."""
    with without(names):
        chosen = bad.seed if seed is None else seed
        return judged(bad.text, bad.kernel, bad.size, name=bad.path.name, seed=chosen)


def outcome_of_twin(bad: Bad) -> Outcome:
    """What becomes of its honest twin, taken as far."""
    twin = bad.twin_path
    return judged(twin.read_text("utf-8"), bad.kernel, bad.size, name=twin.name, seed=bad.seed)
