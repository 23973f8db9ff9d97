"""The command line of `python -m agent_steel`: its options, its help, and what they select."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from agent_steel import loop, proposers, settings, welding
from agent_steel.extras import Extras
from agent_steel.loop import Options
from agent_steel.plan import Seat, StrategyName
from agent_steel.predicting import PREFIX, stem_of
from agent_steel.providers import opening, pricing
from agent_steel.report import writing
from agent_steel.settings import Folders
from agent_steel.view import Board
from harness import console, devices
from harness.errors import EnvironmentFault, ExitCode, UserError

INTERRUPTED = 130
REPLAY = "replay"
DEVICES = ("cpu", "metal", "cuda")
_IMAGES = (".png",)

_EXAMPLES = """\
examples
  python -m agent_steel --kernel-name relu,softmax --parallel 2 --loop --max-rounds 3
  python -m agent_steel --kernel-name softmax --loop --provider anthropic --budget-usd 2
  python -m agent_steel --kernel-name softmax --loop --strategy swarm \\
      --provider anthropic,openai --context-file cuda=softmax.cu
  python -m agent_steel --welder my_kernel --description '...' --reference ref.py --loop
  python -m agent_steel --reference KernelBench/level1      what of a folder can be authored
  python -m agent_steel --resume RUN             go on with a run that was stopped or killed
  python -m agent_steel --provider replay --device replay --recording RUN
  python -m agent_steel --history softmax        every attempt, as a tree

exit codes
  0 gain, on every kernel    1 no gain    2 wrong use    3 the environment lacks something
  4 a host failed    130 interrupted
