"""The command line: what options mean, what is refused, exit codes, and that nothing is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from example_evaluations import GATE_PASSED, SOURCE, passed, refused, samples, sha256

from harness import judging
from harness.board import documents, promotion, records, runs
from harness.command import cli, cold_start, commands
from harness.errors import EnvironmentFault, ExitCode, HostFailure
from harness.evaluation import Evaluation, Flag, Status
from harness.problem import catalog
from harness.settings import Settings, paths

LATENCY = {
    "processes": 5.0,
    "load_ms": 40.0,
    "first_ms": 3.0,
    "next_ms": 0.1,
    "mlx_first_ms": 2.0,
    "mlx_next_ms": 0.2,
}


class Judge:
    """Stands for the judging of kernels; records what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Settings]] = []
        self.confirmed = 0
        self.answers: dict[str, Evaluation | BaseException] = {}

    def judged(self, kernel: Any, source: Any, settings: Settings, size: str) -> Evaluation:
        self.asked.append((kernel.name, size, settings))
        answer = self.answers.get(f"{kernel.name} {size}", self.answers.get(kernel.name))
        if isinstance(answer, BaseException):
            raise answer
        found = answer or passed(mode=settings.mode)
        text = source.text if source else found.source
        return replace(
            found, kernel=kernel.name, size=size, source=text, source_sha256=sha256(text)
        )

    def confirm(self, request: promotion.Request) -> promotion.Confirmation:
        self.confirmed += 1
        found = passed(
            request.source,
            kernel=request.kernel,
            size=request.size,
            held_out=GATE_PASSED,
        )
        return promotion.Confirmation(run=documents.to_run(found), comparison=None)


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    judge = Judge()
    monkeypatch.setattr(judging, "judged", judge.judged)
    monkeypatch.setattr(cold_start, "measured", lambda found, threads: LATENCY)
    monkeypatch.setattr(promotion, "confirm_in_fresh_process", judge.confirm)
    return judge


def record() -> records.Record | None:
    return records.find("apple-m4-max", "relu", "exact", "published")


def test_one_kernel_is_judged_reported_and_recorded(
    judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["relu"]) == ExitCode.PASSED
    shown = capsys.readouterr()
    assert "correct" in shown.out
    assert "updated session.json [apple-m4-max/relu]: new best" in shown.out
    assert "no Record yet: confirming it in mode record, about" in shown.err
    assert record() is not None and paths().session.exists()
    (kept,) = runs.last("relu", "metal")
    assert kept.kernel == "relu" and kept.held_out == GATE_PASSED


def test_a_second_run_of_the_same_source_pays_for_no_confirmation(
    judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["relu"])
    before = paths().session.read_bytes()
    assert cli.main(["relu"]) == ExitCode.PASSED
    assert judge.confirmed == 1
    assert "this source holds the Record" in capsys.readouterr().out
    assert paths().session.read_bytes() == before


@pytest.mark.parametrize(
    "options",
    [
        ["--metal"],
        ["--mlx"],
        ["--check-only"],
        ["--no-session"],
        ["--cold-start"],
        ["--mode", "screen"],
        ["--size", "rows=3"],
    ],
)
def test_what_never_saves_never_saves(judge: Judge, options: list[str]) -> None:
    assert cli.main(["relu", *options]) == ExitCode.PASSED
    assert judge.confirmed == 0
    assert not paths().results.exists() and not paths().session.exists()


def test_a_file_is_judged_and_never_saved(judge: Judge, tmp_path: Any) -> None:
    source = tmp_path / "mine.metal"
    source.write_text(SOURCE)
    assert cli.main(["relu", "--file", str(source)]) == ExitCode.PASSED
    assert judge.confirmed == 0 and not paths().results.exists()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (passed(), ExitCode.PASSED),
        (refused(), ExitCode.REFUSED),
        (refused(status=Status.UNSUPPORTED), ExitCode.ENVIRONMENT),
        (EnvironmentFault("no compiler"), ExitCode.ENVIRONMENT),
        (HostFailure("the supervisor died"), ExitCode.HOST_FAILED),
        (KeyboardInterrupt(), cli.INTERRUPTED),
    ],
)
def test_exit_codes(judge: Judge, answer: Any, code: int) -> None:
    judge.answers["relu"] = answer
    assert cli.main(["relu", "--no-session"]) == code


