"""What a person sees of a run: colour and a spinner on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.text import Text

from harness.locks import Holder

#: Waits shorter than this are not worth a line: builds and checks of others end all the time.
_PATIENCE_S = 0.5

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a header, in columns."""
    if not rows:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        out.print(Text(line.rstrip(), "bold" if number == 0 else ""))


def say(message: str, *, style: str = "") -> None:
    """A line beside the report, on standard error so that pipes get reports alone."""
    err.print(Text(message, style))


def error(message: str, hint: str = "") -> None:
    """A failure and what to do about it."""
    err.print(f"[bold red]error:[/] {escape(message)}")
    if hint:
        err.print(f"  {escape(hint)}")


@contextlib.contextmanager
def working(message: str) -> Iterator[None]:
    """A spinner on a terminal, nothing elsewhere. Nested ones replace the text for a while."""
    if not err.is_terminal:
        yield
        return
    outer = _spinner.status
    with contextlib.ExitStack() as stack:
        if outer is None:
            _spinner.status = stack.enter_context(err.status(_spinner.text(message)))
            stack.callback(setattr, _spinner, "status", None)
        else:
            stack.callback(outer.update, outer.status)
            outer.update(_spinner.text(message))
        yield


def update(message: str) -> None:
    """Replace the text of the spinner, if there is one."""
    if _spinner.status is not None:
        _spinner.status.update(_spinner.text(message))


@contextlib.contextmanager
def within(whole: str) -> Iterator[None]:
    """Every text of the spinner begins with `whole`: where the run as a whole is."""
    before, _spinner.whole = _spinner.whole, f"{whole} "
    try:
        yield
    finally:
        _spinner.whole = before


class _Spinner:
    """The one spinner that a terminal can show."""

    status: Status | None = None
    whole = ""

    def text(self, message: str) -> str:
        return escape(self.whole + message)


_spinner = _Spinner()


_said: set[str] = set()


def _say_once(message: str) -> None:
    if message not in _said:
        _said.add(message)
        say(message)


@contextlib.contextmanager
def waiting(name: str, holders: list[Holder]) -> Iterator[None]:
    """Says who has the device, if the wait lasts, and once for each that has; for `locks`."""
    who = ", ".join(f"process {held.pid} ({held.purpose})" for held in holders) or "another process"
    message = f"waiting for {name}: in use by {who}"
    timer = threading.Timer(_PATIENCE_S, _say_once, [message])
    timer.daemon = True
    timer.start()
    try:
        with working(message):
            yield
    finally:
        timer.cancel()
