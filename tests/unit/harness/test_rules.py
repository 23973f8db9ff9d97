"""docs/RULES.md says what the code does, and a page that does not is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.board import promotion, provenance, rules
from harness.errors import ExitCode
from harness.evaluation import Flag, Status
from harness.gate import held_out
from harness.gate import points as gate_points
from harness.problem.header import TRACKS


def rows_of(page: str, first: str) -> list[str]:
    """The first cells of the table whose head begins with `first`."""
    lines = page.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first}"))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return found
        found.append(line.split("|")[1].strip().strip("`"))
    return found


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ("status |", [status.value for status in Status]),
        ("flag |", [flag.value for flag in Flag]),
        ("track |", list(TRACKS)),
        ("draw |", [gate_points.PUBLISHED, *gate_points.KINDS]),
        ("gate |", list(held_out.STATUSES)),
        ("state,", list(provenance.STATES)),
    ],
)
def test_every_table_is_complete_and_in_order(first: str, names: list[str]) -> None:
    assert rows_of(rules.page(), first) == names


def test_flags_that_bar_are_marked() -> None:
    for flag in Flag:
        line = next(x for x in rules.page().splitlines() if x.startswith(f"| `{flag.value}`"))
        assert line.endswith("| yes |") == (flag in promotion.BARRING)


def test_the_page_in_the_tree_is_current() -> None:
    assert rules.path().read_text("utf-8") == rules.page()


def test_it_is_one_page() -> None:
    assert len(rules.page().splitlines()) < 120 and "{" not in rules.page()


def test_a_stale_page_is_found_and_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "RULES.md"
    monkeypatch.setattr(rules, "path", lambda: target)
    assert rules.main(["--check"]) == ExitCode.REFUSED
    assert rules.main([]) == ExitCode.PASSED
    assert rules.main(["--check"]) == ExitCode.PASSED
    monkeypatch.setattr(promotion, "BARRING", ())
    assert rules.main(["--check"]) == ExitCode.REFUSED
    assert "make refresh" in capsys.readouterr().err