"""


def parser() -> argparse.ArgumentParser:
    """Every option."""
    it = argparse.ArgumentParser(
        prog="python -m agent_steel",
        description="Search for faster kernels. The harness judges; no model has a say in that.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = it.add_argument_group("what").add_mutually_exclusive_group(required=False)
    what.add_argument("--kernel-name", metavar="A,B", help="kernels to improve")
    what.add_argument("--welder", metavar="NAME", help="author a new kernel, then improve it")
    what.add_argument("--history", metavar="NAME", help="show every attempt on a kernel")
    what.add_argument("--resume", metavar="RUN", help="go on with a run")
    it.add_argument("--recording", metavar="RUN", help="a run, or its folder, to replay")
    it.add_argument(
        "--loop", action="store_true", help="search; without it: measure, report and diagnose"
    )
    it.add_argument("--json", action="store_true", help="without --loop: one JSON object a kernel")
    welding.add_options(it)
    _add_proposing(it)
    _add_stopping(it)
    _add_measuring(it)
    return it


def _add_proposing(it: argparse.ArgumentParser) -> None:
    group = it.add_argument_group("proposing")
    group.add_argument(
        "--provider",
        metavar="P[,Q]",
        help=f"offline, {', '.join(opening.NAMES)} (anthropic with a key, else offline)",
    )
    group.add_argument("--model", metavar="M[,N]", default="", help="one for each provider")
    group.add_argument("--strategy", choices=get_args(StrategyName), default="greedy")
    group.add_argument(
        "--context-file",
        metavar="NAME=FILE",
        action="append",
        default=[],
        help="show a file too: cuda=F, or image=F for a model that sees",
    )
    group.add_argument("--start", type=Path, metavar="X.metal", help="begin with this source")
    group.add_argument("--seed", type=int, default=0)


def _add_stopping(it: argparse.ArgumentParser) -> None:
    group = it.add_argument_group("when to stop (of this run; hard)")
    group.add_argument("--max-rounds", type=int, default=5, metavar="N")
    group.add_argument("--max-no-improvement", type=int, default=3, metavar="N")
    group.add_argument("--retries", type=int, default=4, metavar="N", help="in a round")
    group.add_argument("--roofline", type=float, default=0.85, metavar="SHARE")
    group.add_argument("--budget-usd", type=float, metavar="USD", help="over all kernels")
    group.add_argument("--budget-minutes", type=float, metavar="MIN", help="for each kernel")


def _add_measuring(it: argparse.ArgumentParser) -> None:
    group = it.add_argument_group("measuring")
    group.add_argument("--device", default="auto", help=f"{', '.join(devices.names())}, auto")
    group.add_argument(
        "--objective",
        default="",
        metavar="O",
        help="cpu, cuda, metal: the device; predicted:CHIP: a model",
    )
    group.add_argument("--size", default="published", metavar="NAME|k=v,…")
    group.add_argument("--threads", type=int, default=0, metavar="N")
    group.add_argument("--parallel", type=int, default=1, metavar="N", help="kernels at a time")
    group.add_argument(
        "--no-promote", action="store_true", help="end without the gate; metal/ stays as it is"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and turn every failure into its exit code."""
    given = parser().parse_args(arguments)
    try:
        return int(_run(given))
    except UserError as problem:
        console.error(problem.message, problem.hint)
        return int(problem.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return int(ExitCode.PASSED)


def _run(given: argparse.Namespace) -> ExitCode:
    folders = settings.folders()
    board = Board(console.out)
    if given.history:
        return loop.show_history(folders, given.history, board)
    if given.welder or given.reference:
        code, names = welding.command(given, folders, board.say)
        if code is not ExitCode.PASSED or not given.loop or not names:
            return code
        given.kernel_name = ",".join(names)
    if (
        given.recording
        or given.device == REPLAY
        or (given.provider, given.replies) == (REPLAY, None)
    ):
        return _replay(given, folders, board)
    if given.resume:
        runs = [loop.resumed(folders, given.resume)]
        return _search(given, runs, folders, board)
    if not given.kernel_name:
        raise UserError("nothing to do", "--kernel-name NAME --loop; --help shows the rest")
    options = options_of(given, board)
    if not given.loop:
        return loop.measure_only(options, board)
    return _search(given, loop.new_runs(options, folders), folders, board)


def _search(given: argparse.Namespace, runs: Any, folders: Folders, board: Board) -> ExitCode:
    loop.announce(runs, board)
    found = loop.search(runs, given.parallel, board)
    gains = []
    for run, one in zip(runs, found, strict=True):
        loop.report(one, folders, board)
        gained = one.kept > 0
        measured = not one.objective.startswith(PREFIX)
        if gained and measured and not given.no_promote and one.stopped != "signal":
            gained = loop.finish(run, board).promoted is not None
        gains.append(gained)
    writing.write([run.folder for run in runs])
    for one in found:
        if one.stopped == "signal":
            board.say(f"{one.kernel}: stopped; --resume {one.run} goes on")
    return loop.exit_code(gains)


def _folder(given: argparse.Namespace, folders: Folders) -> Path:
    named = Path(given.recording)
    return named if named.is_dir() else folders.run(given.recording)


def _replay(given: argparse.Namespace, folders: Folders, board: Board) -> ExitCode:
    """Both sides come from one recording: half a replay would prove nothing."""
    if not given.recording:
        raise UserError(
            "a replay needs a recording", "--recording RUN, or its folder; --replies FILE to search"
        )
    run = loop.replayed(folders, _folder(given, folders))
    found = loop.search([run], 1, board)
    writing.write([run.folder])
    loop.report(found[0], run.folders, board)
    return loop.exit_code([one.kept > 0 for one in found])


def options_of(given: argparse.Namespace, board: Board) -> Options:
    """Everything that can be wrong about the options is said here, before anything is begun."""
    objective = given.objective
    device = "cpu" if given.device == "auto" else given.device.partition(":")[0]
    if objective.startswith(PREFIX):
        stem_of(objective)
    elif objective and objective != device:
        if objective not in DEVICES:
            raise UserError(
                f"unknown objective {objective!r}", f"{', '.join(DEVICES)}, predicted:CHIP"
            )
        raise EnvironmentFault(
            f"objective {objective} cannot be measured on device {device}",
            "name the --device that it is measured on",
        )
    extras = extras_of(given.context_file)
    seats, call_usd = seats_of(given, extras, board)
    names = [name.strip() for name in given.kernel_name.split(",") if name.strip()]
    if len(set(names)) != len(names):
        raise UserError("a kernel is named twice")
    _positive(given)
    if given.json and given.loop:
        raise UserError(
            "--json goes without --loop", "a search writes summary.json into its folder"
        )
    return Options(
        kernels=tuple(names),
        seats=seats,
        strategy=given.strategy,
        device=given.device,
        objective=objective,
        size=given.size,
        threads=given.threads,
        seed=given.seed,
        max_rounds=given.max_rounds,
        max_no_improvement=given.max_no_improvement,
        tries=given.retries + 1,
        roofline_stop=given.roofline,
        budget_usd=given.budget_usd,
        budget_minutes=given.budget_minutes,
        call_usd=call_usd,
        parallel=given.parallel,
        start=given.start,
        extras=extras,
        replies=given.replies,
        as_json=given.json,
    )


def _positive(given: argparse.Namespace) -> None:
    least = {"max_rounds": 1, "max_no_improvement": 1, "retries": 0, "parallel": 1, "threads": 0}
    for name, bound in least.items():
        if getattr(given, name) < bound:
            raise UserError(f"--{name.replace('_', '-')} is at least {bound}")
    for name in ("budget_usd", "budget_minutes", "roofline"):
        if getattr(given, name) is not None and getattr(given, name) <= 0:
            raise UserError(f"--{name.replace('_', '-')} is more than 0")


def seats_of(
    given: argparse.Namespace, extras: Extras, board: Board
) -> tuple[tuple[Seat, ...], float]:
    """A seat for each provider, in a swarm also for each context; and what one call costs most."""
    names = [name for name in (given.provider or "").split(",") if name]
    if not names:
        names = ["anthropic"] if opening.has_key("anthropic") else [proposers.OFFLINE]
        if names == [proposers.OFFLINE]:
            board.say("no key (ANTHROPIC_API_KEY): using offline, which asks no model")
    models = given.model.split(",") if given.model else [""] * len(names)
    if len(models) != len(names):
        raise UserError(f"{len(models)} models for {len(names)} providers")
    contexts = tuple((*extras.texts, *extras.images))
    choices = [(), *((one,) for one in contexts)] if given.strategy == "swarm" else [contexts]
    seats, dearest = [], 0.0
    for name, model in zip(names, models, strict=True):
        if name != proposers.OFFLINE:
            if given.budget_usd is not None:
                opening.require_price(name, model)
            # A missing key or package is said now.
            opening.open_provider(name, model, replies=given.replies)
            dearest = max(dearest, _call_usd(name, model))
        alone = name == proposers.OFFLINE
        label = proposers.name_of(name, model)
        seats += [Seat(proposer=label, contexts=one) for one in ([()] if alone else choices)]
    return tuple(seats), dearest


def _call_usd(name: str, model: str) -> float:
    return pricing.expected_usd(model or opening.default_model(name))


def extras_of(given: Sequence[str]) -> Extras:
    """The files that --context-file names, as texts and images."""
    texts, images = {}, {}
    for item in given:
        name, separator, file = item.partition("=")
        path = Path(file)
        if not separator or not name.isidentifier():
            raise UserError(f"--context-file {item!r} is not NAME=FILE")
        try:
            if path.suffix.lower() in _IMAGES:
                images[name] = path.read_bytes()
            else:
                texts[name] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise UserError(f"cannot read --context-file {path}: {problem}") from None
    return Extras(texts, images)
