"""What the command line asks for: plans, searches side by side, their finals, and what they say."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from agent_steel import budget, finals, history, profiling, proposers, summary
from agent_steel.asking import OpenSeat
from agent_steel.database import AttemptDB
from agent_steel.events import Log
from agent_steel.extras import Extras
from agent_steel.finals import Final
from agent_steel.judge import HarnessJudge
from agent_steel.plan import Plan, Seat, StartOrigin, StrategyName
from agent_steel.predicting import PREFIX, PredictingJudge, stem_of
from agent_steel.problems import problem_of
from agent_steel.replaying import Recording
from agent_steel.run import Run
from agent_steel.settings import Folders
from agent_steel.starting import start_of
from agent_steel.summary import Summary
from agent_steel.view import Board
from harness import atomic, console
from harness.errors import ExitCode, UserError
from harness.problem import catalog
from harness.problem.catalog import Kernel

LiveJudge = HarnessJudge | PredictingJudge


@dataclass(frozen=True)
class Options:
    """What a person asked for, checked; the plan of each kernel follows from it."""

    kernels: tuple[str, ...]
    seats: tuple[Seat, ...]
    strategy: StrategyName = "greedy"
    device: str = "auto"
    objective: str = ""
    size: str = "published"
    threads: int = 0
    seed: int = 0
    max_rounds: int = 5
    max_no_improvement: int = 3
    tries: int = 5
    roofline_stop: float = 0.85
    budget_usd: float | None = None
    budget_minutes: float | None = None
    call_usd: float = 0.0
    parallel: int = 1
    promote: bool = True
    start: Path | None = None
    extras: Extras = field(default_factory=Extras)
    replies: Path | None = None  # of the provider `replay`
    as_json: bool = False  # without a search


def new_plan(options: Options, folders: Folders, name: str, judge: LiveJudge) -> Plan:
    """The plan of one kernel. Caps are shared out equally: no search can eat another's."""
    share = len(options.kernels)
    objective = options.objective or judge.device
    known = AttemptDB(folders.history(name, judge.chip)).read()
    if options.start is not None:
        origin: StartOrigin = "file"
        source = catalog.read_source(options.start).text
    else:
        source, origin = start_of(
            judge.kernel, judge.chip, known, objective=objective, size=options.size
        )
    given: dict[str, Any] = {
        field: getattr(options, field)
        for field in (
            "seats", "strategy", "size", "threads", "seed", "max_rounds", "max_no_improvement",
            "tries", "roofline_stop", "budget_minutes", "call_usd",
        )
    }  # fmt: skip
    return Plan(
        run=_run_name(name),
        kernel=name,
        chip=judge.chip,
        device=judge.device,
        objective=objective,
        budget_usd=None if options.budget_usd is None else options.budget_usd / share,
        start=source,
        start_origin=origin,
        **given,
    )


def judge_of(kernel: Kernel, objective: str, device: str, size: str, threads: int) -> LiveJudge:
    """The judge of an objective: a device here, or the model of a chip that is not."""
    if objective.startswith(PREFIX):
        stem = stem_of(objective)
        return PredictingJudge(kernel, stem, size, threads, on_wait=console.waiting)
    return HarnessJudge(kernel, device, size, threads, on_wait=console.waiting)


def _run_name(kernel: str) -> str:
    now = datetime.now(timezone.utc)
    return f"{now.strftime('%Y%m%d-%H%M%S')}-{kernel}-{secrets.token_hex(2)}"


def new_runs(options: Options, folders: Folders) -> list[Run]:
    """One search a kernel, none begun."""
    runs = []
    open_seat: OpenSeat = proposers.open_seat
    if options.replies is not None:
        open_seat = partial(proposers.open_seat, replies=options.replies)
    for name in options.kernels:
        kernel = catalog.default().find(name)
        judge = judge_of(kernel, options.objective, options.device, options.size, options.threads)
        plan = new_plan(options, folders, name, judge)
        runs.append(Run(folders, plan, problem_of(kernel), judge, open_seat, options.extras))
    return runs


def resumed(folders: Folders, name: str) -> Run:
    """A run of the past, to go on with."""
    recording = Recording.read(folders.run(name))
    plan = recording.plan
    kernel = catalog.default().find(plan.kernel)
    judge = judge_of(kernel, plan.objective, plan.device, plan.size, plan.threads)
    if judge.chip != plan.chip:
        raise UserError(f"{name} was made on {plan.chip}, this is {judge.chip}")
    return Run(folders, plan, problem_of(kernel), judge, proposers.open_seat)


