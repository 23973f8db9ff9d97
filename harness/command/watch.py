"""`--watch`: judges a source again whenever it is saved, with the change against the last save."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness import console, judging
from harness.board.promotion import Request
from harness.command import shown
from harness.devices.base import Source
from harness.errors import ExitCode, UserError
from harness.evaluation import Evaluation, Refusal, Samples, Verdict
from harness.problem import catalog
from harness.problem.catalog import Kernel
from harness.settings import Settings
from harness.timing import verdict

#: An editor may truncate before it writes; a text counts once two looks agree.
_POLL_S = 0.2
_TONES = {Verdict.FASTER: "bold green", Verdict.SLOWER: "bold red"}


def run(name: str, file: str, command_line: Mapping[str, Any]) -> int:
    """Judge now and on every save until interrupted."""
    kernel = catalog.default().find(name)
    settings = Settings.resolve({}, {**command_line, "save": False})
    path = Path(file)
    catalog.read_source(path)  # a path that cannot be read is wrong use, said at once
    last: Evaluation | None = None
    for source in saves(path):
        last = judge_save(kernel, source, settings, last)
        console.say(f"watching {file}; Ctrl-C ends", style="dim")
    return ExitCode.PASSED


def saves(path: Path) -> Iterator[Source]:
    """The text of `path` now and after every change; moments without a readable one are said."""
    pending: Source | str | None = None
    seen: Source | str | None = None
    while True:
        now = _look(path)
        if now == pending and now != seen:
            seen = now
            if isinstance(now, Source):
                yield now
            else:
                console.error(now)
        pending = now
        time.sleep(_POLL_S)


def _look(path: Path) -> Source | str:
    """The source, or why there is none."""
    try:
        return catalog.read_source(path)
    except UserError as error:
        return error.message


def judge_save(
    kernel: Kernel, source: Source, settings: Settings, last: Evaluation | None
) -> Evaluation | None:
    """Judge one save; the Evaluation that the next save is compared with."""
    try:
        found = judging.judged(kernel, source, settings, settings.sizes[0])
        shown.show(found)
        known = last is None or verdict.same_source(last.source, source.recorded)
        if last is not None and found.passed and not known:
            _show_change(judging.pair(_request(found, last, settings)))
    except UserError as error:
        console.error(error.message, error.hint)
        return last
    return found if found.passed else last


def _request(found: Evaluation, last: Evaluation, settings: Settings) -> Request:
    return Request(
        kernel=found.kernel,
        size=found.size,
        device=found.device,
        threads=settings.threads,
        source=found.source,
        variant=found.variant,
        incumbent=last.source,
        mode="report",
    )


def _show_change(paired: Samples | Refusal) -> None:
    if isinstance(paired, Refusal):
        console.say(f"change: not measured, {paired.reason}", style="yellow")
        return
    shown = verdict.judge(paired)
    if shown.verdict is None or shown.speedup is None:
        console.say(f"change: not measured, {shown.reason}", style="yellow")
        return
    interval = "" if shown.interval is None else " [{:.3f}, {:.3f}]".format(*shown.interval)
    said = f"change since the last save that passed: {shown.speedup:.3f}x{interval}"
    console.say(f"{said} {shown.verdict.value}", style=_TONES.get(shown.verdict, ""))
