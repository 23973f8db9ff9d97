"""The held-out gate on disk: .bench/gate/ keeps every commitment and what came of it.

A commitment is written before anything is drawn or judged, so a gate that was stopped half-way can
still be seen. Nothing that makes prompts may import this module: what lies there must stay unknown
to whoever writes kernels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness import atomic, settings
from harness.problem import inputs
from harness.spec import Point
from harness.timing.verdict import source_identity

GATE_VERSION = 1
#: Points on which a source failed before are judged again, the latest so many of them.
MOST_EARLIER = 4
_NOT_WRONG = ("passed", "regression", "unsupported")


@dataclass(frozen=True)
class Commitment:
    """The secret of one gate and the hash that was stored before it was used."""

    kernel: str
    source: str
    secret: int
    commitment: str
    committed_at: str
    path: Path


def commit(kernel: str, source: str, secret: int | None = None) -> Commitment:
    """Draw a secret and store its hash, durably, at once."""
    chosen = inputs.new_secret() if secret is None else secret
    commitment = inputs.secret_hash(chosen)
    now = datetime.now(timezone.utc)
    name = f"{kernel}-{now.strftime('%Y%m%dT%H%M%S.%f')}-{commitment[:12]}.json"
    made = Commitment(
        kernel=kernel,
        source=source,
        secret=chosen,
        commitment=commitment,
        committed_at=now.isoformat(timespec="seconds"),
        path=settings.paths().gate / name,
    )
    _write(made, None)
    return made


def finish(made: Commitment, held_out: Mapping[str, Any]) -> None:
    """Store what the gate found, beside its commitment."""
    _write(made, held_out)


def _write(made: Commitment, held_out: Mapping[str, Any] | None) -> None:
    document = {
        "schema_version": GATE_VERSION,
        "kernel": made.kernel,
        "source_identity": source_identity(made.source),
        "commitment": made.commitment,
        "committed_at": made.committed_at,
        "state": "committed" if held_out is None else "judged",
        "held_out": held_out,
    }
    atomic.write_json(made.path, document)


@dataclass(frozen=True)
class Past:
    """What this machine knows of a source: how many gates were begun, and where it failed."""

    gates: int = 0
    failed_at: tuple[Point, ...] = ()


def past(made: Commitment) -> Past:
    """Earlier gates of the same source, whose failures a new secret must not make forgotten."""
    identity = source_identity(made.source)
    found = Past()
    for document in _documents(made):
        if document.get("source_identity") != identity:
            continue
        points = (document.get("held_out") or {}).get("points", [])
        failed = [p["dims"] for p in points if p["status"] not in _NOT_WRONG]
        found = Past(found.gates + 1, (*found.failed_at, *failed))
    distinct = {tuple(sorted(point.items())): point for point in found.failed_at}
    return replace(found, failed_at=tuple(distinct.values())[-MOST_EARLIER:])


def _documents(made: Commitment) -> Iterator[Mapping[str, Any]]:
    """The other gates of this kernel, oldest first; one that cannot be read says nothing."""
    for path in sorted(made.path.parent.glob(f"{made.kernel}-*.json")):
        if path == made.path:
            continue
        try:
            document = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(document, dict) and document.get("kernel") == made.kernel:
            yield document
