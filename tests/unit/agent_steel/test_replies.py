"""Replies: what is taken, what is refused and why, one repair, and the fallback without a tool."""

from __future__ import annotations

import pytest

from agent_steel.providers.base import Ask, Completion, Failure, Message
from agent_steel.providers.replay import ReplayProvider
from agent_steel.replies import (
    Answer,
    BadReply,
    DiagnosisReply,
    KernelReply,
    ask_for,
    longest_kernel,
    parse,
    tool_of,
    unfenced,
)
from tests.unit.agent_steel.authored import line

KERNEL = "kernel void f(device float *y [[buffer(0)]]) {}"
ASK = Ask("0001", (Message("user", "Go."),))


def said(text: str = "", arguments: object = None, stop: str = "end") -> Completion:
    return Completion(text, arguments, stop, "m")  # type: ignore[arg-type]


def test_the_tools_arguments_are_the_reply() -> None:
    found = parse(said(arguments={"technique": " tile ", "source": KERNEL}), KernelReply)
    assert found == KernelReply(technique="tile", source=KERNEL + "\n")


@pytest.mark.parametrize(
    ("completion", "kind", "detail"),
    [
        (said(KERNEL, stop="length"), "truncated", "cut off"),
        (said("I will not.", stop="refused"), "refused", "I will not."),
        (said(arguments={"source": KERNEL}), "malformed", "technique: Field required"),
        (said(arguments={"technique": "t", "source": "none"}), "no_code", "no kernel"),
        (said("Use tiles."), "no_code", "no block of code"),
        (said('{"technique": "t", '), "malformed", "no valid JSON"),
        (said(f"```metal\n{KERNEL}\n"), "truncated", "does not end"),
        (said("```metal\nint x;\n```"), "no_code", "no block of code"),
    ],
)
def test_what_is_no_reply_says_why(completion: Completion, kind: str, detail: str) -> None:
    found = parse(completion, KernelReply)
    assert isinstance(found, BadReply)
    assert found.kind == kind
    assert detail in found.detail


def test_a_reply_in_text_is_taken() -> None:
    found = parse(said(f'```json\n{{"technique": "t", "source": "{KERNEL}"}}\n```'), KernelReply)
    assert isinstance(found, KernelReply)
    text = f"## Wider loads\n```\nkernel \n```\n```metal\n// whole\n{KERNEL}\n```\nDone."
    assert parse(said(text), KernelReply) == KernelReply(
        technique="Wider loads", source=f"// whole\n{KERNEL}\n"
    )


def test_fences_inside_longer_fences_stay() -> None:
    assert longest_kernel("````\nkernel void f() {}\n```\n````") == "kernel void f() {}\n```\n"
    assert unfenced(f"```metal\n{KERNEL}\n```") == KERNEL + "\n"
    assert unfenced(KERNEL) == KERNEL + "\n"


def test_prose_is_no_diagnosis() -> None:
    found = parse(said("It is slow."), DiagnosisReply)
    assert isinstance(found, BadReply) and found.kind == "malformed"
    wrong = {"bottleneck": "the moon", "diagnosis": "d"}
    assert isinstance(parse(said(arguments=wrong), DiagnosisReply), BadReply)


def asked(*script: object) -> Answer[KernelReply]:
    provider = ReplayProvider([one for one in script])  # type: ignore[misc]
    return ask_for(provider, ASK, KernelReply, lambda bad: f"wrong: {bad.detail}")


def test_one_repair_mends_and_both_calls_count() -> None:
    good = line({"technique": "t", "source": KERNEL})
    found = asked(line(text="Use tiles."), good)
    assert isinstance(found.found, KernelReply)
    assert (found.usage.input_tokens, found.usage.usd) == (2000, 0.02)
    assert found.prompt_sha256 == ASK.prompt_sha256


def test_there_is_no_second_repair_and_none_for_what_was_cut_off() -> None:
    twice = asked(line(text="a"), line(text="b"), line({"technique": "t", "source": KERNEL}))
    assert isinstance(twice.found, BadReply)
    cut = asked(line(text="a", stop="length"), line({"technique": "t", "source": KERNEL}))
    assert isinstance(cut.found, BadReply) and cut.found.kind == "truncated"
    assert cut.usage.input_tokens == 1000


def test_the_repair_has_a_call_id_that_is_a_file_name() -> None:
    good = line({"technique": "t", "source": KERNEL}, call_id="0001-repair")
    assert isinstance(asked(line(text="a", call_id="0001"), good).found, KernelReply)


def test_a_failure_goes_through() -> None:
    assert isinstance(asked().found, Failure)


def test_a_schema_is_small_and_closed() -> None:
    schema = tool_of(KernelReply, "submit_kernel", "d").schema
    assert schema["required"] == ["technique", "source"]
    assert schema["additionalProperties"] is False
    assert "title" not in str(schema)