def test_of_several_kernels_the_worst_code_wins_and_all_are_judged(
    judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    judge.answers = {"gelu": refused(), "softmax": EnvironmentFault("no device", "buy one")}
    code = cli.main(["relu,gelu", "softmax", "argmax", "--no-session"])
    assert code == ExitCode.ENVIRONMENT
    assert [name for name, _, _ in judge.asked] == ["relu", "gelu", "softmax", "argmax"]
    shown = capsys.readouterr()
    assert "2 of 4 passed" in shown.out
    assert "softmax: no device" in shown.err and "buy one" in shown.err


def test_all_judges_every_kernel_and_saves_only_in_mode_record(
    judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--all", "--set", "full"]) == ExitCode.PASSED
    names = {name for name, _, _ in judge.asked}
    assert {"resnet", "transformer_block"} <= names and judge.confirmed == 0
    assert f"{len(names)} of {len(names)} passed" in capsys.readouterr().out
    assert cli.main(["--all", "--set", "full", "--mode", "record"]) == ExitCode.PASSED
    ranked = [kernel for kernel in catalog.default().kernels("full") if kernel.spec.ranked]
    assert judge.confirmed == len(ranked) > 0


def test_an_overhead_bound_kernel_is_shown_at_large_too(judge: Judge) -> None:
    judge.answers = {
        "relu published": passed(flags=(Flag.OVERHEAD_BOUND,)),
        "relu large": passed(size="large"),
    }
    assert cli.main(["relu", "--no-session"]) == ExitCode.PASSED
    assert [size for _, size, _ in judge.asked] == ["published", "large"]
    assert cli.main(["relu", "--no-session", "--size", "published"]) == ExitCode.PASSED
    assert [size for _, size, _ in judge.asked[2:]] == ["published"]


def test_a_record_at_large_that_still_tells_is_recalled(
    judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    judge.answers = {
        "relu published": passed(flags=(Flag.OVERHEAD_BOUND,)),
        "relu large": passed(size="large"),
    }
    cli.main(["relu"])
    judge.asked.clear()
    assert cli.main(["relu"]) == ExitCode.PASSED
    assert [size for _, size, _ in judge.asked] == ["published"]
    said = capsys.readouterr().err
    assert "ranked at large" in said and "./bench relu --size large measures it again" in said
    newer = {**passed().environment, "mlx": "99.0"}
    judge.answers["relu published"] = passed(flags=(Flag.OVERHEAD_BOUND,), environment=newer)
    cli.main(["relu"])
    assert [size for _, size, _ in judge.asked] == ["published", "published", "large"]


def test_options_may_stand_after_two_dashes(judge: Judge) -> None:
    line = "relu --no-session -- --target memory --iters 50 --seed 3 --warmup 2 --threads 1"
    assert cli.main(line.split()) == ExitCode.PASSED
    settings = judge.asked[0][2]
    assert (settings.target, settings.iters, settings.seed) == ("memory", 50, 3)
    assert (settings.warmup, settings.threads) == (2, 1)


def test_json_is_one_object_a_line_and_nothing_else(
    judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    judge.answers = {"gelu": refused()}
    assert cli.main(["relu,gelu", "--json"]) == ExitCode.REFUSED
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["kernel"], row["status"]) for row in rows] == [
        ("relu", "passed"),
        ("gelu", "wrong_values"),
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("rellu", "did you mean relu"),
        ("zzzzzz", "unknown kernel 'zzzzzz'"),
        ("relu,gelu --file x.metal", "against one kernel"),
        ("relu --file missing.metal", "cannot read missing.metal"),
        ("--all relu", "take no kernel names"),
        ("relu --set common", "--set goes with"),
        ("--all --set nonsense", "unknown set"),
        ("relu --watch x.metal --json", "--watch goes with none of"),
        ("relu --size ,", "--size is empty"),
        ("relu --size check", "--size check goes with --check-only or --audit"),
        ("--audit relu --file x.metal", "--audit judges problems"),
        ("--audit relu --set common", "--set goes with"),
        ("relu --cold-start --check-only", "--cold-start"),
        ("", "which kernel?"),
    ],
)
def test_wrong_use_is_named(
    judge: Judge, capsys: pytest.CaptureFixture[str], line: str, says: str
) -> None:
    assert cli.main(line.split()) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert says in shown.err and "Traceback" not in shown.err
    assert judge.asked == []


@pytest.mark.parametrize(
    "line", ["relu --iters 0", "relu --seed x", "relu --mode fast", "--nonsense", "--metal --mlx x"]
)
def test_options_out_of_range_are_usage_errors(line: str) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(line.split())
    assert caught.value.code == ExitCode.USAGE


def test_unwritable_results_come_after_the_report(
    judge: Judge, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Any, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.atomic._write_durably", full)
    assert cli.main(["relu"]) == ExitCode.ENVIRONMENT
    shown = capsys.readouterr()
    assert "correct" in shown.out and "not saved" in shown.err
    assert "the disk is full" in shown.err


def test_a_corrupt_results_file_is_kept_aside_and_said(
    judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    path = paths().results_file("apple-m4-max", "relu")
    path.parent.mkdir(parents=True)
    path.write_text("{ torn")
    assert cli.main(["relu"]) == ExitCode.PASSED
    assert "kept aside as" in capsys.readouterr().err
    assert [p.read_text() for p in path.parent.glob("*.corrupt-*")] == ["{ torn"]
    assert record() is not None


def test_a_cold_start_is_reported_beside_a_check(
    judge: Judge, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["relu", "--cold-start"]) == ExitCode.PASSED
    assert judge.asked[0][2].check_only
    shown = capsys.readouterr().out
    assert "load 40 ms, first run 3 ms, next 0.1 ms (median of 5 fresh processes)" in shown
    judge.answers["relu"] = refused()
    assert cli.main(["relu", "--cold-start"]) == ExitCode.REFUSED
    assert "first launch" not in capsys.readouterr().out


def test_the_list_names_every_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list"]) == ExitCode.PASSED
    shown = capsys.readouterr().out
    assert "sqr_mm" in shown and "softmax_attention" in shown
    assert cli.main(["--list", "--set", "common", "--json"]) == ExitCode.PASSED
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["set"] for row in rows} == {"common"}


def test_help_explains_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for part in ("exit codes", "130 interrupted", "--watch", "--cold-start"):
        assert part in shown


def test_sizes() -> None:
    assert cli.sizes("published,large") == ("published", "large")
    assert cli.sizes("M=64,N=96") == ("M=64,N=96",)


def test_the_announced_cost_grows_with_the_blocks() -> None:
    evaluation = passed()
    assert commands.record_seconds(replace(evaluation, samples=None)) == 2.0
    short, long = (replace(evaluation, samples=samples(gain, seed=1)) for gain in (1.0, 9.0))
    assert 2.0 < commands.record_seconds(short) < commands.record_seconds(long)
