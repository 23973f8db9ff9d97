"""Where Agent Steel keeps its files, and the keys of providers: all reading of the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness import settings


@dataclass(frozen=True)
class Folders:
    """Every file of the agents, by name, under one root."""

    root: Path

    def history(self, kernel: str, chip: str) -> Path:
        """The AttemptDB of one kernel on one chip."""
        return self.root / "history" / f"{kernel}__{chip}.jsonl"

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self.root / "runs"

    def run(self, name: str) -> Path:
        """Plan, log, prompts, replies, candidates, evaluations and summary of a run."""
        return self.runs / name


def folders() -> Folders:
    """Those of this home; METAL_BENCH_HOME moves them."""
    return Folders(settings.paths().home / ".agent-steel")


def api_key(variable: str) -> str | None:
    """A provider's key, e.g. ANTHROPIC_API_KEY; None where it is not set."""
    return os.environ.get(variable) or None


def variable(name: str) -> str:
    """Any other variable of a provider, e.g. OPENAI_BASE_URL; empty where it is not set."""
    return os.environ.get(name, "") if name else ""


def given(names: Iterable[str]) -> dict[str, str]:
    """Those of the named variables that are set: all that a child process is handed."""
    return {name: os.environ[name] for name in names if name in os.environ}
