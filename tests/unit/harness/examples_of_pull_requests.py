"""A small repository with a board, and Records for it as our own writer makes them."""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from harness import environment
from harness.board import documents, leaderboard, records
from harness.evaluation import Evaluation, Samples, Status
from harness.gate import held_out
from harness.gate.points import Draw
from harness.problem import catalog, inputs
from harness.problem.catalog import Kernel, point_of, sha256_of
from harness.settings import ROOT
from harness.timing import figures, verdict
from harness.timing.blocks import LETTERS, Block, SideName, Visit, orders
from harness.timing.stopping import Few, FixedCount
from harness.verification.record import Row
from harness.verification.summary import Finding, Ruling

CHIP = "apple-m4-max"
RELU = "metal/kernels/common/relu.metal"
RELU_M4 = "metal/kernels/common/relu/m4_max.metal"
ROW = f"results/{CHIP}/relu.json"
OLD = (ROOT / RELU).read_text("utf-8")
#: Another right solution, one element a thread.
NEW = """// One element a thread.
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i < N) {
    y[i] = max(x[i], 0.0f);
  }
}
"""
WRONG = NEW.replace("max(x[i], 0.0f)", "max(x[i], 1.0f)")


def samples(seed: int, gain: float, *, us: float = 30.0, blocks: int = 24) -> Samples:
    """What a record run leaves: slopes of both sides in the order that the seed gives."""
    draw = random.Random(seed)

    def visit(side: SideName) -> Visit:
        run = us * 1e3 * (gain if side == "baseline" else 1.0)
        times = []
        for _ in range(5):
            first = 100 * run * draw.uniform(0.995, 1.005)
            times.append((first, first + 100 * run * draw.uniform(0.995, 1.005)))
        return Visit(side, 100, tuple(times))

    drawn = itertools.islice(orders(seed), Few().most_blocks, Few().most_blocks + blocks)
    taken = [Block(order, tuple(visit(LETTERS[letter]) for letter in order)) for order in drawn]
    return Samples(
        blocks=tuple(block.to_json() for block in taken),
        instances=100,
        tick_ns=42.0,
        seed=seed,
        mode="record",
        alpha=FixedCount().alpha,
        overhead_ns={"baseline": 2000.0, "candidate": 1500.0},
    )


def gate_of(kernel: Kernel, size: str) -> dict[str, Any]:
    """The document of a gate that was passed."""
    secret = inputs.new_secret()
    drawn = held_out.draws(kernel.spec, secret, point_of(kernel.spec, size))
    points = [
        {"kind": d.kind, "dims": dict(d.point), "of_kind": list(d.dims), "status": "passed"}
        for d in drawn
    ]
    return {
        "status": "passed",
        "reason": "",
        "axes": [],
        "covered": True,
        "not_covered": [],
        "draws": len(drawn),
        "points": points,
        "commitment": inputs.secret_hash(secret),
        "committed_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "seed": f"{secret:032x}",
        "earlier_gates": 0,
    }


def evaluation(source: str, speedup: float, **changes: Any) -> Evaluation:
    """A record run of relu whose every figure follows from its samples."""
    kernel = catalog.default().find("relu")
    secret, chip = inputs.new_secret(), changes.get("chip", CHIP)
    taken = changes.pop("samples", None) or samples(secret & 0x7FFFFFFF, speedup)
    point = point_of(kernel.spec, "published")
    scored = figures.rescore(taken, kernel.spec.cost(point))
    found = Evaluation(
        kernel="relu",
        set="common",
        chip=chip,
        device="cpu" if chip.startswith("cpu") else "metal",
        variant="default",
        size="published",
        dims=dict(point),
        track="exact",
        status=Status.PASSED,
        source_sha256=sha256_of(source),
        source=source,
        published_status=Status.PASSED,
        max_abs_err=0.0,
        figures=scored.figures,
        baselines={"mlx": 0.05},
        scores=scored.scores,
        score=scored.scores["speed"],
        flags=scored.flags,
        verdict=scored.judgement.verdict,
        held_out=gate_of(kernel, "published"),
        engine="air",
        mode="record",
        environment={
            **environment.with_device({"chip": chip}),
            "machine_hash": "ab" * 16,
            "seed": f"{secret:032x}",
            "seed_sha256": inputs.secret_hash(secret),
        },
        samples=taken,
    )
    return replace(found, **changes)


