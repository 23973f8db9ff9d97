"""The command line of `./bench`: its options, its help, and which command they select."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness import console, settings
from harness.errors import ExitCode, UserError

if TYPE_CHECKING:
    from harness.command import commands

INTERRUPTED = 128 + signal.SIGINT

_EXAMPLES = """\
examples
  ./bench sqr_mm                        judge it, time it beside MLX, keep a confirmed Record
  ./bench relu,softmax --check-only     are they right?
  ./bench softmax --file mine.metal     any source against the SPEC; never saved
  ./bench softmax --watch mine.metal    judge again on every save
  ./bench relu --size rows=7,cols=9973  at a size of your own
  ./bench softmax --held-out            is it right, and fast, at sizes that nobody listed?
  ./bench --reproduce softmax           does somebody's Record hold on this machine?
  ./bench --verify main --head pr-12    is a pull request's kernel right, and its Record true?
  ./bench relu -- --target memory --iters 50 --seed 3
  ./bench --all --json > rows.jsonl     one JSON object a kernel
  ./bench --predict m4_max softmax      what could it take on a chip that is not here?
  ./bench --export softmax              a Python module that calls it from MLX
  ./bench --gputracer softmax           one run as a .gputrace, on a Mac; or --gputracer --all
  ./bench --audit relu --size check     does the problem refuse wrong answers?
  ./bench --serve < candidates.jsonl    for other programs' searches: JSON lines in and out

exit codes
  0 passed    1 a kernel was refused    2 wrong use    3 the environment lacks something, or
  this host cannot judge    4 a host failed    130 interrupted; of several, the worst
  --verify: 0 ACCEPT    1 REJECT    5 NEEDS-DEVICE: right here, its chip has to time it
  6 NEEDS-HUMAN: other files changed too    2 also if nothing changed at all
