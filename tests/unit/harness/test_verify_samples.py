"""Whatever a record run takes is accepted as one, and its figures follow from it to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from example_evaluations import GATE_PASSED, passed

from harness.board import documents
from harness.board.documents import SamplesDocument
from harness.evaluation import Samples
from harness.spec import Cost
from harness.timing import figures
from harness.timing.blocks import Block
from harness.timing.measure import Comparison, Mode, compare
from harness.verification import samples as verify_samples
from trust.synthetic import FakeSide, World

COST = Cost(flops=1e6, bytes=1e6)
RUNS_NS = [
    (50e3, 100e3),  # slopes on both sides
    (50e3, 80e6),  # slopes beside plain times
    (3e6, 4e6),
    (30e6, 31e6),  # fewer samples a visit
    (0.7e9, 0.9e9),  # fewer blocks
    (0.4e9, 0.51e9),
]


def recorded(runs_ns: tuple[float, float], noise: float, ghz: float | None, seed: int) -> Samples:
    """A record run of the real measuring code on a clock of its own."""
    world = World(seed=seed, noise=noise, clock_ghz=ghz)
    sides = [
        FakeSide(name, world, ns, 20e3, 1 << 16)
        for name, ns in zip(("candidate", "baseline"), runs_ns, strict=True)
    ]
    found = compare(*sides, Mode.RECORD, seed=seed, clock=world)
    assert isinstance(found, Comparison)
    return replace(found.samples, tick_ns=1.0)  # of a fake clock it is nothing


@pytest.mark.parametrize("runs_ns", RUNS_NS)
@pytest.mark.parametrize(("noise", "ghz"), [(0.002, None), (0.08, 1.5)])
def test_a_record_run_is_accepted(
    runs_ns: tuple[float, float], noise: float, ghz: float | None
) -> None:
    for seed in (3, 4):
        samples = recorded(runs_ns, noise, ghz, seed)
        assert verify_samples.not_taken(SamplesDocument.of(samples)) == ""


def row(samples: Samples, chip: str = "apple-m4-max", **changes: Any) -> documents.RunDocument:
    scored = figures.rescore(samples, COST)
    found = passed(
        chip=chip,
        figures=scored.figures,
        scores=scored.scores,
        score=scored.scores["speed"],
        flags=scored.flags,
        verdict=scored.judgement.verdict,
        samples=samples,
        held_out=GATE_PASSED,
    )
    return documents.to_run(replace(found, **changes))


def test_every_figure_follows_to_the_bit() -> None:
    samples = recorded((50e3, 100e3), 0.01, None, 5)
    run = row(samples)
    assert verify_samples.not_following(run.evaluation, samples, COST) == []
    found = figures.rescore(samples, COST).figures
    assert found is not None and found.speedup is not None
    nearly = replace(found, speedup=found.speedup * (1 + 1e-15))
    assert nearly.speedup != found.speedup
    # Another kind of machine may round otherwise, the kind that recorded it may not.
    forged = row(samples, figures=nearly)
    assert verify_samples.not_following(forged.evaluation, samples, COST) == []
    here = {"os": None, "machine": None, "numpy": None}
    here = {name: verify_samples.environment.facts()[name] for name in here}
    forged = row(samples, figures=nearly, environment=here)
    said = verify_samples.not_following(forged.evaluation, samples, COST)
    assert len(said) == 1 and said[0].startswith("figures.speedup is ")
    far = row(samples, figures=replace(found, speedup=found.speedup * (1 + 1e-9)))
    assert len(verify_samples.not_following(far.evaluation, samples, COST)) == 1


def test_a_run_shortened_while_it_was_losing_is_refused() -> None:
    samples = recorded((50e3, 51e3), 0.05, None, 6)
    for count in (6, 12, len(samples.blocks) - 1):
        short = replace(samples, blocks=samples.blocks[:count])
        assert "a record run takes" in verify_samples.not_taken(SamplesDocument.of(short))


def test_blocks_chosen_from_a_longer_run_are_refused() -> None:
    """Dropping the blocks that lost leaves an order that the seed does not give."""
    samples = recorded((50e3, 50e3), 0.08, None, 7)
    assert len(samples.blocks) == 48
    best = sorted(samples.blocks, key=lambda data: -Block.from_json(data).log_ratio)[:24]
    kept = tuple(block for block in samples.blocks if block in best)
    chosen = SamplesDocument.of(replace(samples, blocks=kept))
    assert "does not follow from the seed" in verify_samples.not_taken(chosen)


def doubled(visit: Mapping[str, Any]) -> list[list[float]]:
    return [[2 * ns for ns in times] for times in visit["times_ns"]]


def mirrored(visits: list[Any]) -> list[Any]:
    return [visits[1], visits[0], visits[3], visits[2]]


def test_a_baseline_made_by_scaling_is_refused() -> None:
    samples = recorded((50e3, 100e3), 0.01, None, 8)
    blocks = []
    for data in samples.blocks:
        mine = [visit for visit in data["visits"] if visit["side"] == "candidate"]
        twins = [{**visit, "side": "baseline", "times_ns": doubled(visit)} for visit in mine]
        order = [mine[0], *twins, mine[1]]
        blocks.append({**data, "visits": order if data["order"] == "BAAB" else mirrored(order)})
    said = verify_samples.not_taken(SamplesDocument.of(replace(samples, blocks=tuple(blocks))))
    assert said == "every block shows the same ratio"


def test_a_chip_is_bounded_by_its_largest_version() -> None:
    samples = recorded((50e3, 100e3), 0.01, None, 9)
    possible, impossible = Cost(1e6, 50e3 * 500), Cost(1e9 * 50e3, 8.0)
    assert verify_samples.above_physics("apple-m4-max", samples, possible) == ""
    assert verify_samples.above_physics("apple-m4-max", samples, impossible) != ""
    assert verify_samples.above_physics("apple-m9", samples, impossible) == ""
    assert verify_samples.is_bounded("nvidia-h200") and not verify_samples.is_bounded("apple-m9")
