"""Runs the cells of a comparison. Each is a run's folder: what is finished is not run again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_steel import loop, proposers
from agent_steel.asking import Wrap
from agent_steel.compare import scoring
from agent_steel.compare.design import Arm, Cell, Design
from agent_steel.compare.scoring import Examiner, HarnessExaminer
from agent_steel.events import Log, Started
from agent_steel.extras import Extras
from agent_steel.loop import LiveJudge
from agent_steel.machine import State, fold
from agent_steel.offline.naive import Unsupported, naive_kernel
from agent_steel.plan import Plan, Seat
from agent_steel.problems import problem_of
from agent_steel.proposing import Proposer
from agent_steel.providers import opening, pricing, replay
from agent_steel.run import Run
from agent_steel.settings import Folders
from agent_steel.view import Board
from harness import atomic
from harness.errors import UserError
from harness.problem import catalog
from harness.problem.catalog import Kernel

#: A cell ends by its budget alone, so that none is spared what another has to spend.
_NO_ROOF = 1e9
_IMAGES = (".png",)
#: Starts that the catalog holds; `naive` is written, any other is a file.
CATALOGUED = ("variant", "seed")


@dataclass(frozen=True)
class Place:
    """Everything that a comparison writes, by name."""

    folder: Path

    @classmethod
    def of(cls, folders: Folders, design: Design) -> Place:
        """Below .agent-steel/compare."""
        return cls(folders.root / "compare" / design.name)

    @property
    def folders(self) -> Folders:
        """Runs and histories of the cells, apart from those of other searches."""
        return Folders(self.folder)

    def score(self, cell: Cell) -> Path:
        """What a cell came to."""
        return self.folder / "scores" / f"{cell.name}.json"

    def start(self, kernel: str) -> Path:
        """The source that every cell of a kernel begins with."""
        return self.folder / "starts" / f"{kernel}.metal"

    def state(self, cell: Cell) -> State | None:
        """Where a cell's search stands; None: not begun."""
        events = Log(self.folders.run(cell.name) / "log.jsonl").read()
        return fold(events) if events and isinstance(events[0], Started) else None

    def is_finished(self, cell: Cell, design: Design) -> bool:
        """Whether nothing is left to do for a cell."""
        state = self.state(cell)
        if state is None or state.stopped in ("", "signal"):
            return False
        return self.is_scored(cell, design)

    def is_scored(self, cell: Cell, design: Design) -> bool:
        """Whether a cell was confirmed as the design asks for."""
        path = self.score(cell)
        if design.confirm == "none":
            return True
        known = scoring.read(path) if path.exists() else None
        return known is not None and (known.attempt is None or known.mode == design.confirm)

    def seed(self) -> int:
        """Of the held-out draws: drawn once, the same for all cells; prompts cannot know it."""
        path = self.folder / "held_out_seed.json"
        if not path.exists():
            atomic.write_json(path, {"schema_version": 1, "seed": secrets.randbits(62)})
        return int(json.loads(path.read_text("utf-8"))["seed"])


def check(design: Design, beside: Path) -> None:
    """Refuse what cannot be run before anything is spent. Files are sought in `beside`."""
    if design.device == replay.NAME:
        raise UserError(
            "a comparison measures: its device is not replayed", "models may be: replay/NAME"
        )
    for name in design.kernels:
        kernel = catalog.default().find(name)
        for size in scoring.shown_sizes(kernel, design.size):
            catalog.point_of(kernel.spec, size)
        if design.start == "naive":
            naive_start(kernel)
        elif design.start not in CATALOGUED:
            catalog.read_source(_file(design.start, name, beside))
        extras_of(design, name, beside)
        for replies in design.replies.values():
            replay.read_lines(_file(replies, name, beside))
    for model in {model for arm in design.arms for model in arm.models}:
        provider, _, chosen = model.partition("/")
        if provider in (proposers.OFFLINE, replay.NAME):
            continue
        if design.budget.usd is not None:
            opening.require_price(provider, chosen)
        opening.open_provider(provider, chosen)  # a missing key or package is said now


def run_all(design: Design, place: Place, beside: Path, board: Board, parallel: int = 1) -> bool:
    """Run what is not finished, `parallel` cells at a time; False if a person stopped it."""
    left = [cell for cell in design.cells if not place.is_finished(cell, design)]
    done = len(design.cells) - len(left)
    board.say(estimate(design, left))
    for batch in _batches(left, parallel):
        for number, cell in enumerate(batch, done + 1):
            board.say(f"cell {number} of {len(design.cells)}: {cell.label}")
        runs = [run_of(cell, design, place, beside) for cell in batch]
        found = loop.search(runs, parallel, board)
        if any(one.stopped == "signal" for one in found):
            return False
        for cell, run in zip(batch, runs, strict=True):
            confirm(cell, run, design, place)
        done += len(batch)
    return True


def estimate(design: Design, left: Sequence[Cell]) -> str:
    """What is still to be spent at most, before it is."""
    caps = design.budget
    costs = [caps.attempts * dearest_usd(cell.arm) for cell in left]
    usd = sum(cost if caps.usd is None else min(cost, caps.usd) for cost in costs)
    spent = f", about ${usd:.2f} in all" if usd else ", no cost"
    minutes = "" if caps.minutes is None else f", {caps.minutes * len(left):g} minutes in all"
    return f"{len(left)} searches left, at most {caps.attempts} attempts each{minutes}{spent}"


def _batches(cells: Sequence[Cell], count: int) -> Iterator[list[Cell]]:
    for begin in range(0, len(cells), count):
        yield list(cells[begin : begin + count])