def replayed(folders: Folders, folder: Path) -> Run:
    """A recorded run, again, below .agent-steel/replays."""
    recording = Recording.read(folder)
    kernel = catalog.default().find(recording.plan.kernel)
    target = Folders(folders.root / "replays")
    if target.run(recording.plan.run).exists():
        raise UserError(
            f"{recording.plan.run} was replayed before", f"remove {target.run(recording.plan.run)}"
        )
    return recording.run(target, problem_of(kernel), proposers.from_provider)


def search(runs: Sequence[Run], parallel: int, board: Board) -> list[Summary]:
    """Run all, `parallel` at a time; Ctrl-C lets each end after its present step."""
    stop = threading.Event()
    kernels = [run.plan.kernel for run in runs]
    for run in runs:
        run.stop = stop
        alone = kernels.count(run.plan.kernel) == 1
        run.view = board.of(run.plan.kernel if alone else run.plan.run)
    with _ending(stop, board), board, ThreadPoolExecutor(max(1, parallel)) as pool:
        pending = [pool.submit(_one, run) for run in runs]
        try:
            return [future.result() for future in pending]
        except BaseException:
            stop.set()
            raise


def _one(run: Run) -> Summary:
    try:
        run.execute()
    finally:
        run.judge.close()
    return summarised(run)


def summarised(run: Run) -> Summary:
    """Fold the log and keep what it came to."""
    found = summary.summarise(Log(run.folder / "log.jsonl").read())
    atomic.write_json(run.folder / "summary.json", found.model_dump(mode="json"))
    return found


@contextmanager
def _ending(stop: threading.Event, board: Board) -> Iterator[None]:
    """The first Ctrl-C asks every search to end; the second one ends the process."""

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        board.console.print("ending after the present step; Ctrl-C again ends at once")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def report(found: Summary, folders: Folders, board: Board) -> None:
    """What a search came to."""
    spent = "" if not found.calls else f", {found.calls} calls"
    cost = "" if not found.calls or found.usd is None else f", ${found.usd:.4f}"
    board.say(
        f"{found.kernel}: {found.gain:.2f}x in {found.rounds} rounds, {found.attempts} attempts"
        f" ({found.right} right, {found.kept} kept){spent}{cost}; stopped: {found.stopped}"
    )
    for technique in found.techniques:
        board.say(f"  + {technique}")
    board.say(f"  {folders.run(found.run)}")


def finish(run: Run, board: Board) -> Final:
    """Gate and promote; says what came of it."""
    attempts = sorted(run.attempts.values(), key=lambda one: one.ordinal)
    with console.working(f"{run.plan.kernel}: held-out gate and confirmation"):
        final = finals.settle(run.folders, run.plan, attempts)
    for one in final.verdicts:
        board.say(f"  finals: {one.attempt} {'passed' if one.passed else one.reason}")
    if final.path:
        board.say(f"  promoted to {final.path}; ./bench {run.plan.kernel} makes it a Record")
    return final


def exit_code(gains: Sequence[bool]) -> ExitCode:
    """0 only if every kernel gained."""
    return ExitCode.PASSED if gains and all(gains) else ExitCode.REFUSED


def announce(runs: Sequence[Run], board: Board) -> None:
    """What this will take, before anything is spent."""
    for run in runs:
        plan = run.plan
        seats = ", ".join(seat.label for seat in plan.seats)
        board.say(
            f"{plan.kernel} on {plan.chip} at {plan.size}: {plan.strategy}, {seats},"
            f" {budget.estimate(plan).text()}; from {plan.start_origin}"
        )


def measure_only(options: Options, board: Board) -> ExitCode:
    """Without --loop: what the search would begin with, judged, timed beside MLX and diagnosed."""
    passed = True
    for name in options.kernels:
        kernel = catalog.default().find(name)
        judge = HarnessJudge(
            kernel, options.device, options.size, options.threads, on_wait=console.waiting
        )
        source = catalog.default().variant(kernel, judge.chip).source.text
        if options.start is not None:
            source = catalog.read_source(options.start).text
        with console.working(f"{name}: measuring"):
            found = judge.baseline(source)
        proposer = options.seats[0].proposer
        profiling.show(found, source, proposer, options.budget_usd, board, options.as_json)
        passed = passed and found.evaluation.passed
    if not options.as_json:
        board.say("\n--loop searches for something faster")
    return ExitCode.PASSED if passed else ExitCode.REFUSED


def show_history(folders: Folders, kernel: str, board: Board) -> ExitCode:
    """The tree of every chip."""
    found = history.files(folders, kernel)
    if not found:
        raise UserError(f"no history of {kernel!r}", f"it would lie in {folders.root / 'history'}")
    for path in found:
        for line in history.tree(path):
            board.say(line)
    return ExitCode.PASSED
