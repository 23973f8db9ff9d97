"""Recorded replies: the same prompt gets the same reply, and a change goes only so far."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent_steel.providers.base import Ask, Completion, Failure, Message
from agent_steel.providers.replay import ANY, RecordingProvider, ReplayProvider
from harness.errors import UserError
from tests.unit.agent_steel.authored import line


def ask(text: str, call_id: str = "0001") -> Ask:
    return Ask(call_id, (Message("user", text),))


def text_of(found: Completion | Failure) -> str:
    return found.text if isinstance(found, Completion) else found.kind


def test_a_recording_answers_as_it_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    script = ReplayProvider([line(text=text) for text in ("a", "b", "c")])
    recorder = RecordingProvider(script, path)
    asks = [ask("one", "1"), ask("one", "2"), ask("two", "3"), ask("three", "4")]
    first = [recorder.complete(one) for one in asks]
    again = ReplayProvider.from_path(path)
    assert [again.complete(one) for one in asks] == first
    assert text_of(first[3]) == "exhausted"


def test_a_prompt_is_known_by_what_the_model_is_shown() -> None:
    base = ask("one")
    assert base.prompt_sha256 == replace(base, call_id="9", max_tokens=5).prompt_sha256
    assert base.prompt_sha256 != ask("One").prompt_sha256
    seen = replace(base, messages=(Message("user", "one", (b"png",)),))
    assert base.prompt_sha256 != seen.prompt_sha256


def test_a_resumed_run_gets_the_reply_of_its_call(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    recorder = RecordingProvider(ReplayProvider([line(text="a"), line(text="b")]), path)
    for call_id in ("1", "2"):
        recorder.complete(ask("same", call_id))
    later = ReplayProvider.from_path(path)
    assert text_of(later.complete(ask("same", "2"))) == "b"


def test_a_call_with_another_prompt_gets_the_reply_of_its_id(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    RecordingProvider(ReplayProvider([line(text="a")]), path).complete(ask("one", "1"))
    changed = ReplayProvider.from_path(path)
    assert text_of(changed.complete(ask("another", "1"))) == "a"
    assert text_of(changed.complete(ask("another", "2"))) == "exhausted"


def test_a_script_goes_on_where_a_run_stopped() -> None:
    script = [line(text=text) for text in ("a", "b")]
    assert text_of(ReplayProvider(script, answered=1).complete(ask("x"))) == "b"
    assert script[0].prompt_sha256 == ANY
    own = [line(text="mine", call_id="7"), line(text="any")]
    assert text_of(ReplayProvider(own).complete(ask("x", "8"))) == "any"


@pytest.mark.parametrize("raw", ["{", '{"schema_version": 2}', '{"prompt_sha256": "*"}'])
def test_a_damaged_recording_names_its_line(tmp_path: Path, raw: str) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(f"\n{raw}\n", "utf-8")
    with pytest.raises(UserError, match=r"calls\.jsonl, line 2"):
        ReplayProvider.from_path(path)
