"""What a person sees of running searches: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from agent_steel import budget
from agent_steel.attempt import Attempt
from agent_steel.budget import Spent
from agent_steel.machine import State
from harness.command.progress import duration

_COLUMNS = ("kernel", "round", "doing", "best so far", "tried", "cost", "time left")


@dataclass
class Board:
    """All searches of one command. On a terminal it is a context that draws until it is left."""

    console: Console
    _rows: dict[str, tuple[State, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _live: Live | None = None

    def __enter__(self) -> Board:
        if self.console.is_terminal:
            self._live = Live(
                get_renderable=self._table, console=self.console, refresh_per_second=4
            )
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, value, trace)
            self._live = None

    def of(self, kernel: str) -> KernelView:
        """The view that one search writes to."""
        return KernelView(self, kernel)

    def put(self, kernel: str, state: State, doing: str) -> None:
        """Where a search stands."""
        with self._lock:
            self._rows[kernel] = (state, doing)

    def say(self, line: str) -> None:
        """A line that stays."""
        with self._lock:
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(*_COLUMNS, box=None, pad_edge=False)
        with self._lock:
            rows = list(self._rows.items())
        for kernel, (state, doing) in rows:
            table.add_row(
                kernel,
                round_of(state),
                state.stopped or doing,
                f"{state.gain:.2f}x",
                str(state.following - 1),
                cost_of(state.spent),
                time_left(state),
            )
        return table


@dataclass
class KernelView:
    """Of one search: run.View."""

    board: Board
    kernel: str
    _before: Spent = field(default_factory=Spent)
    _shown_at: float = field(default_factory=time.monotonic)

    def update(self, state: State, doing: str, latest: Attempt | None) -> None:
        """Draw, and say what stays."""
        self.board.put(self.kernel, state, doing)
        warned = budget.warning(state.plan, self._before, state.spent)
        self._before = state.spent
        if warned:
            self.board.say(f"{self.kernel}: {warned}")
        if latest is not None:
            self.board.say(f"{self.kernel}: {line_of(latest, state)}")


def line_of(attempt: Attempt, state: State) -> str:
    """What became of an Attempt."""
    if attempt.ordinal == 0:
        ms = "" if attempt.kernel_ms is None else f", {attempt.kernel_ms:.4g} ms"
        return f"start: {attempt.status}{ms}{_because(attempt)}"
    what = f"{round_of(state, attempt)} {attempt.outcome}"
    speed = "" if attempt.speedup is None else f" {attempt.speedup:.2f}x"
    idea = f" · {attempt.technique}" if attempt.technique else ""
    return f"{what}{speed}{idea}{_because(attempt)} · best {state.gain:.2f}x"


def _because(attempt: Attempt) -> str:
    if attempt.outcome in ("refused", "unusable"):
        first = attempt.reason.splitlines()[0] if attempt.reason else attempt.status
        return f" · {attempt.status}: {first[:160]}"
    return ""


def round_of(state: State, attempt: Attempt | None = None) -> str:
    """`2/5`: the round under way, or the one that an Attempt has just ended."""
    done = attempt is not None and not state.begun
    number = state.rounds_done if done else state.round
    return f"{min(number, state.plan.max_rounds)}/{state.plan.max_rounds}"


def cost_of(spent: Spent) -> str:
    """In dollars; a dash where nothing was billed."""
    if not spent.calls:
        return "-"
    return f"${spent.usd:.2f}" if spent.usd_known else "unknown"


def time_left(state: State) -> str:
    """At most so long: the rounds left at the pace so far, cut by the budget."""
    if state.stopped:
        return "-"
    plan, spent = state.plan, state.spent
    known = []
    if state.rounds_done:
        known.append(spent.elapsed_s / state.rounds_done * (plan.max_rounds - state.rounds_done))
    if plan.budget_minutes is not None:
        known.append(60 * plan.budget_minutes - spent.elapsed_s)
    return duration(max(0.0, min(known))) if known else "?"
