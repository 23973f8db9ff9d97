"""docs/RULES.md: the prose of rules.md with its tables and numbers filled in from code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness import atomic, settings
from harness.board import promotion, provenance
from harness.errors import ExitCode
from harness.evaluation import Flag, Status
from harness.gate import held_out
from harness.gate import points as gate_points
from harness.problem import tracks
from harness.problem.header import TRACKS
from harness.spec import RANKED_SIZES
from harness.timing import verdict
from harness.timing.stopping import LONG_RUN_BLOCKS, RECORD_BLOCKS, RECORD_BLOCKS_NOISY

STATUSES: Mapping[Status, str] = {
    Status.UNSUPPORTED: "this host cannot judge it, or the file does not cover the size",
    Status.COMPILE_ERROR: "source or header lines are no valid program, or include what is barred",
    Status.PIPELINE_ERROR: "a function is missing, or a static limit is exceeded",
    Status.LAUNCH_ERROR: "grid, threadgroup or bindings are impossible at this size",
    Status.TIMEOUT: "it did not end in time",
    Status.CRASHED: "its worker died",
    Status.OUT_OF_BOUNDS: "it reached outside a buffer or a threadgroup array",
    Status.DATA_RACE: "another order of the threads changes an output",
    Status.DIVERGENT_BARRIER: "some threads of a threadgroup skip a barrier",
    Status.INACTIVE_LANE: "it read a SIMD lane that is not there, or lanes differ that may not",
    Status.UNDEFINED_INTEGER: "an integer operation that MSL leaves undefined",
    Status.UNINITIALISED_READ: "the result depends on memory that nobody wrote",
    Status.INPUT_MODIFIED: "it wrote to an input",
    Status.NOT_WRITTEN: "an element of an output was left as it was",
    Status.NONFINITE: "NaN or infinity where the oracle is finite",
    Status.WRONG_VALUES: "an element is outside the tolerance",
    Status.PASSED: "right everywhere it was judged; only now are there times",
}

FLAGS: Mapping[Flag, str] = {
    Flag.IMPLAUSIBLE: "faster than this chip's arithmetic or memory allows",
    Flag.OVERHEAD_BOUND: f"a side takes less than five empty runs; `{RANKED_SIZES[1]}` "
    "ranks instead",
    Flag.CACHE_RESIDENT: "the operands stayed in a cache; always so on CPUs",
    Flag.NOISY: "samples scatter, or a block was disturbed; the interval carries it",
    Flag.QUANTISED: "the clock is too coarse for this time; no verdict",
    Flag.VIRTUAL: "not the chip itself: a virtual machine, or a stand-in for Metal",
}

_PROSE = Path(__file__).with_name("rules.md")

_GATE: Mapping[str, str] = {
    gate_points.PUBLISHED: "a size that a public board holds out, where it has one",
    "prime": "every large dim prime",
    "ragged": f"no large dim a multiple of {gate_points.SIMD_WIDTH}",
    "larger": f"up to {gate_points.ELEMENTS['larger'][1]:g}x the elements of the size that ranks",
    "far": "anywhere in the domain; judged, not timed",
    "corner": "one dim at an end of its range; judged, not timed",
    "step": "one dim just beside a power of two, mostly 65 536; judged, not timed",
    "other step": "the same for another dim",
}


def page() -> str:
    """The whole page."""
    outcomes = {
        "failed": "wrong at a point: no Record",
        "regression": "right, but too slow at a point: no Record",
        "not_covered": "`requires` leaves out a ranked size, pins a single shape, or leaves too few"
        " draws: no Record in track exact",
        "passed": "right at all, and fast enough",
    }
    sizes = RANKED_SIZES
    return _PROSE.read_text("utf-8").format(
        blocks=RECORD_BLOCKS,
        noisy=RECORD_BLOCKS_NOISY,
        long=LONG_RUN_BLOCKS,
        delta=verdict.DELTA,
        sizes=" and ".join(f"`{size}`" for size in sizes),
        published=sizes[0],
        large=sizes[1],
        default=tracks.DEFAULT,
        tracks=_table(("track", "judged by"), ((t, tracks.MEANINGS[t]) for t in TRACKS)),
        draws=gate_points.LEAST_DRAWS,
        gate=_table(("draw", "is"), ((kind, _GATE[kind]) for kind in _GATE)),
        near=gate_points.NEAR,
        least=held_out.LEAST_SPEEDUP,
        share=held_out.LEAST_SHARE,
        outcomes=_table(("gate", "means"), ((s, outcomes[s]) for s in held_out.STATUSES)),
        provenance=_table(
            ("state, ranked in this order", "means"),
            ((state, provenance.MEANINGS[state]) for state in provenance.STATES),
        ),
        depends=", ".join(f"`{name}`" for name in provenance.DEPENDS_ON),
        statuses=_table(("status", "means"), ((s.value, STATUSES[s]) for s in Status)),
        flags=_table(
            ("flag", "means", "bars a Record"),
            ((f.value, FLAGS[f], "yes" if f in promotion.BARRING else "no") for f in Flag),
        ),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    marked = [f"| {' | '.join((f'`{first}`', *rest))} |" for first, *rest in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *marked])


def path() -> Path:
    """Where the page lies."""
    return settings.ROOT / "docs" / "RULES.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m harness.board.rules`: write the page, or with --check say whether it is stale."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.board.rules", description="Write RULES.md."
    )
    parser.add_argument("--check", action="store_true", help="change nothing; fail if it is stale")
    if not parser.parse_args(arguments).check:
        atomic.write_text(path(), page())
        return ExitCode.PASSED
    if path().exists() and path().read_text("utf-8") == page():
        return ExitCode.PASSED
    print("docs/RULES.md is stale: run `make refresh`", file=sys.stderr)
    return ExitCode.REFUSED


if __name__ == "__main__":
    sys.exit(main())
