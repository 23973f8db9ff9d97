"""`--history NAME`: the Attempts of a kernel as the tree that they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent_steel.attempt import Attempt
from agent_steel.database import AttemptDB
from agent_steel.settings import Folders


def files(folders: Folders, kernel: str) -> list[Path]:
    """The histories of a kernel, one a chip."""
    return sorted((folders.root / "history").glob(f"{kernel}__*.jsonl"))


def tree(path: Path) -> Iterator[str]:
    """One line an Attempt, indented below its parent; runs in the order they were made."""
    attempts = AttemptDB(path).read()
    children: dict[str | None, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        children[attempt.parent].append(attempt)
    runs = len({attempt.run for attempt in attempts})
    yield f"{path.stem}: {len(attempts)} attempts in {runs} runs"
    yield from _below(children, None, 0)


def _below(
    children: dict[str | None, list[Attempt]], parent: str | None, depth: int
) -> Iterator[str]:
    for attempt in children.get(parent, ()):
        yield "  " * depth + line(attempt)
        yield from _below(children, attempt.id, depth + 1)


def line(attempt: Attempt) -> str:
    """An Attempt in one line."""
    parts: Sequence[str] = (
        attempt.id,
        attempt.outcome,
        "" if attempt.speedup is None else f"{attempt.speedup:.2f}x",
        "" if attempt.kernel_ms is None else f"{attempt.kernel_ms:.4g} ms",
        attempt.proposer,
        attempt.technique,
        attempt.reason.splitlines()[0][:100] if attempt.outcome in ("refused", "unusable") else "",
    )
    return " · ".join(part for part in parts if part)
