"""The optimizer: what its prompt says and never says, and what becomes of each kind of reply."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent_steel.attempt import Attempt
from agent_steel.problems import problem_of
from agent_steel.prompts import FOLDER, fenced, number, plain_json, render
from agent_steel.proposing import Candidate, Context, Proposal, Unusable
from agent_steel.providers.base import Message
from agent_steel.providers.opening import open_provider
from agent_steel.providers.replay import Line, ReplayProvider
from agent_steel.replies import BadReply
from agent_steel.roles.optimizer import Optimizer, hints, messages, one_line, repair
from agent_steel.roles.profiler import Profiler
from harness import evaluate, settings
from harness.evaluation import Status
from harness.problem import catalog
from tests.unit.agent_steel.authored import line
from tests.unit.agent_steel.examples_of_feedback import NOT_COMPILED, WRONG, passed
from tests.unit.agent_steel.loopback import AnthropicWire, OpenAIWire, Wire, serving

KERNEL = "kernel void softmax_f32(device const float *x [[buffer(0)]]) {}\n"
GOOD = {"technique": "one row\na  SIMD-group", "source": KERNEL}


def attempt(**changed: Any) -> Attempt:
    fields: dict[str, Any] = {
        "id": "r-0001",
        "run": "r",
        "ordinal": 1,
        "timestamp": "2026-11-01T00:00:00Z",
        "kernel": "softmax",
        "chip": "nvidia-h200",
        "device": "cuda",
        "objective": "cuda",
        "size": "published",
        "strategy": "greedy",
        "proposer": "replay/recorded",
        "parent": None,
        "generation": 1,
        "technique": "vector loads | float4",
        "source": KERNEL,
        "source_sha256": "0",
        "diff": "",
        "outcome": "kept",
        "status": "passed",
        "speedup": 1.31,
        "speedup_ci": (1.2, 1.4),
    }
    return Attempt(**{**fields, **changed})


def context(**changed: Any) -> Context:
    best = Candidate("r-0001", KERNEL, passed())
    made = Context(
        problem=problem_of(catalog.default().find("softmax")),
        chip="nvidia-h200",
        limits={"max_threads": 1024},
        parent=best,
        incumbent=best,
        history=(
            attempt(),
            attempt(outcome="slower", technique="unroll", speedup=0.9, speedup_ci=None),
            attempt(outcome="refused", status="data_race", technique="no barrier", speedup=None),
        ),
    )
    return replace(made, **changed)


FULL = context(
    parent=Candidate("r-0002", "// parent\n" + KERNEL, passed(coalescing=0.2)),
    failed=(
        {"technique": "a", "outcome": "unusable", "reason": "truncated: cut off"},
        {
            "technique": "b",
            "outcome": "refused",
            "status": "compile_error",
            "reason": "4:9: error",
            "source": "// b\n" + KERNEL,
            "feedback": NOT_COMPILED,
        },
        {
            "technique": "c",
            "outcome": "refused",
            "status": "wrong_values",
            "reason": "wrong",
            "source": "// c\n" + KERNEL,
            "feedback": WRONG,
        },
    ),
    extras={"cuda": "__global__ void softmax() {}"},
    stagnant=True,
)


def shown(turns: tuple[Message, ...]) -> str:
    return "\n".join(f"<!-- {turn.role} -->\n{turn.content}" for turn in turns)


@pytest.mark.parametrize(("name", "given"), [("first", context()), ("full", FULL)])
def test_the_prompt_is_as_reviewed(
    name: str, given: Context, golden: Callable[[str, str], None]
) -> None:
    golden(f"prompts/optimizer_{name}.md", shown(messages(given, "The diagnosis.")))


def test_a_prompt_discloses_what_an_author_needs() -> None:
    text = shown(messages(FULL, ""))
    for said in (
        "softmax_f32",
        "| 2 | N | scalar | uint32 | = cols |",
        "relative 1e-05",
        "//! grid: 1024 rows 1",
        "published: rows=1024, cols=1024",
        "cols from 1 to 65536",
        "32768 bytes of threadgroup memory",
        '"max_threads": 1024',
        "grid 32768 x 1 x 1, threadgroup 256 x 1 x 1",
        "no `restrict`",
        "Change the structure",
        "vector loads / float4",
    ):
        assert said in text, said


def test_a_prompt_holds_no_path_no_secret_and_no_definition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-very-secret")
    text = shown(messages(FULL, "")) + "".join(
        path.read_text("utf-8") for path in FOLDER.glob("*.j2")
    )
    assert not re.search(r"(?<![\w.])/(?:home|Users|tmp|usr|var|opt|etc|work|private)/", text)
    assert str(settings.ROOT) not in text
    assert "very-secret" not in text
    assert (os.environ.get("HOME") or "/nowhere") not in text
    for hidden in ("KernelSpec(", "check=[", "4099", "held_out", "seed", "oracle("):
        assert hidden not in shown(messages(FULL, "")), hidden


def test_the_tolerance_that_is_told_is_the_one_that_judges() -> None:
    for name in ("relu", "softmax", "sqr_mm"):
        kernel = catalog.default().find(name)
        told = shown(messages(context(problem=problem_of(kernel)), ""))
        assert f"Tolerance: {kernel.spec.tolerance.description}." in told


def test_a_prompt_states_no_fact_of_a_chip_by_itself() -> None:
    """Rates, cores and names of chips come from the table of chips or from a measurement."""
    fact = re.compile(
        r"\b(?:\d+ ?(?:[TG]FLOPS|[TG]B/s|GHz|cores)|M[1-5]|H[12]00|A100)\b", re.IGNORECASE
    )
    for path in FOLDER.glob("*.j2"):
        assert not fact.search(path.read_text("utf-8")), path.name


def test_only_the_turn_changes_within_a_search() -> None:
    first, second = messages(context(), "a"), messages(FULL, "b")
    assert first[0] == second[0]
    assert [turn.cache for turn in first] == [True, True, False]
    assert messages(context(), "a")[1] == messages(context(stagnant=True), "b")[1]


def test_rendering_is_strict() -> None:
    with pytest.raises(Exception, match="undefined"):
        render("repair", {"detail": "d"})
    assert number(0.123456) == "0.1235"
    assert number(None) == "none"
    assert fenced("a\n```\nb").startswith("````\n")
    assert plain_json({"b": 1 / 3, "a": [2.0]}) == '{"a": [2], "b": 0.3333}'


def proposed(*script: Line) -> Proposal | Unusable:
    return Optimizer(ReplayProvider(script)).propose(context(), call_id="0002", seed=1)


def test_a_good_reply_is_a_proposal() -> None:
    found = proposed(line(GOOD))
    assert isinstance(found, Proposal)
    assert found.source == KERNEL
    assert found.technique == "one row a SIMD-group"
    assert len(found.prompt_sha256) == 64
    assert found.usage.usd == 0.01


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ([line(text="a", stop="length")], "truncated"),
        ([line(text="no", stop="refused")], "refused"),
        ([line(text="words")] * 2, "no_code"),
        ([line({"source": KERNEL})] * 2, "malformed"),
        ([], "exhausted"),
    ],
)
def test_a_bad_reply_is_unusable_and_its_cost_counts(script: list[Line], kind: str) -> None:
    found = proposed(*script)
    assert isinstance(found, Unusable)
    assert found.kind == kind
    assert found.usage.input_tokens == 1000 * len(script)
    assert len(found.prompt_sha256) == 64


def test_a_parent_is_diagnosed_once() -> None:
    said = line({"bottleneck": "barriers", "diagnosis": "Too many barriers."})
    profiled = said.model_copy(update={"call_id": "profile-r-0001-recorded"})
    provider = ReplayProvider([profiled, line(GOOD), line(GOOD)])
    optimizer = Optimizer(provider, profiler=Profiler(provider))
    first = optimizer.propose(context(), call_id="0002", seed=1)
    again = optimizer.propose(context(), call_id="0003", seed=1)
    assert (first.usage.input_tokens, again.usage.input_tokens) == (2000, 1000)
    assert first.prompt_sha256 == again.prompt_sha256
    assert isinstance(again, Proposal)
    assert again.diagnosis == "Too many barriers."


def test_the_repair_names_the_tool_and_its_fields() -> None:
    text = repair(BadReply("malformed", "source: Field required"))
    for said in ("source: Field required", "submit_kernel", "technique, source"):
        assert said in text


def test_known_mistakes_get_a_hint() -> None:
    assert hints("compile_error", ["unknown type name 'restrict'"])
    assert hints("wrong_values", ["restrict"]) == []
    assert one_line("a " * 200).endswith("…")


CHEAT = """#include <metal_stdlib>
using namespace metal;
kernel void softmax_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                        constant uint &N [[buffer(2)]],
                        uint2 at [[thread_position_in_grid]]) {
  if (at.x < N) y[ulong(at.y) * N + at.x] = 1.0f / N;
}
"""


@pytest.mark.parametrize("wire", [AnthropicWire(), OpenAIWire()], ids=lambda wire: wire.name)
def test_replies_come_through_the_wire(wire: Wire) -> None:
    text = f"Here it is.\n```metal\n{CHEAT}```\n"
    bad = wire.reply(text="Use more threads.")
    with serving(bad, wire.reply(text=text)) as server:
        provider = open_provider(wire.name, base_url=wire.base(server), key="k")
        found = Optimizer(provider).propose(context(), call_id="0002", seed=1)
        assert len(server.asked) == 2
    assert isinstance(found, Proposal)
    assert found.source == CHEAT


@pytest.mark.host
def test_a_cheat_in_a_reply_is_a_refusal() -> None:
    """It answers 1/N for every element, which is right at cols = 1 alone."""
    found = evaluate("softmax", CHEAT, device="cpu", mode="check", seed=1)
    assert found.status is Status.WRONG_VALUES
