"""The profiler: figures with their tags, one bottleneck by rule, and a model's word."""

from __future__ import annotations

from typing import Any

import pytest

from agent_steel.providers.replay import ReplayProvider
from agent_steel.roles.figures import payload
from agent_steel.roles.profiler import Profiler, rule_diagnosis
from tests.unit.agent_steel.authored import line
from tests.unit.agent_steel.examples_of_feedback import NOT_COMPILED, WRONG, passed


@pytest.mark.parametrize(
    ("changed", "bottleneck"),
    [
        ({}, "memory_bandwidth"),
        ({"roof": "compute"}, "compute"),
        ({"roofline_fraction": 0.9, "coalescing": 0.5}, "memory_bandwidth"),
        ({"roofline_fraction": None}, "unknown"),
        ({"empty_run_ms": 1.0}, "launch_overhead"),
        ({"empty_run_ms": 1.2, "roofline_fraction": 0.9}, "launch_overhead"),
        ({"threadgroups_launched": 1}, "too_few_threads"),
        ({"coalescing": 0.1}, "memory_access"),
        ({"device_loaded_bytes": 4096 * 64}, "memory_access"),
        ({"bank_conflict_factor": 16.0, "threadgroup_loaded_bytes": 8192}, "threadgroup_memory"),
        ({"bank_conflict_factor": 16.0, "threadgroup_loaded_bytes": 8}, "memory_bandwidth"),
        ({"barriers": 4 * 40}, "barriers"),
        ({"lanes_active_fraction": 0.3}, "divergence"),
        ({"atomics": 1024}, "atomics"),
        ({"coalescing": 0.1, "atomics": 512}, "memory_access"),
    ],
)
def test_the_rules_name_one_bottleneck(changed: dict[str, Any], bottleneck: str) -> None:
    found = rule_diagnosis(payload(passed(**changed)))
    assert found.bottleneck == bottleneck
    assert found.text.count("The bottleneck is") <= 1
    assert 2 <= len(found.text.split("\n\n")) <= 3
    assert "1.25 ms" in found.text


@pytest.mark.parametrize("feedback", [WRONG, NOT_COMPILED])
def test_what_is_not_right_has_no_other_bottleneck(feedback: dict[str, Any]) -> None:
    found = rule_diagnosis(payload(feedback))
    assert found.bottleneck == "correctness"
    assert str(feedback["status"]) in found.text


def test_every_figure_says_where_it_comes_from() -> None:
    figures = {figure.name: figure for figure in payload(passed()).figures}
    assert figures["kernel time"].kind == "measured"
    assert figures["coalescing"].kind == "derived"
    assert figures["coalescing"].note == "128 B lines"
    assert figures["barriers"].note == "checked build at rows=4, cols=259"
    assert figures["least possible time"].kind == "modelled"
    assert figures["least possible time"].value == pytest.approx(0.5)
    assert figures["peak bandwidth"].kind == "modelled"
    assert figures["peak bandwidth"].value == 4800


def test_an_empty_feedback_gives_no_figures_and_no_guess() -> None:
    found = payload({"status": "passed"})
    assert found.figures == ()
    assert rule_diagnosis(found).bottleneck == "unknown"


def test_a_models_diagnosis_is_taken() -> None:
    said = {"bottleneck": "barriers", "diagnosis": "Barriers.\n\nNothing else."}
    provider = ReplayProvider([line(said)])
    found = Profiler(provider).diagnose(payload(passed()), "kernel void f() {}", call_id="p")
    assert (found.bottleneck, found.origin) == ("barriers", "replay/recorded")
    assert found.usage.input_tokens == 1000


def test_without_a_usable_reply_the_rules_speak_and_the_cost_stays() -> None:
    provider = ReplayProvider([line(text="slow"), line(text="still slow")])
    figures = payload(passed())
    found = Profiler(provider).diagnose(figures, "kernel void f() {}", call_id="p")
    assert (found.text, found.origin) == (rule_diagnosis(figures).text, "rules")
    assert found.usage.input_tokens == 2000


def test_no_model_is_asked_about_what_is_wrong() -> None:
    found = Profiler(ReplayProvider([])).diagnose(payload(WRONG), "x", call_id="p")
    assert found.bottleneck == "correctness"