"""


def parser() -> argparse.ArgumentParser:
    """Every option of `./bench`."""
    it = argparse.ArgumentParser(
        prog="bench",
        usage="./bench NAME[,NAME...] [options]  |  ./bench --all | --list | --doctor",
        description="Judge Metal compute kernels against MLX, here, on this machine.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    it.add_argument("names", nargs="*", metavar="NAME", help="kernels, separated by commas")
    _add_commands(it)
    _add_judging(it)
    _add_timing(it)
    return it


def _add_commands(it: argparse.ArgumentParser) -> None:
    group = it.add_argument_group("commands").add_mutually_exclusive_group()
    group.add_argument("--all", action="store_true", help="every kernel, one after the other")
    group.add_argument("--list", action="store_true", help="the kernels there are")
    group.add_argument("--doctor", action="store_true", help="does everything work here?")
    group.add_argument(
        "--audit", action="store_true", help="do the problems refuse wrong answers? all, or NAME"
    )
    group.add_argument(
        "--reproduce", metavar="NAME", help="measure the Records of a kernel again and attest to it"
    )
    group.add_argument(
        "--predict", metavar="CHIP", help="what NAME could take on a chip that is not here: m4_max"
    )
    group.add_argument(
        "--export", metavar="NAME", help="the solution as a Python module for mx.fast.metal_kernel"
    )
    group.add_argument(
        "--first-light", action="store_true", help="the first run on a new machine, in one file"
    )
    group.add_argument(
        "--serve",
        action="store_true",
        help="judge candidates that other programs send, a JSON object a line: docs/agent-steel.md",
    )
    group.add_argument(
        "--verify",
        nargs="?",
        const="",
        metavar="BASE",
        help="judge a pull request with this checkout's code; BASE: origin/main or main",
    )
    it.add_argument(
        "--gputracer",
        nargs="?",
        const="",
        metavar="NAME",
        help="record a run of NAME, or with --all of each kernel, as a .gputrace in .bench/traces",
    )
    it.add_argument("--set", metavar="SET", help="with --all, --list or --audit: only this set")
    it.add_argument("--head", metavar="REF", help="with --verify: its commit, HEAD if not given")
    it.add_argument("--markdown", action="store_true", help="with --verify: a table to paste")


def _add_judging(it: argparse.ArgumentParser) -> None:
    group = it.add_argument_group("what is judged")
    sides = group.add_mutually_exclusive_group()
    sides.add_argument("--metal", action="store_true", help="only the kernel; never saved")
    sides.add_argument("--mlx", action="store_true", help="only MLX; never saved")
    sides.add_argument("--check-only", action="store_true", help="judge, do not time; never saved")
    files = group.add_mutually_exclusive_group()
    files.add_argument("--file", metavar="X.metal", help="this source instead; never saved")
    files.add_argument("--watch", metavar="X.metal", help="judge again whenever it is saved")
    group.add_argument(
        "--against",
        metavar="X.metal",
        help="time it beside this source too, in pairs; seed: the plain kernel of the problem",
    )
    group.add_argument("--device", default=None, metavar="D", help="cpu, metal, or replay:FILE")
    group.add_argument(
        "--engine",
        choices=("auto", "fast", "reference"),
        help="what runs a kernel on the CPU: --device cpu:ENGINE for short (default: auto)",
    )
    group.add_argument(
        "--size",
        metavar="S",
        help="published, large, check, or a point such as M=64,N=96 (others as published)",
    )
    group.add_argument(
        "--checked", action="store_true", help="look for races and the like at this size too"
    )
    group.add_argument(
        "--held-out", action="store_true", help="secret sizes and parameters too; never saved"
    )
    group.add_argument("--json", action="store_true", help="one strict JSON object a kernel")
    group.add_argument(
        "--feedback", action="store_true", help="one JSON object a kernel: what a search can act on"
    )
    group.add_argument("--no-session", action="store_true", help="save no Record")


def _add_timing(it: argparse.ArgumentParser) -> None:
    group = it.add_argument_group("how it is timed (these may stand after -- too)")
    group.add_argument("--mode", choices=settings.MODES, help="screen, report (default), record")
    group.add_argument("--threads", type=_count, metavar="N", help="cores the device may use")
    group.add_argument("--target", choices=settings.TARGETS, help="the headline score")
    group.add_argument(
        "--iters", type=_positive, metavar="N", help="samples of each side, in blocks of ten"
    )
    group.add_argument("--warmup", type=_count, metavar="N", help="warm-up visits of each side")
    group.add_argument("--seed", type=_count, metavar="N", help="seed of inputs and order")
    group.add_argument(
        "--cold-start", action="store_true", help="first-launch latency, in fresh processes"
    )


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _positive(text: str) -> int:
    if _count(text) == 0:
        raise argparse.ArgumentTypeError("it has to be at least 1")
    return int(text)


def kernel_names(options: argparse.Namespace) -> list[str]:
    """The kernels named, each once, in the order given."""
    given = [options.gputracer or "", *options.names]
    names = [name for part in given for name in part.split(",") if name]
    return list(dict.fromkeys(names))


def command_line(options: argparse.Namespace) -> dict[str, Any]:
    """The options that are settings, as `Settings.resolve` takes them; None where not given."""
    never_saved = options.metal or options.mlx or options.check_only or options.file
    never_saved = never_saved or options.held_out or options.against
    return {
        "device": f"cpu:{options.engine}" if options.engine else options.device,
        "sizes": None if options.size is None else sizes(options.size),
        "mode": options.mode,
        "target": options.target,
        "sides": "metal" if options.metal else "mlx" if options.mlx else None,
        "check_only": options.check_only or None,
        "checked": options.checked or None,
        "cold_start": options.cold_start or None,
        "held_out": options.held_out or None,
        "against": options.against,
        "save": False if never_saved or options.no_session or options.cold_start else None,
        "threads": options.threads,
        "iters": options.iters,
        "warmup": options.warmup,
        "seed": options.seed,
    }


def sizes(text: str) -> tuple[str, ...]:
    """`--size`: one point if it has an equals sign, else a list of named sizes."""
    if "=" in text:
        return (text,)
    return tuple(dict.fromkeys(part for part in text.split(",") if part))


def _check(options: argparse.Namespace, names: list[str]) -> None:
    """Refuse combinations that would not do what they say."""
    one_source = options.file or options.watch
    if one_source and len(names) != 1 and not options.export:
        raise UserError(
            "--file and --watch judge against one kernel", "./bench NAME --file X.metal"
        )
    if options.feedback and (options.json or options.watch or options.held_out or options.mlx):
        raise UserError("--feedback goes with none of --json, --watch, --held-out and --mlx")
    if options.engine and options.device not in (None, "auto", "cpu"):
        raise UserError("--engine is of the device cpu")
    if options.watch and (options.json or options.check_only or options.mlx):
        raise UserError("--watch goes with none of --json, --check-only and --mlx")
    if options.against and (options.check_only or options.mlx or options.watch or options.feedback):
        raise UserError(
            "--against times two sources: it goes with none of --check-only, --mlx,"
            " --watch and --feedback"
        )
    if options.cold_start and (options.check_only or options.mlx or options.watch):
        raise UserError("--cold-start times the kernel's first launch and goes alone")
    if options.held_out and (options.mlx or options.metal or options.watch or options.cold_start):
        raise UserError("--held-out goes with none of --mlx, --metal, --watch and --cold-start")
    if (options.all or options.list or options.doctor) and names:
        raise UserError("--all, --list and --doctor take no kernel names")
    if options.first_light and (names or one_source or options.size or options.json):
        raise UserError("--first-light takes --device and --threads alone")
    if options.export and (names or options.size or options.json or options.watch):
        raise UserError("--export NAME takes --file alone")
    if options.gputracer is not None:
        _check_trace(options, names)
    if options.predict and not names:
        raise UserError("--predict CHIP wants a kernel", "./bench --predict m4_max softmax")
    if options.reproduce and (names or one_source or options.held_out or options.check_only):
        raise UserError(
            "--reproduce NAME takes recorded sources alone", "--size chooses among them"
        )
    if options.verify is not None and (names or one_source or options.size or options.json):
        raise UserError("--verify [BASE] takes --head, --markdown, --device and --threads alone")
    if options.verify is None and (options.head or options.markdown):
        raise UserError("--head and --markdown go with --verify")
    if options.serve and (names or one_source or options.json or options.checked or options.seed):
        raise UserError("--serve takes --device, --engine, --threads, --mode and --size alone")
    if options.set and not (options.all or options.list or (options.audit and not names)):
        raise UserError("--set goes with --all, --list or --audit")
    if options.audit and (one_source or options.device or options.checked or options.held_out):
        raise UserError("--audit judges problems, not kernels: it takes --size and --seed alone")
    checks = options.size is not None and "check" in sizes(options.size)
    if checks and not (options.check_only or options.audit or options.gputracer is not None):
        raise UserError(
            "--size check goes with --check-only or --audit", "check sizes are not timed"
        )
    if options.size is not None and not sizes(options.size):
        raise UserError("--size is empty", "published, large, or a point such as M=64,N=96")


def _check_trace(options: argparse.Namespace, names: list[str]) -> None:
    if not (names or options.all):
        raise UserError("which kernel is to be recorded?", "./bench --gputracer softmax")
    if options.json or options.check_only or options.watch or options.checked or options.mlx:
        raise UserError("--gputracer takes --size, --file, --set with --all, and --device metal")


def dispatch(options: argparse.Namespace) -> int:
    """Run the chosen command; imports wait until it is known, so that each starts fast."""
    names = kernel_names(options)
    _check(options, names)
    if options.doctor:
        from harness.command import doctor

        return doctor.run()
    traced = options.gputracer is not None
    if options.predict or options.export or options.first_light or options.serve or traced:
        return _apart(options, names)
    if options.reproduce:
        from harness.command import reproduce

        return reproduce.run(options.reproduce, command_line(options), as_json=options.json)
    if options.verify is not None:
        from harness.verification import verify

        return verify.run(
            options.verify,
            options.head or "HEAD",
            device=options.device or "auto",
            threads=options.threads or 0,
            as_markdown=options.markdown,
        )
    if options.audit:
        from harness.command import audit

        chosen = None if options.size is None else sizes(options.size)
        return audit.run(names, options.set, chosen, seed=options.seed or 0, as_json=options.json)
    from harness.command import commands

    if options.list:
        return commands.list_kernels(options.set, as_json=options.json)
    if options.all:
        return commands.judge_all(options.set, command_line(options), form=_form(options))
    if not names:
        parser().print_usage(sys.stderr)
        console.error("which kernel?", "./bench --list shows them")
        return ExitCode.USAGE
    if options.watch:
        from harness.command import watch

        return watch.run(names[0], options.watch, command_line(options))
    return commands.judge(names, options.file, command_line(options), form=_form(options))


def _apart(options: argparse.Namespace, names: list[str]) -> int:
    """The commands that neither judge nor time a kernel for its own sake."""
    if options.predict:
        from harness.command import predict

        return predict.run(options.predict, names, options.size, options.file, as_json=options.json)
    if options.export:
        from harness.command import export

        return export.run(options.export, options.file)
    if options.gputracer is not None:
        from harness.command import gputracer
        from harness.problem import catalog

        if options.all:
            names = [kernel.name for kernel in catalog.default().kernels(options.set)]
        return gputracer.run(names, options.file, options.size, options.device)
    if options.serve:
        from harness.command import serve

        given = {"mode": options.mode, "threads": options.threads}
        given |= {"device": command_line(options)["device"]}
        given |= {"sizes": None if options.size is None else sizes(options.size)}
        return serve.run(serve.Defaults(**{n: v for n, v in given.items() if v is not None}))
    from harness.command import first_light

    return first_light.run(options.device or "auto", options.threads or 0)


def _form(options: argparse.Namespace) -> commands.Form:
    return "feedback" if options.feedback else "json" if options.json else "text"


def main(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code."""
    try:
        options = parser().parse_args([word for word in arguments if word != "--"])
        code = dispatch(options)
        sys.stdout.flush()
        return code
    except UserError as error:
        console.error(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        console.say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away; what is left in the buffer must not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
