"""What becomes a Record: the first confirmed pass, or a confirmed win over the Record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from example_evaluations import GATE_PASSED, SOURCE, passed, refused, samples, sha256

from harness.board import documents, promotion, records
from harness.evaluation import Evaluation, Flag, Refusal, Samples, Status, Verdict
from harness.settings import paths

FASTER = SOURCE.replace("max(x[i], 0.0f)", "fmax(x[i], 0.0f)")


def comparison(gain: float, seed: int, **changes: Any) -> records.ComparisonDocument:
    found = records.ComparisonDocument(
        incumbent_sha256=sha256(SOURCE),
        speedup=gain,
        speedup_ci=(gain * 0.99, gain * 1.01),
        samples=documents.SamplesDocument.of(samples(gain, seed)),
    )
    return found.model_copy(update=changes)


def gated(evaluation: Evaluation) -> Evaluation:
    return replace(evaluation, held_out=GATE_PASSED) if evaluation.passed else evaluation


class World:
    """Stands for the two measurements that a promotion asks for."""

    def __init__(
        self,
        confirmed: Evaluation,
        *,
        paired_gain: float = 1.2,
        confirmed_gain: float = 1.2,
        refusal: Refusal | None = None,
    ) -> None:
        self.confirmed, self.refusal = gated(confirmed), refusal
        self.paired_gain, self.confirmed_gain = paired_gain, confirmed_gain
        self.asked: list[str] = []

    def pair(self, request: promotion.Request) -> Samples | Refusal:
        self.asked.append("pair")
        return self.refusal or samples(self.paired_gain, seed=1)

    def confirm(self, request: promotion.Request) -> promotion.Confirmation:
        self.asked.append("confirm")
        found = comparison(self.confirmed_gain, seed=2) if request.incumbent else None
        return promotion.Confirmation(run=documents.to_run(self.confirmed), comparison=found)

    def promote(self, evaluation: Evaluation) -> promotion.Outcome:
        return promotion.promote(evaluation, threads=0, pair=self.pair, confirm=self.confirm)


def held() -> records.Record | None:
    return records.find("apple-m4-max", "relu", "exact", "published")


def start_with(evaluation: Evaluation) -> None:
    record = records.claimed(documents.to_run(evaluation), None)
    assert records.put(record, expected=None, notes=[])


@pytest.mark.parametrize("speedup", [0.3, 1.5])
def test_the_first_confirmed_pass_is_the_first_record(speedup: float) -> None:
    world = World(passed(speedup=speedup, verdict=Verdict.SLOWER))
    outcome = world.promote(passed(mode="report"))
    assert outcome.saved and world.asked == ["confirm"]
    assert outcome.message == (
        f"updated session.json [apple-m4-max/relu]: new best {speedup:.2f}x (0.0512 ms)"
    )
    assert paths().session.exists()


def test_the_confirmation_alone_is_published() -> None:
    World(passed(speedup=1.1)).promote(passed(speedup=9.9, mode="report"))
    found = held()
    assert found is not None and found.run.evaluation.figures is not None
    assert found.run.evaluation.figures.speedup == 1.1
    assert found.run.evaluation.held_out == GATE_PASSED


@pytest.mark.parametrize(
    ("confirmed", "says"),
    [
        (refused(), "wrong_values when confirmed"),
        (passed(flags=(Flag.IMPLAUSIBLE,)), "implausible"),
        (passed(mode="report"), "only record saves"),
        (passed(figures=None, score=None, samples=None), "both sides"),
        (passed(size="rows=3"), "are ranked"),
    ],
)
def test_what_fails_the_confirmation_is_no_record(confirmed: Evaluation, says: str) -> None:
    outcome = World(confirmed).promote(passed())
    assert not outcome.saved and says in outcome.message
    assert held() is None and not paths().session.exists()


@pytest.mark.parametrize("status", ["failed", "regression", "not_covered"])
def test_what_fails_the_gate_is_no_record(status: str) -> None:
    world = World(passed())
    world.confirmed = passed(held_out={**GATE_PASSED, "status": status, "reason": "cols=37"})
    outcome = world.promote(passed())
    assert not outcome.saved and f"held out {status}: cols=37" in outcome.message
    assert outcome.held_out is not None and outcome.held_out["status"] == status
    world.confirmed = passed(held_out=None)
    assert "gate was not run" in world.promote(passed()).message
    assert held() is None


def test_a_confirmed_win_replaces_the_record() -> None:
    start_with(passed())
    outcome = World(passed(FASTER, speedup=1.8)).promote(passed(FASTER, speedup=1.8))
    assert outcome.saved and "before 0.0512 ms" in outcome.message
    found = held()
    assert found is not None and found.run.source == FASTER
    assert found.provenance.over_incumbent is not None
    assert found.provenance.over_incumbent.incumbent_sha256 == sha256(SOURCE)


@pytest.mark.parametrize(
    ("paired", "confirmed", "asked", "says"),
    [
        (1.0, 1.2, ["pair"], "SAME"),
        (0.8, 1.2, ["pair"], "SLOWER"),
        (1.2, 1.0, ["pair", "confirm"], "confirmation: lower bound"),
    ],
)
def test_without_a_confirmed_win_the_record_stays(
    paired: float, confirmed: float, asked: list[str], says: str
) -> None:
    start_with(passed())
    world = World(passed(FASTER), paired_gain=paired, confirmed_gain=confirmed)
    outcome = world.promote(passed(FASTER))
    assert (outcome.saved, world.asked) == (False, asked)
    assert says in outcome.message
    found = held()
    assert found is not None and found.run.source == SOURCE


def test_a_copy_of_the_record_never_replaces_it() -> None:
    start_with(passed())
    copy = SOURCE.replace("// Clamps at zero.", "/* mine */")
    assert "holds the Record" in promotion.worth_confirming(passed(copy), held())
    assert not World(passed(copy)).promote(passed(copy)).saved


def test_a_refused_record_is_reported() -> None:
    start_with(passed())
    world = World(passed(FASTER), refusal=Refusal(Status.CRASHED, "it crashed"))
    assert "it crashed" in world.promote(passed(FASTER)).message


def test_the_same_seed_twice_is_no_confirmation() -> None:
    start_with(passed())
    confirmation = promotion.Confirmation(
        run=documents.to_run(gated(passed(FASTER))), comparison=comparison(1.2, seed=1)
    )
    assert "seed" in promotion.gate(samples(1.2, seed=1), confirmation, held())


def test_another_incumbent_than_the_one_measured_is_no_win() -> None:
    start_with(passed())
    other = comparison(1.2, seed=2, incumbent_sha256=sha256("other"))
    confirmation = promotion.Confirmation(
        run=documents.to_run(gated(passed(FASTER))), comparison=other
    )
    assert "another source" in promotion.gate(samples(1.2, seed=1), confirmation, held())


def test_a_record_that_changes_meanwhile_has_to_be_beaten_again() -> None:
    start_with(passed())
    third = passed(SOURCE.replace("max", "metal::max"))
    world = World(passed(FASTER))
    confirm = world.confirm

    def overtaken(request: promotion.Request) -> promotion.Confirmation:
        if world.asked.count("confirm") == 0:
            record = records.claimed(documents.to_run(third), None)
            assert records.put(record, expected=sha256(SOURCE), notes=[])
        found = confirm(request)
        renewed = comparison(1.2, seed=2, incumbent_sha256=sha256(request.incumbent or ""))
        return found.model_copy(update={"comparison": renewed})

    outcome = promotion.promote(passed(FASTER), threads=0, pair=world.pair, confirm=overtaken)
    assert outcome.saved
    assert world.asked == ["pair", "confirm", "pair", "confirm"]


def test_a_first_look_that_does_not_beat_the_record_is_not_confirmed() -> None:
    start_with(passed(speedup=1.5))
    assert "does not beat" in promotion.worth_confirming(passed(FASTER, speedup=1.4), held())
    assert promotion.worth_confirming(passed(FASTER, speedup=1.6), held()) == ""
    assert promotion.worth_confirming(passed(FASTER), None) == ""


def test_unranked_problems_and_refused_runs_are_barred() -> None:
    assert promotion.barred(passed()) == ""
    assert "broken" in promotion.barred(passed(), ranked=False, unranked_reason="broken")
    assert "wrong_values" in promotion.barred(refused())
    assert promotion.barred(replace(passed(), size="large")) == ""
