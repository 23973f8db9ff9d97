"""The human report, to the letter, for every kind of outcome."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from example_evaluations import figures, passed, refused
from rich.console import Console

from harness import console
from harness.command import report, shown
from harness.evaluation import Evaluation, FirstBad, Flag, Status, Verdict

COMPILE_ERROR = """mine.metal:3:9: error: use of undeclared identifier 'z'
    3 |   y[i] = z;
      |          ^
1 error generated."""

REPORTS: dict[str, Evaluation] = {
    "passed": passed(),
    "passed_on_cpu": passed(
        chip="cpu-intel-avx512-2",
        device="cpu",
        engine="reference",
        verdict=Verdict.UNCLEAR,
        flags=(Flag.NOISY, Flag.CACHE_RESIDENT),
        baselines={"mlx": 0.0768, "numpy": 0.0402},
    ),
    "one_side": passed(
        figures=figures().__class__(
            **{
                **figures().__dict__,
                "mlx_ms_median": None,
                "speedup": None,
                "speedup_ci": None,
                "roofline_fraction": None,
                "bound": None,
                "balanced": None,
                "mlx_overhead_ms": None,
            }
        ),
        baselines={},
        scores={"speed": None, "compute": 5.12},
        score=None,
        verdict=None,
        published_status=None,
    ),
    "checked_only": passed(figures=None, score=None, samples=None, verdict=None),
    "wrong_values": refused(),
    "not_written": refused(
        status=Status.NOT_WRITTEN,
        published_status=None,
        reason="1 of 262144 elements of y were never written",
        first_bad=FirstBad("y", (15, 16383), float("nan"), 0.25),
    ),
    "compile_error": refused(
        status=Status.COMPILE_ERROR,
        published_status=None,
        reason=COMPILE_ERROR,
        first_bad=None,
    ),
    "implausible": passed(flags=(Flag.IMPLAUSIBLE,)),
}


@pytest.mark.parametrize("name", REPORTS)
def test_reports(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"reports/{name}.txt", report.text(REPORTS[name]))


def test_compiler_diagnostics_are_shown_verbatim() -> None:
    shown = report.text(REPORTS["compile_error"])
    for line in COMPILE_ERROR.splitlines():
        assert line in shown


def test_cpu_rows_say_what_they_are_not() -> None:
    assert "nothing about Metal performance" in report.text(REPORTS["passed_on_cpu"])
    assert "MLX's CPU backend is weak" in report.text(REPORTS["passed_on_cpu"])
    assert "nothing about Metal performance" not in report.text(passed())


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    shown.show(passed())
    assert capsys.readouterr().out == report.text(passed())


def test_a_terminal_gets_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    terminal = Console(file=file, force_terminal=True, width=200, highlight=False, no_color=True)
    monkeypatch.setattr(console, "out", terminal)
    shown.show(refused())
    said = "".join(part.partition("m")[2] for part in file.getvalue().split("\x1b["))
    for line in report.lines(refused()):
        assert line.text in said


def test_a_terminal_does_not_interpret_what_kernels_say(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=file, force_terminal=True, width=200))
    shown.show(refused(reason="[bold]x[/nonsense] [link=a]"))
    assert "[bold]x[/nonsense] [link=a]" in file.getvalue()


def test_the_final_table_has_a_row_a_kernel() -> None:
    rows = report.table([passed(), refused(kernel="abs")])
    assert rows[0] == report.SUMMARY_HEADER
    assert rows[1][:3] == ("relu", "published", "passed")
    assert rows[2] == ("abs", "published", "wrong_values", "-", "-", "-", "-")
