"""Comparisons: plans, cells that are run once, what is confirmed of them, and what is shown."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from core_fakes import CHIP, FakeJudge, PlainProposer, reply, samples, source
from html_pages import PNG, Page, assert_self_contained

from agent_steel import loop, proposers
from agent_steel.compare import cli, comparison, design, running, scoring
from agent_steel.compare.design import Arm, Cell, Design
from agent_steel.compare.documents import Comparison
from agent_steel.compare.running import Place
from agent_steel.making_attempts import Origin, of_measurement
from agent_steel.plan import Plan, Seat
from agent_steel.report.charts import Chart
from agent_steel.roles.verifier import Decision
from agent_steel.settings import folders
from harness.errors import UserError
from harness.evaluation import Evaluation, Flag, Refusal, Samples, Status
from harness.problem import catalog

#: What two recorded models answer, call by call: the first is right at once, the second after one
#: refusal, and faster then.
LEFT = {"0001": reply("wide loads", 0.5), "0002": reply("slower", 0.9), "0003": reply("more", 0.4)}
RIGHT = {"0001": reply("bad", 0.1, "wrong_values"), "0002": reply("tiles", 0.25)}


def plan_file(folder: Path, **more: Any) -> Path:
    """A plan with two recorded models on two kernels, beside their replies."""
    given: dict[str, Any] = {
        "name": "trial", "kernels": ["relu", "gelu"], "models": ["replay/left", "replay/right"],
        "confirm": "screen", **more,
    }  # fmt: skip
    for name, script in (("left", LEFT), ("right", RIGHT)):
        lines = [line(call_id, text) for call_id, text in script.items()]
        (folder / f"{name}.jsonl").write_text("".join(lines), "utf-8")
    top = "".join(f"{name} = {json.dumps(value)}\n" for name, value in given.items())
    tables = '[budget]\nattempts = 3\n[replies]\nleft = "left.jsonl"\nright = "right.jsonl"\n'
    path = folder / "plan.toml"
    path.write_text(top + tables, "utf-8")
    return path


def line(call_id: str, text: str, usd: float = 0.01) -> str:
    usage = {"input_tokens": 100, "output_tokens": 50, "usd": usd}
    answer = {"reply": "completion", "text": text, "model": "m", "usage": usage}
    return json.dumps({"prompt_sha256": "*", "call_id": call_id, "answer": answer}) + "\n"


@dataclass
class FakeExaminer:
    """Believes sources; at held-out points the gate says what it was told to say."""

    held_out: dict[str, Any] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    asked: list[str] = field(default_factory=list)

    def gated(self, source: str, size: str) -> Evaluation:
        self.asked.append("gate")
        kernel = catalog.default().find("relu")
        return Evaluation(
            kernel="relu", set=kernel.set, chip=CHIP, device="cpu", variant="file", size=size,
            dims=dict(kernel.spec.sizes.published), track="exact", status=Status.PASSED,
            source_sha256="0", flags=self.flags, held_out=self.held_out or gate("passed"),
        )  # fmt: skip

    def pair(self, source: str, start: str, size: str) -> Samples | Refusal:
        self.asked.append(size)
        if "nowhere=1" in size:
            return Refusal(Status.CRASHED, "it crashed")
        took = FakeJudge()
        found = took.compare(1, source, start).evaluation.samples
        return found if found is not None else samples(1.0, 1.0, 0)


def point(status: str, size: int = 7, kernel_ms: float | None = 0.1) -> dict[str, Any]:
    return {"dims": {"n": size}, "status": status, "reason": "y[3]", "kernel_ms": kernel_ms}


def gate(status: str, *points: dict[str, Any]) -> dict[str, Any]:
    reason = "" if status == "passed" else "n=7: y[3]"
    return {"status": status, "reason": reason, "points": list(points or [point("passed")])}


@pytest.fixture
def examiner(monkeypatch: pytest.MonkeyPatch) -> FakeExaminer:
    """No device: sources state their times, replies are read as they are."""
    made = FakeExaminer()
    monkeypatch.setattr(running, "examiner_of", lambda run, design, place: made)
    monkeypatch.setattr(loop, "judge_of", lambda *given: FakeJudge())
    monkeypatch.setattr(proposers, "from_provider", PlainProposer)
    return made


def document(name: str = "trial") -> Comparison:
    path = folders().root / "compare" / name / "comparison.json"
    return Comparison.model_validate(json.loads(path.read_text("utf-8")))


def test_two_models_are_compared_from_the_command_line(
    tmp_path: Path, examiner: FakeExaminer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([str(plan_file(tmp_path))]) == 0
    said = capsys.readouterr().out
    assert "trial on cpu-test-none-2: 4 of 4 cells, 3 attempts each" in said
    found = document()
    left, right = found.arms
    assert left.label == "greedy · replay/left"
    # 1 / 0.4 and 1 / 0.25, the same on both kernels: intervals have no width but for the noise.
    assert left.over_start and left.over_start.geomean.value == pytest.approx(2.5, rel=0.02)
    assert right.over_start and right.over_start.geomean.value == pytest.approx(4.0, rel=0.02)
    assert right.over_first and right.over_first.value == pytest.approx(1.6, rel=0.03)
    assert [one.figure.value for one in left.correct_by_attempt] == [1.0, 1.0, 1.0]
    assert [one.figure.value for one in right.correct_by_attempt] == [0.0, 1.0, 1.0]
    best = [one.figure.value for one in left.best_by_attempt]
    assert best == pytest.approx([1.0, 2.0, 2.0, 2.5], rel=0.02)
    assert left.best_by_usd[-1].at == pytest.approx(0.03)
    assert left.best_by_usd[-1].figure.value == pytest.approx(2.5, rel=0.02)
    assert (left.usd, left.calls, left.attempts) == (pytest.approx(0.06), 6, 6)
    assert (left.stopped, right.stopped) == ({"budget": 2}, {"exhausted": 2})
    (union,) = found.unions
    assert union.best == "replay/right" and union.gain.value == pytest.approx(1.0, rel=0.03)
    # One attempt each: 2.0 of the left one, nothing right of the other; against 4.0.
    assert union.shared_attempts == 1 and union.shared.value == pytest.approx(0.5, rel=0.03)


@pytest.mark.usefixtures("pictures")
def test_the_page_and_its_pictures_stand_alone(
    tmp_path: Path,
    examiner: FakeExaminer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Chart, "png", lambda self: PNG)  # drawn by other tests
    assert cli.main([str(plan_file(tmp_path)), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == document().model_dump(mode="json")
    folder = folders().root / "compare" / "trial"
    found = Page((folder / "comparison.html").read_text("utf-8"))
    assert_self_contained(found)
    assert "fast_p over the start" in found.told() and "greedy · replay/right" in found.told()
    pictures = {path.stem: path.read_bytes()[:8] for path in folder.glob("*.png")}
    assert set(pictures.values()) == {PNG}
    assert set(pictures) == {"geomean", "fast_p", "correct", "best_by_attempt", "best_by_usd"}


def test_a_killed_comparison_goes_on_and_finished_cells_are_not_run_again(
    tmp_path: Path, examiner: FakeExaminer, monkeypatch: pytest.MonkeyPatch
) -> None:
    judges: list[FakeJudge] = []

    def killed(limit: int) -> Callable[..., FakeJudge]:
        """The machine goes down before the evaluation that is one too many."""

        def before() -> None:
            if sum(len(judge.asked) for judge in judges) >= limit:
                raise KeyboardInterrupt

        def opened(*given: Any) -> FakeJudge:
            judges.append(FakeJudge(before=before))
            return judges[-1]

        return opened

    path = plan_file(tmp_path)
    # A start and what it is asked for: 4 judged of the left model, 3 of the right one, twice.
    for limit, finished in ((6, 1), (9, 2)):
        monkeypatch.setattr(loop, "judge_of", killed(limit))
        assert cli.main([str(path)]) == cli.INTERRUPTED
        assert cli.main([str(path), "--no-run"]) == 0
        assert document().finished == finished
    monkeypatch.setattr(loop, "judge_of", killed(1000))
    assert cli.main([str(path)]) == 0
    assert sum(len(judge.asked) for judge in judges) == 14, "nothing was judged twice"
    assert examiner.asked.count("gate") == 4, "nothing was confirmed twice"
    assert document().finished == 4
    assert [one.gain for one in document().results] == pytest.approx([2.5, 4, 2.5, 4], rel=0.02)


def test_a_cell_goes_on_under_its_own_plan_or_not_at_all(
    tmp_path: Path, examiner: FakeExaminer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([str(plan_file(tmp_path, kernels=["relu"]))]) == 0
    # More kernels and seeds may come; what was run stays.
    assert cli.main([str(plan_file(tmp_path, seeds=[0, 1]))]) == 0
    assert document().finished == 8
    path = plan_file(tmp_path, seeds=[0, 1, 2], tries=2)
    place, plan = Place.of(folders(), design.read(path)), design.read(path)
    (place.score(plan.cells[0])).unlink()
    assert cli.main([str(path)]) == 2
    assert "begun with another tries: 5, not 2" in capsys.readouterr().err


def test_a_search_is_confirmed_again_where_more_is_asked_for(
    tmp_path: Path, examiner: FakeExaminer
) -> None:
    for confirm, gated in (("none", 0), ("screen", 2), ("screen", 2), ("record", 4)):
        path = plan_file(tmp_path, kernels=["relu"], confirm=confirm)
        assert cli.main([str(path)]) == 0
        assert examiner.asked.count("gate") == gated, confirm
        factors = [one.shown_factor is None for one in document().results]
        assert factors == [confirm == "none"] * 2


def test_a_team_is_no_part_of_the_union_and_offline_is_of_each_context() -> None:
    models = ["offline", "replay/a", ["offline", "replay/a"]]
    plan = made(models=models, contexts=["none", "cuda"])
    belongs = {
        context: [arm.label for arm in plan.arms if comparison._belongs(arm, context)]
        for context in plan.contexts
    }
    assert belongs == {
        "none": ["greedy · offline", "greedy · replay/a"],
        "cuda": ["greedy · offline", "greedy · replay/a + cuda"],
    }


def test_what_is_left_to_spend_is_told_first() -> None:
    plan = made(models=["offline", "anthropic/claude-opus-5-5"], budget={"attempts": 10})
    call = running.dearest_usd(plan.arms[1])
    assert call > 0 and running.dearest_usd(plan.arms[0]) == 0
    said = running.estimate(plan, plan.cells)
    assert said == f"2 searches left, at most 10 attempts each, about ${10 * call:.2f} in all"
    capped = made(
        models=["anthropic/claude-opus-5-5"], seeds=[0, 1],
        budget={"attempts": 10, "usd": 0.25, "minutes": 3},
    )  # fmt: skip
    said = running.estimate(capped, capped.cells)
    assert said.endswith("each, 6 minutes in all, about $0.50 in all")
    assert "no cost" in running.estimate(plan, plan.cells[:1])


def test_a_stop_leaves_what_is_done_and_says_how_to_go_on(
    tmp_path: Path,
    examiner: FakeExaminer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    searched = loop.search

    def stopped(runs: Any, parallel: int, board: Any) -> Any:
        found = searched(runs, parallel, board)
        return [one.model_copy(update={"stopped": "signal"}) for one in found]

    monkeypatch.setattr(loop, "search", stopped)
    assert cli.main([str(plan_file(tmp_path))]) == cli.INTERRUPTED
    assert "the same command goes on" in capsys.readouterr().out
    assert not list((folders().root / "compare" / "trial").glob("scores/*"))


def test_cells_side_by_side_come_to_the_same(tmp_path: Path, examiner: FakeExaminer) -> None:
    assert cli.main([str(plan_file(tmp_path)), "--parallel", "3"]) == 0
    assert [one.gain for one in document().results] == pytest.approx([2.5, 4, 2.5, 4], rel=0.02)


def test_a_kernel_whose_start_is_refused_is_left_out_and_named(
    tmp_path: Path, examiner: FakeExaminer
) -> None:
    for name, status in (("relu", "passed"), ("gelu", "wrong_values")):
        (tmp_path / f"{name}.metal").write_text(source(1.0, status), "utf-8")
    assert cli.main([str(plan_file(tmp_path, start="{kernel}.metal"))]) == 1
    found = document()
    assert found.excluded == ["gelu"] and [arm.problems for arm in found.arms] == [1, 1]
    assert found.arms[0].over_start and found.arms[0].over_start.geomean.low is None


def test_a_naive_start_follows_from_the_spec(tmp_path: Path, examiner: FakeExaminer) -> None:
    assert cli.main([str(plan_file(tmp_path, start="naive", kernels=["relu"]))]) == 0
    kept = (folders().root / "compare" / "trial" / "starts" / "relu.metal").read_text("utf-8")
    assert "kernel void relu_f32" in kept
    assert kept != catalog.default().variant(catalog.default().find("relu"), CHIP).source.text


def test_a_scientific_task_is_scored_at_its_three_sizes() -> None:
    task = catalog.default().find("heat2d")
    assert scoring.shown_sizes(task, "published") == list(task.spec.sizes.series)
    assert len(scoring.shown_sizes(task, "published")) == 3
    assert scoring.shown_sizes(task, "256x256_50") == ["256x256_50"]


def scored(examiner: FakeExaminer, ms: float = 0.5, sizes: Sequence[str] = ("published",)) -> Any:
    plan = Plan(
        run="c", kernel="relu", chip=CHIP, device="cpu", objective="cpu",
        seats=(Seat(proposer="offline"),), start=source(1.0),
    )  # fmt: skip
    best = FakeJudge().compare(1, source(ms), source(1.0))
    attempt = of_measurement(
        plan, Origin(1, "t", "offline"), source(ms), best, Decision("kept", "")
    )
    return scoring.score(plan, attempt, sizes, examiner, "screen")


def test_a_best_that_holds_is_scored_at_shown_and_held_out_sizes() -> None:
    points = [point("passed", 7), point("passed", 8), point("passed", 9, kernel_ms=None)]
    examiner = FakeExaminer(gate("passed", *points))
    found = scored(examiner, sizes=("published", "large"))
    assert examiner.asked == ["gate", "published", "large", "n=7", "n=8"]
    assert found.shown_factor == pytest.approx(2.0, rel=0.01)
    assert found.held_out_factor == pytest.approx(2.0, rel=0.01)
    assert found.faster and found.barred == ""
    assert found.held_out[2].speedup is None, "judged and not timed"


@pytest.mark.parametrize(
    ("examiner", "barred", "factor"),
    [
        (FakeExaminer(gate("failed", point("wrong_values"))), "held out failed: n=7: y[3]", 0.0),
        (FakeExaminer(gate("regression", point("regression"))), "held out regression", 2.0),
        (FakeExaminer(flags=(Flag.IMPLAUSIBLE,)), "above what this chip can do", 2.0),
        (FakeExaminer(gate("passed", point("passed", kernel_ms=None))), "", None),
    ],
    ids=["wrong", "regression", "implausible", "not timed"],
)
def test_what_the_gate_finds_keeps_a_best_from_counting(
    examiner: FakeExaminer, barred: str, factor: float | None
) -> None:
    found = scored(examiner)
    assert found.barred.startswith(barred) and bool(found.barred) == bool(barred)
    assert found.faster is not bool(barred)
    shown = found.held_out_factor
    assert shown == factor or shown == pytest.approx(factor, rel=0.01)


def test_a_best_that_crashes_beside_its_start_is_wrong_and_counts_one(
    tmp_path: Path, examiner: FakeExaminer
) -> None:
    found = scored(FakeExaminer(), sizes=("nowhere=1",))
    assert found.shown_factor == 0.0 and found.barred == "nowhere=1: it crashed"
    assert cli.main([str(plan_file(tmp_path, kernels=["relu"]))]) == 0
    plan = design.read(tmp_path / "plan.toml")
    (left, right) = comparison.collect(plan, Place.of(folders(), plan))
    wrong = replace(left, score=found)
    assert wrong.over_start.score == 1.0 and not wrong.over_start.right
    report = comparison.compare(plan, [wrong, right]).arms[0]
    assert (report.barred, report.held_out_wrong) == (1, 0)
    assert report.shown_factor and report.shown_factor.value == 1.0


def test_nothing_kept_is_the_start_and_nothing_is_run() -> None:
    examiner = FakeExaminer()
    plan = Plan(
        run="c", kernel="relu", chip=CHIP, device="cpu", objective="cpu",
        seats=(Seat(proposer="offline"),), start=source(1.0),
    )  # fmt: skip
    found = scoring.score(plan, None, ["published"], examiner, "screen")
    assert (found.shown_factor, found.held_out_factor, found.faster) == (1.0, 1.0, False)
    assert examiner.asked == []


def test_arms_are_strategies_by_models_by_contexts_and_offline_stands_once(tmp_path: Path) -> None:
    plan = made(
        strategies=["greedy", "swarm"], models=["offline", "replay/a", ["offline", "replay/a"]],
        contexts=["none", "cuda"], seeds=[3, 4],
    )  # fmt: skip
    assert len(plan.arms) == 2 * (1 + 2 + 2)
    assert len(plan.cells) == len(plan.arms) * 2
    assert {cell.seed for cell in plan.cells[:10]} == {3}, "one seed of everything comes first"
    team = Arm("swarm", ("offline", "replay/a"), ("cuda",))
    assert [seat.contexts for seat in team.seats] == [(), ("cuda",)]
    assert team.label == "swarm · offline & replay/a + cuda"
    name = Cell("relu", team, 3).name
    assert name == "relu--swarm--offline-replay-a--cuda--s3"


def made(**more: Any) -> Design:
    given = {
        "name": "n", "kernels": ["relu"], "models": ["offline"], "budget": {"attempts": 2},
        "replies": {"a": "a.jsonl"}, "context": {"cuda": "x.cu"}, **more,
    }  # fmt: skip
    return design.of(given, "plan.toml")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kernel": ["relu"]}, "kernel: Extra inputs"),
    ({"budget": {}}, "budget.attempts: Field required"),
    ({"budget": {"attempts": 0}}, "budget.attempts"),
    ({"models": []}, "models"),
    ({"strategies": ["best"]}, "strategies.0"),
    ({"name": "../x"}, "name: String should match"),
    ({"kernels": ["relu", "relu"]}, "kernels: relu is named twice"),
    ({"contexts": ["opencl"], "models": ["replay/a"]}, "no file for context 'opencl'"),
    ({"models": ["replay/b"]}, "no replies for model 'replay/b'"),
    ({"models": ["replay/a", "replay-a"]}, "two cells would be named"),
    ({"schema_version": 2}, "newer than this program"),
]


@pytest.mark.parametrize(("more", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_plan_that_is_wrong_says_where(more: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=r"plan\.toml") as caught:
        made(**more)
    assert said in caught.value.message


UNRUNNABLE: list[tuple[dict[str, Any], int, str]] = [
    ({"kernels": ["rellu"]}, 2, "unknown kernel"),
    ({"size": "huge"}, 2, "unknown size"),
    ({"start": "none.metal"}, 2, "cannot read"),
    ({"device": "replay"}, 2, "its device is not replayed"),
    ({"start": "naive", "kernels": ["adi3d"]}, 2, "no naive kernel of adi3d"),
    ({"models": ["anthropic/claude-opus-5"]}, 3, "ANTHROPIC_API_KEY"),
    ({"models": ["nobody/m"]}, 2, "unknown provider"),
]


@pytest.mark.parametrize(("more", "code", "said"), UNRUNNABLE, ids=[u[2] for u in UNRUNNABLE])
def test_what_cannot_be_run_is_said_before_anything_is_spent(
    tmp_path: Path,
    more: dict[str, Any],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert cli.main([str(plan_file(tmp_path, **more))]) == code
    assert said in capsys.readouterr().err
    assert not (folders().root / "compare" / "trial" / "runs").exists()


def test_a_plan_that_is_no_toml_or_missing_is_a_user_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.toml").write_text("name = ", "utf-8")
    assert cli.main([str(tmp_path / "bad.toml")]) == 2
    assert cli.main([str(tmp_path / "none.toml")]) == 2
    said = capsys.readouterr().err
    assert "is no TOML" in said and "cannot read" in said


@pytest.mark.parametrize("module", ["agent_steel.compare", "agent_steel.report"])
def test_both_commands_start_as_modules(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__")
    assert ended.value.code == 0
    assert f"usage: python -m {module}" in capsys.readouterr().out


@pytest.mark.host
def test_the_smoke_plan_runs_on_the_real_device(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Path(__file__).resolve().parents[3] / "examples" / "compare_smoke.toml"
    assert cli.main([str(plan)]) == 0
    found = document("smoke")
    assert (found.finished, found.cells) == (2, 2)
    offline, recorded = found.arms
    assert [one.figure.value for one in recorded.correct_by_attempt] == [0.0, 1.0]
    assert [one.figure.value for one in offline.correct_by_attempt] == [1.0, 1.0]
    assert (offline.usd, recorded.usd) == (0.0, pytest.approx(0.04))
    assert recorded.over_start and recorded.over_start.geomean.value >= 1.0
    assert recorded.over_mlx and recorded.held_out_factor
    capsys.readouterr()
    assert cli.main([str(plan), "--no-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"] == [
        one.model_dump(mode="json") for one in found.results
    ]