def comparison(incumbent: str, gain: float, seed: int = 12345) -> records.ComparisonDocument:
    """A confirmed win over a source."""
    taken = samples(seed, gain)
    shown = verdict.judge(taken)
    assert shown.speedup is not None and shown.interval is not None
    return records.ComparisonDocument(
        incumbent_sha256=sha256_of(incumbent),
        speedup=shown.speedup,
        speedup_ci=shown.interval,
        samples=documents.SamplesDocument.of(taken),
    )


@dataclass
class PullRequest:
    """A repository whose branch `main` has a board; what is changed next goes to branch `pr`."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        """Run git there."""
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        command = ["git", *identity, "-C", str(self.folder), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file of the working tree."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def read(self, path: str) -> str:
        """A file of the working tree."""
        return (self.folder / path).read_text("utf-8")

    def commit(self, message: str = "change") -> None:
        """Commit everything there is."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def record(
        self,
        found: Evaluation,
        over: records.ComparisonDocument | None = None,
        replaces: str | None = None,
    ) -> None:
        """Store a Record and fold the board, by the code that stores and folds everywhere."""
        notes: list[str] = []
        with self.monkeypatch.context() as patch:
            patch.setenv("METAL_BENCH_HOME", str(self.folder))
            record = records.claimed(documents.to_run(found), over)
            expected = None if replaces is None else sha256_of(replaces)
            assert records.put(record, expected=expected, notes=notes)
            assert leaderboard.refresh(public=True) == []
        assert notes == []

    def refold(self) -> None:
        """Fold the board."""
        with self.monkeypatch.context() as patch:
            patch.setenv("METAL_BENCH_HOME", str(self.folder))
            leaderboard.refresh(public=True)


def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PullRequest:
    """`main`: relu as it is, with a Record on the M4 Max; `pr` is checked out."""
    template = tmp_path.parent / "pull-request-template"  # one a test run, as making it takes long
    if not template.exists():
        _make(PullRequest(template, monkeypatch))
    shutil.copytree(template, tmp_path / "repository")
    return PullRequest(tmp_path / "repository", monkeypatch)


def _make(it: PullRequest) -> None:
    it.folder.mkdir()
    it.git("init", "-q", "-b", "main")
    it.write(".gitignore", ".bench/\n")
    it.write(RELU, OLD)
    it.write("mlx/kernels/common/relu.py", (ROOT / "mlx/kernels/common/relu.py").read_text())
    it.record(evaluation(OLD, 1.5))
    it.commit("the board")
    it.git("checkout", "-q", "-b", "pr")


def honest(it: PullRequest) -> None:
    """A faster Variant for the M4 Max, with its Record."""
    it.write(RELU_M4, NEW)
    found = evaluation(NEW, 1.8, variant="m4_max")
    it.record(found, comparison(OLD, 1.2), replaces=OLD)


@dataclass
class FakeBench:
    """A machine on which every source is right, and times are as it is told."""

    chip: str = "cpu-test-none-2"
    says: list[Finding] = field(default_factory=list)
    timed: list[Finding] = field(default_factory=list)
    judged: list[tuple[str, str]] = field(default_factory=list)

    def judge(self, kernel: Kernel, text: str, path: str, *, claimed: str) -> list[Finding]:
        self.judged.append((path, claimed))
        return self.says or [Finding(Ruling.ACCEPT, f"{path}: right here")]

    def redraw(self, row: Row, secret: int) -> Sequence[Draw] | None:
        spec = row.kernel.spec
        return held_out.draws(spec, secret, point_of(spec, row.size))

    def measure(self, row: Row) -> list[Finding]:
        return self.timed
