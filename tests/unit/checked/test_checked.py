"""The checker: every fault named with its place, every honest kernel left alone."""

from __future__ import annotations

import pytest

from tests.unit.checked.cases import check
from tests.unit.checked.faults import FAULTS
from tests.unit.checked.honest import HONEST, WARNED


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found(name: str) -> None:
    case, status, words, line = FAULTS[name]
    report = check(case)
    assert report.refusal is not None, report.warnings
    assert report.refusal.status is status, report.refusal
    for word in words:
        assert word in report.refusal.reason
    if line:
        assert report.refusal.location.startswith(f"case.metal:{case.first_line + line - 1}:")


@pytest.mark.parametrize("name", HONEST)
def test_honest_kernel_is_left_alone(name: str) -> None:
    report = check(HONEST[name])
    assert report.refusal is None
    assert report.warnings == ()


@pytest.mark.parametrize("name", WARNED)
def test_harmless_race_is_a_warning(name: str) -> None:
    case, word = WARNED[name]
    report = check(case)
    assert report.refusal is None
    assert any(word in warning for warning in report.warnings), report.warnings
