"""examples/openevolve_evaluator.py, as OpenEvolve imports and calls it."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "openevolve_evaluator.py"


@dataclass
class EvaluationResult:
    """OpenEvolve's."""

    metrics: dict[str, float]
    artifacts: dict[str, str]


def loaded(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("openevolve_evaluator", EXAMPLE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.host
def test_a_right_program_has_a_fitness_and_a_wrong_one_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "metal" / "kernels" / "common" / "relu.metal").read_text("utf-8")
    right, wrong = tmp_path / "right.metal", tmp_path / "wrong.metal"
    right.write_text(text, "utf-8")
    wrong.write_text(text.replace("float4(0.0f)", "float4(1.0f)"), "utf-8")
    example: Any = loaded(monkeypatch)
    metrics = example.evaluate(str(right))
    assert metrics["combined_score"] > 0 and metrics["correct"] == 1.0
    openevolve = ModuleType("openevolve.evaluation_result")
    openevolve.EvaluationResult = EvaluationResult  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "openevolve", ModuleType("openevolve"))
    monkeypatch.setitem(sys.modules, "openevolve.evaluation_result", openevolve)
    found = example.evaluate(str(wrong))
    assert found.metrics == {"combined_score": 0.0, "correct": 0.0}
    assert found.artifacts["status"] == "wrong_values"
    assert json.loads(found.artifacts["feedback"])["sizes"][0]["first_bad"]


def test_it_is_short() -> None:
    assert len(EXAMPLE.read_text("utf-8").splitlines()) <= 30
