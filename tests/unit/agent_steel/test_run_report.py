"""The report of a run: complete, the same bytes each time, and safe with hostile text."""

from __future__ import annotations

from pathlib import Path

import pytest
from core_fakes import SCRIPT, plan, reply, search
from html_pages import PNG, Page, assert_self_contained
from test_replayed_runs import again

from agent_steel.plan import Seat
from agent_steel.report import cli, page, run_report, writing
from agent_steel.report.charts import Bar, Chart, Line
from agent_steel.report.run_report import Told


@pytest.mark.usefixtures("pictures")
def test_a_report_tells_every_attempt_step_and_cost(tmp_path: Path) -> None:
    run = search(tmp_path, budget_usd=1.0)
    run.execute()
    (path,) = writing.write([run.folder])
    found = Page(path.read_text("utf-8"))
    assert_self_contained(found)
    told = found.told()
    for technique in ("vectorise", "unroll", "unroll right", "more threads", "fewer barriers"):
        assert technique in told
    assert "wrong values" in told and "it is wrong_values" in told, "a refusal with its reason"
    assert "no_code: no kernel in it" in told
    assert "2.00x the speed of the start after 7 attempts in 5 rounds" in told
    assert "cost $0.0700 $1.0000" in told
    hashes = {one.prompt_sha256 for one in run.attempts.values() if one.prompt_sha256}
    assert len(hashes) == 7 and all(one in told for one in hashes)
    assert all(run.attempts[name].source_sha256 in told for name in ("run1-0000", "run1-0006"))
    assert path.with_name("convergence.png").read_bytes().startswith(PNG)
    pictures = [attributes for tag, attributes in found.seen if tag == "img"]
    assert len(pictures) == 3, "convergence, times and gains at the one size"


def test_accepted_steps_are_the_way_to_the_best(tmp_path: Path) -> None:
    run = search(tmp_path)
    run.execute()
    told = Told.read(run.folder)
    steps = run_report.values(told)["steps"]
    assert [one.technique for one in steps] == ["vectorise", "unroll right", "fewer barriers"]
    (root,) = run_report.tree(told)
    assert root.on_path and [node.attempt.ordinal for node in root.children] == [1]
    below = root.children[0].children
    assert [(node.attempt.ordinal, node.on_path) for node in below] == [(2, False), (3, True)]


@pytest.mark.usefixtures("pictures")
def test_a_report_and_its_picture_are_the_same_bytes_for_a_replay(tmp_path: Path) -> None:
    first = search(tmp_path / "one")
    first.execute()
    second = again(first.folder, tmp_path / "two")
    for run in (first, second):
        writing.write([run.folder])
    for name in (writing.REPORT, writing.CONVERGENCE):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()


def test_what_a_model_wrote_is_shown_and_never_obeyed(tmp_path: Path) -> None:
    hostile = '<script>alert(1)</script> "><img src=x onerror=y> {{ plan }} \u202eright'
    run = search(tmp_path, {"0001": reply(hostile, 0.5)}, max_rounds=1)
    run.execute()
    (path,) = writing.write([run.folder])
    found = Page(path.read_text("utf-8"))
    assert_self_contained(found)
    assert "<script>alert(1)</script>" in found.told() and "{{ plan }}" in found.told()
    assert "\u202e" not in found.text and "\\u202eright" in found.told()


def test_runs_of_one_command_share_a_chart_that_names_what_each_gained(tmp_path: Path) -> None:
    first, second = search(tmp_path), search(tmp_path, {"0001": "no"}, run="run2", kernel="gelu")
    for run in (first, second):
        run.execute()
    writing.write([first.folder, second.folder])
    assert all((run.folder / writing.CONVERGENCE).exists() for run in (first, second))
    told = [Told.read(run.folder) for run in (first, second)]
    labels = [line.label for line in run_report.convergence(told).lines]
    assert labels == ["relu: +100 %", "gelu: +0 %"]
    twins = run_report.convergence([told[0], told[0]])
    assert [line.label for line in twins.lines] == ["relu (run1): +100 %"] * 2


def test_a_run_that_measured_nothing_right_has_a_report(tmp_path: Path) -> None:
    run = search(tmp_path, start="// takes 1 ms, wrong_values\nkernel void relu_f32() {}\n")
    assert run.execute().stopped == "baseline_refused"
    (path,) = writing.write([run.folder])
    told = Page(path.read_text("utf-8")).told()
    assert "Stopped: baseline refused" in told and "Nothing was timed." in told


def test_the_command_writes_and_says_where(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = search(home / ".agent-steel", {"0001": SCRIPT["0001"]}, max_rounds=1)
    run.execute()
    assert cli.main(["run1"]) == cli.main([str(run.folder)]) == 0
    assert capsys.readouterr().out.split() == [str(run.folder / "report.html")] * 2
    assert cli.main(["run7"]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_contexts_and_models_stand_beside_each_attempt(tmp_path: Path) -> None:
    seats = (Seat(proposer="scripted/m", contexts=("cuda",)),)
    run = search(tmp_path, {"0001": SCRIPT["0001"]}, seats=seats, max_rounds=1)
    run.execute()
    assert "scripted/m + cuda" in Page(run_report.html(Told.read(run.folder))).told()
    assert plan().max_attempts is None


def test_lines_of_a_diff_keep_their_kind_when_they_begin_with_dashes() -> None:
    diff = "--- parent\n+++ candidate\n@@ -1 +1 @@\n---i;\n+++i;\n same\n"
    kinds = [kind for kind, _ in page.diff_lines(diff)]
    assert kinds == ["at", "at", "at", "old", "new", "same"]


@pytest.mark.usefixtures("pictures")
def test_a_chart_draws_formula_signs_as_text_and_the_same_bytes_twice() -> None:
    chart = Chart(
        x="$x_1$", y="y", title="5 $ a call",
        lines=[Line("$a$ model_1", [0, 1], [1, 2], [0.9, 1.8], [1.1, 2.2], steps=True)],
        bars=[Bar(0, 1.0, None, None, "g"), Bar(1, 2.0, 1.5, 2.5, "g")],
        level=1.0, scale="log",
    )  # fmt: skip
    assert chart.png() == chart.png() and chart.png().startswith(PNG)
    assert chart.data_uri() == chart.data_uri()
    assert chart.data_uri().startswith("data:image/svg+xml;base64,")


def test_an_interval_without_end_neither_hides_the_others_nor_fills_a_line() -> None:
    assert page.interval((1.1, 1.38)) == "[1.10, 1.38]"
    assert page.interval((0.0, 3.3e6)) == "[0.00, >1000]"
    assert page.interval((None, None)) == page.interval(None) == ""
    low, high = run_report._window([2.0, 0.5])
    assert (low, high) == pytest.approx((0.35, 2.8))
