"""The corpus of bad kernels: each is caught by the stated layer, its twin passes, and every row of
the catalogue is accounted for. `make trust` judges all twins and takes out every layer."""

from __future__ import annotations

import ast
import difflib
from pathlib import Path

import pytest

from harness import settings
from harness.evaluation import Status
from trust import catalogue, figures
from trust.corpus import FOLDER, SIZES, Bad, corpus, facts_of, outcome_of, outcome_of_twin
from trust.layers import LAYERS

BAD = corpus()
#: Timed against MLX, or judged in many points: `make trust` only.
SLOW = ("regression", "held_out")
QUICK = [bad for bad in BAD if bad.size not in SLOW]
#: A twin a layer; `make trust` judges the rest.
TWINS = list({bad.layer: bad for bad in QUICK}.values())
#: A kernel a removable layer.
REMOVED = list({bad.layer: bad for bad in QUICK if bad.removable and bad.size != "timed"}.values())
_MOST_CHANGED_LINES = 20
_VERDICTS = {status.value for status in Status} | {"regression", "not_covered", "same_source"}


def name(bad: Bad) -> str:
    return bad.name


@pytest.mark.parametrize("bad", BAD, ids=name)
def test_headers_say_what_is_due(bad: Bad) -> None:
    assert bad.expect in _VERDICTS and bad.expect != Status.PASSED.value
    assert bad.size in SIZES
    assert {bad.layer, *bad.backed, *bad.through} <= set(LAYERS)
    assert bad.row == "own" or bad.name.startswith(f"{int(bad.row):02}_")


@pytest.mark.parametrize("bad", BAD, ids=name)
def test_twins_differ_in_the_fault_only(bad: Bad) -> None:
    twin = facts_of(bad.twin_path.read_text("utf-8"))
    assert twin == {"twin of": bad.path.name, "kernel": bad.kernel, "size": bad.size}
    one, other = (_code(path) for path in (bad.path, bad.twin_path))
    lines = list(difflib.unified_diff(one, other, n=0, lineterm=""))[2:]
    changed = [line for line in lines if not line.startswith("@@")]
    assert 0 < len(changed) <= _MOST_CHANGED_LINES


def _code(path: Path) -> list[str]:
    lines = path.read_text("utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if not line.startswith("// "))
    return lines[first:]


@pytest.mark.parametrize("bad", QUICK, ids=name)
def test_caught_for_the_stated_reason(bad: Bad) -> None:
    found = outcome_of(bad)
    assert found.meets(bad), f"{found.status} by {found.stage}: {found.reason}"


@pytest.mark.parametrize("bad", TWINS, ids=name)
def test_twins_pass(bad: Bad) -> None:
    found = outcome_of_twin(bad)
    assert found.passed, f"{found.status}: {found.reason}"


@pytest.mark.parametrize("bad", REMOVED, ids=name)
def test_without_its_layers_it_gets_through(bad: Bad) -> None:
    assert outcome_of(bad, bad.layers).passed


def test_every_row_is_accounted_for() -> None:
    rows = {int(bad.row) for bad in BAD if bad.row != "own"}
    due = set(catalogue.DEVICE) | set(catalogue.CONTRACT)
    assert due <= rows | set(catalogue.EXCEPTIONS)
    assert not rows & set(catalogue.EXCEPTIONS)
    assert sum(bad.row == "own" for bad in BAD) >= 15
    twins = {bad.twin for bad in BAD}
    assert {p.name for p in FOLDER.glob("*.metal")} == twins | {bad.path.name for bad in BAD}


def test_rows_of_the_harness_name_tests_that_exist() -> None:
    for tests in catalogue.HARNESS.values():
        for test in tests:
            file, _, function = test.partition("::")
            tree = ast.parse((settings.ROOT / file).read_text("utf-8"))
            names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert function in names, test


def test_the_page_is_fresh() -> None:
    assert figures.check() == 0, "docs/TRUST.md: run `python -m trust --page`"
