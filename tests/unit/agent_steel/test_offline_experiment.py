"""The experiment: the twelve are unknown to every test of a rule, the draw is by seed, the page
follows from the data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agent_steel.finals import Verdict
from agent_steel.offline import experiment, experiment_page
from agent_steel.offline.experiment import DEVELOPED, EACH, FAMILIES, HELD
from harness import settings

HERE = Path(__file__)


def test_no_rule_and_no_test_of_a_rule_names_one_of_the_twelve() -> None:
    tests = [path for path in HERE.parent.glob("test_offline*.py") if path != HERE]
    code = [
        path
        for path in (settings.ROOT / "agent_steel" / "offline").rglob("*.py")
        if not path.stem.startswith("experiment")
    ]
    assert len(tests) >= 3 and len(code) > 10
    named = re.compile(rf"[\"'](?:{'|'.join(HELD)})[\"']")
    for path in tests:
        assert not named.findall(path.read_text("utf-8")), path
    for path in code:
        found = set(named.findall(path.read_text("utf-8")))
        assert found <= {'"abs"'}, f"{path}: {found}"  # a function of the library


def test_the_twelve_come_first_in_the_draw_among_plain_kernels_that_pass() -> None:
    assert len(HELD) == 3 * EACH and len(DEVELOPED) == 8 and not set(HELD) & set(DEVELOPED)
    known = experiment.load()["plain"]
    families = experiment.families()
    for number, family in enumerate(FAMILIES):
        order = experiment.shuffled(family, families)
        passed = [name for name in order if known.get(name, {}).get("status") == "passed"]
        assert tuple(passed[:EACH]) == HELD[number * EACH : (number + 1) * EACH]
        last = order.index(passed[EACH - 1])
        assert all(name in known for name in order[:last]), "none was left out"


def row(**fields: Any) -> dict[str, Any]:
    return {
        "family": "row", "size": "published", "naive_ms": 2.0, "won": True, "speedup": 4.0,
        "speedup_ci": [3.9, 4.1], "attempts": 7, "outcomes": {"kept": 2, "refused": 1},
        "techniques": ["one", "two"], "refused_in_finals": 0, **fields,
    }  # fmt: skip


def test_a_problem_without_a_win_counts_as_no_gain() -> None:
    lost = row(won=False, speedup=None, speedup_ci=None, techniques=[])
    mean, (low, high) = experiment_page.geometric_mean([row(), lost])
    assert mean == pytest.approx(2.0) and low == pytest.approx(1.0) and high == pytest.approx(4.0)


def test_the_page_says_what_is_in_the_data_and_what_is_missing() -> None:
    document = {"kernels": {"relu": row(), HELD[0]: row()}, "plain": {}, "environment": {}}
    text = experiment_page.page(document, HELD, DEVELOPED)
    assert (
        "**1 of 1 confirmed wins, geometric mean 4.00x**" in text and "11 have not been run" in text
    )
    assert "| relu | row | published | 2 | 4.00x (3.90 to 4.10) | 7 | 1 | one; two |" in text


@pytest.mark.parametrize(
    ("reason", "refused"),
    [
        ("no proved gain over what stands in metal/: slower", False),
        ("held out: wrong_values at rows=7", True),
        ("in a paired run: data_race", True),
    ],
)
def test_a_slow_finalist_was_not_refused_by_gate_or_checker(reason: str, refused: bool) -> None:
    verdict = Verdict(attempt="a", source_sha256="b", passed=False, reason=reason)
    assert experiment.refused(verdict) is refused
