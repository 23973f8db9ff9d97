"""AttemptDB: the append-only history of one kernel on one chip, one JSON line an Attempt."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from agent_steel.attempt import SCHEMA_VERSION, Attempt
from harness import atomic, locks
from harness.errors import EnvironmentFault, UserError


class AttemptDB:
    """The Attempts of one file, in the order they were added; each id once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Attempt]:
        """Every Attempt. A line that is broken or of a newer version is an error, never dropped."""
        return [self._parsed(number, line) for number, line in enumerate(whole_lines(self.path), 1)]

    def add(self, attempt: Attempt) -> bool:
        """Append one, durably; False where its id is there already."""
        with locks.file(f"history-{self.path.stem}"):
            known = f'"id": {json.dumps(attempt.id)}'  # no value can hold it: quotes are escaped
            if any(known in line for line in whole_lines(self.path)):
                return False
            append_line(self.path, atomic.strict_json(attempt.model_dump(mode="json"), indent=None))
            return True

    def best(self, *, size: str = "published") -> Attempt | None:
        """What the latest run that kept anything ended with; stored times are never compared."""
        mine = (one for one in reversed(self.read()) if one.size == size)
        return next((one for one in mine if one.outcome == "kept"), None)

    def top_n_by_time(
        self, count: int, *, size: str = "published", kept_only: bool = False
    ) -> list[Attempt]:
        """The fastest by the time each was measured at: for people and prompts, not for verdicts.

        One row a source, the latest; `kernel_ms` of different runs may differ by the machine.
        """
        timed = {
            one.source_sha256: one
            for one in self.read()
            if one.size == size and one.kernel_ms is not None and (one.kept or not kept_only)
        }
        return sorted(timed.values(), key=lambda one: one.kernel_ms or 0.0)[:count]

    def techniques_tried(self) -> list[str]:
        """Every idea once, in order."""
        tried = [one for one in self.read() if one.outcome not in ("baseline", "unusable")]
        return list(dict.fromkeys(one.technique for one in tried))

    def failed_techniques(self) -> list[str]:
        """Ideas that were never kept."""
        kept = {one.technique for one in self.read() if one.kept}
        return [technique for technique in self.techniques_tried() if technique not in kept]

    def lineage(self, attempt_id: str) -> list[Attempt]:
        """An Attempt and what it descends from, the baseline first."""
        return lineage(self.read(), attempt_id)

    def _parsed(self, number: int, line: str) -> Attempt:
        try:
            raw = json.loads(line)
            version = raw.get("schema_version") if isinstance(raw, dict) else None
            if isinstance(version, int) and version > SCHEMA_VERSION:
                raise UserError(
                    f"{self.path}:{number}: schema version {version} is newer than this program's",
                    "update the checkout",
                )
            return Attempt.model_validate(raw)
        except (ValueError, ValidationError) as problem:
            raise UserError(
                f"{self.path}:{number}: not an Attempt: {problem}", "move the file away to go on"
            ) from None


def lineage(attempts: Sequence[Attempt], attempt_id: str) -> list[Attempt]:
    """An Attempt and its ancestors among `attempts`, the oldest first."""
    known = {one.id: one for one in attempts}
    found: list[Attempt] = []
    following: str | None = attempt_id
    while following is not None:
        if following not in known:
            raise UserError(f"no Attempt {following!r}", "--history NAME lists them")
        found.append(known[following])
        following = known[following].parent
    return found[::-1]


def whole_lines(path: Path) -> list[str]:
    """The lines that were written to their end; what a kill tore off says nothing."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise EnvironmentFault(f"cannot read {path}: {problem.strerror}") from None
    return [line for line in text[: text.rfind("\n") + 1].split("\n") if line]


def append_line(path: Path, line: str) -> None:
    """Append one line durably, after cutting off what a kill left of the one before."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            size = file.seek(0, os.SEEK_END)
            whole = _end_of_last_line(path, size)
            if whole != size:
                file.truncate(whole)
            file.write(line.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        raise EnvironmentFault(f"cannot write {path}: {problem.strerror}") from problem


def _end_of_last_line(path: Path, size: int) -> int:
    with path.open("rb") as file:
        if size:
            file.seek(size - 1)
            if file.read(1) == b"\n":
                return size
        file.seek(0)
        return file.read(size).rfind(b"\n") + 1
