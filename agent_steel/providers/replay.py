"""Recorded replies: a provider that answers from a recording, and a wrapper that writes one.

A reply is found by the hash of its prompt and how often that prompt was asked before, else by the
id of its call: a changed reply changes the prompts after it, and nothing else. A line whose hash is
"*" answers whatever is asked: the call whose id it bears, or, without one, any call that has no
line of its own, in the order of the file. That is a script.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from agent_steel.providers.base import Ask, Completion, Failure, Provider
from agent_steel.providers.documents import ReplyDocument, from_document, to_document
from harness.errors import UserError

NAME = "replay"
DEFAULT_MODEL = "recorded"
SCHEMA_VERSION: Literal[1] = 1
ANY = "*"


class Line(BaseModel):
    """One recorded call."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = SCHEMA_VERSION
    prompt_sha256: str
    call_id: str = ""
    answer: ReplyDocument


class ReplayProvider:
    """Answers from recorded lines; a call that they do not hold is an "exhausted" Failure.

    `answered`: how many lines of a script a run had used up before it was stopped.
    """

    name = NAME

    def __init__(
        self, lines: Sequence[Line], model: str = DEFAULT_MODEL, answered: int = 0
    ) -> None:
        self.model = model
        self._lines: dict[str, list[Line]] = defaultdict(list)
        self._by_call: dict[str, Line] = {}
        for line in lines:
            if line.prompt_sha256 != ANY or not line.call_id:
                self._lines[line.prompt_sha256].append(line)
            if line.call_id:
                self._by_call.setdefault(line.call_id, line)
        self._asked: dict[str, int] = defaultdict(int, {ANY: answered})
        self._lock = threading.Lock()

    @classmethod
    def from_path(cls, path: Path, model: str = DEFAULT_MODEL) -> ReplayProvider:
        """A recording: the file that RecordingProvider wrote, or the folder of a run."""
        return cls(read_lines(path), model)

    def complete(self, ask: Ask) -> Completion | Failure:
        """The recorded answer."""
        digest = ask.prompt_sha256
        with self._lock:
            found = self._same_prompt(digest, ask.call_id) or self._by_call.get(ask.call_id)
            found = found or self._next(ANY)
        if found is None:
            detail = f"no recorded reply for prompt {digest[:12]} of call {ask.call_id}"
            return Failure("exhausted", detail)
        return from_document(found.answer)

    def _same_prompt(self, digest: str, call_id: str) -> Line | None:
        own = (line for line in self._lines.get(digest, []) if line.call_id == call_id)
        return next(own, None) or self._next(digest)

    def _next(self, digest: str) -> Line | None:
        lines = self._lines.get(digest, [])
        ordinal = self._asked[digest]
        if ordinal >= len(lines):
            return None
        self._asked[digest] += 1
        return lines[ordinal]


class RecordingProvider:
    """Passes asks on to another provider and appends every answer to a file, before it is used."""

    def __init__(self, inner: Provider, path: Path) -> None:
        self.name = inner.name
        self.model = inner.model
        self._inner = inner
        self._path = path
        self._lock = threading.Lock()

    def complete(self, ask: Ask) -> Completion | Failure:
        """The inner provider's answer."""
        answer = self._inner.complete(ask)
        line = Line(
            prompt_sha256=ask.prompt_sha256, call_id=ask.call_id, answer=to_document(answer)
        )
        with self._lock, self._path.open("a", encoding="utf-8") as out:
            out.write(line.model_dump_json() + "\n")
        return answer


def read_lines(path: Path) -> list[Line]:
    """Every recorded call, in order; a damaged one is a UserError that says where."""
    if path.is_dir():
        return [_line(_text(one), one.name) for one in sorted((path / "replies").glob("*.json"))]
    lines = enumerate(_text(path).splitlines(), 1)
    return [_line(raw, f"{path.name}, line {number}") for number, raw in lines if raw.strip()]


def _line(raw: str, where: str) -> Line:
    try:
        return Line.model_validate(json.loads(raw))
    except ValueError as problem:
        raise UserError(f"{where}: {_first_line(problem)}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise UserError(f"cannot read {path.name}: {problem}") from None


def _first_line(problem: ValueError) -> str:
    return str(problem).splitlines()[0]