def run_of(cell: Cell, design: Design, place: Place, beside: Path) -> Run:
    """The search of a cell, as far as it has come. It knows of no other search."""
    kernel = catalog.default().find(cell.kernel)
    judge = loop.judge_of(kernel, "", design.device, design.size, design.threads)
    plan = plan_of(cell, design, judge, start_of(cell.kernel, design, place, beside, judge))
    state = place.state(cell)
    if state is not None:
        _same(state.plan, plan, place)

    def open_seat(seat: Seat, wrap: Wrap) -> Proposer:
        provider, _, name = seat.proposer.partition("/")
        if provider != replay.NAME:
            return proposers.open_seat(seat, wrap)
        answered = len(list((place.folders.run(cell.name) / "replies").glob("*.json")))
        lines = replay.read_lines(_file(design.replies[name], cell.kernel, beside))
        return proposers.from_provider(wrap(replay.ReplayProvider(lines, name, answered)))

    return Run(
        place.folders,
        plan,
        problem_of(kernel),
        judge,
        open_seat,
        extras_of(design, cell.kernel, beside, cell.arm),
        known=[],
    )


def plan_of(cell: Cell, design: Design, judge: LiveJudge, start: str) -> Plan:
    """What a cell's search may do: budgets alone end it."""
    caps = design.budget
    return Plan(
        run=cell.name,
        kernel=cell.kernel,
        chip=judge.chip,
        device=judge.device,
        objective=judge.device,
        size=design.size,
        strategy=cell.arm.strategy,
        seats=cell.arm.seats,
        max_rounds=caps.attempts + 1,  # out of reach: a round has an attempt at least
        max_no_improvement=caps.attempts + 1,
        max_attempts=caps.attempts,
        tries=design.tries,
        roofline_stop=_NO_ROOF,
        budget_usd=caps.usd,
        budget_minutes=caps.minutes,
        call_usd=dearest_usd(cell.arm),
        threads=design.threads,
        seed=cell.seed,
        start=start,
        start_origin="catalog" if design.start in CATALOGUED else "file",
    )


def dearest_usd(arm: Arm) -> float:
    """What a call of the dearest model costs about; 0 where nothing is billed."""
    asked = [model.partition("/") for model in arm.models]
    return max(
        pricing.expected_usd(model or opening.default_model(provider))
        if provider not in (proposers.OFFLINE, replay.NAME)
        else 0.0
        for provider, _, model in asked
    )


def _same(before: Plan, now: Plan, place: Place) -> None:
    """A cell goes on as it was begun, or not at all."""
    known, wanted = before.model_dump(), now.model_dump()
    other = [name for name in known if known[name] != wanted[name]]
    if other:
        raise UserError(
            f"{before.run} was begun with another {other[0]}:"
            f" {str(known[other[0]])[:80]}, not {str(wanted[other[0]])[:80]}",
            f"give the plan another name, or remove {place.folder}",
        )


def start_of(name: str, design: Design, place: Place, beside: Path, judge: LiveJudge) -> str:
    """What every cell of a kernel begins with: kept by the first one, so that later ones agree."""
    path = place.start(name)
    if not path.exists():
        found = catalog.default()
        kernel = found.find(name)
        if design.start == "variant":
            text = found.variant(kernel, judge.chip).source.text
        elif design.start == "seed":
            text = found.seed(kernel).text
        elif design.start == "naive":
            text = naive_start(kernel)
        else:
            text = catalog.read_source(_file(design.start, name, beside)).text
        atomic.write_text(path, text)
    return catalog.read_source(path).text


def naive_start(kernel: Kernel) -> str:
    """The plain kernel that follows from the SPEC; a UserError where none can be written."""
    try:
        return naive_kernel(kernel.spec).source
    except Unsupported as problem:
        raise UserError(
            f"no naive kernel of {kernel.name} can be written: {problem}",
            "leave it out, or choose another start",
        ) from None


def extras_of(design: Design, kernel: str, beside: Path, arm: Arm | None = None) -> Extras:
    """The contexts of a kernel's cell; without `arm`, all that the design names."""
    names = design.context if arm is None else arm.contexts
    texts: dict[str, str] = {}
    images: dict[str, bytes] = {}
    for name in names:
        path = _file(design.context[name], kernel, beside)
        try:
            if path.suffix.lower() in _IMAGES:
                images[name] = path.read_bytes()
            else:
                texts[name] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise UserError(f"context {name} of {kernel}: cannot read {path}: {problem}") from None
    return Extras(texts, images)


def _file(pattern: str, kernel: str, beside: Path) -> Path:
    return beside / pattern.replace("{kernel}", kernel)


def confirm(
    cell: Cell, run: Run, design: Design, place: Place, examiner: Examiner | None = None
) -> None:
    """Score a cell whose search has ended, unless it was."""
    if place.is_scored(cell, design):
        return
    ended = run.attempts.get(run.state.incumbent)
    best = ended if ended is not None and ended.outcome == "kept" else None
    sizes = scoring.shown_sizes(catalog.default().find(cell.kernel), design.size)
    chosen = examiner or examiner_of(run, design, place)
    found = scoring.score(run.plan, best, sizes, chosen, design.confirm)
    atomic.write_json(place.score(cell), found.model_dump(mode="json"))


def examiner_of(run: Run, design: Design, place: Place) -> Examiner:
    if design.confirm == "none":
        raise ValueError("nothing is to be confirmed")
    return HarnessExaminer(
        kernel=catalog.default().find(run.plan.kernel),
        device=run.plan.device,
        threads=design.threads,
        mode=design.confirm,
        seed=place.seed(),
    )
