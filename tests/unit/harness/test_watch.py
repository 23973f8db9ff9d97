"""`--watch` sees every save once, and compares it with the last one that passed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from example_evaluations import SOURCE, passed, refused, samples, sha256

from harness import judging
from harness.command import watch
from harness.errors import UserError
from harness.evaluation import Evaluation
from harness.problem import catalog
from harness.settings import Settings


def test_a_save_is_seen_once_and_only_when_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.metal"
    #: What the file holds at each look; None: it is not there.
    texts = ["one", "one", "one", "", "two", "two", "two", None, None, "two", "three", "three"]

    def look(where: Path) -> Any:
        text = texts.pop(0)
        if text is None:
            raise UserError("gone")
        return catalog.Source(text, str(where), sha256(text))

    monkeypatch.setattr(catalog, "read_source", look)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    found = [next(saves).text for saves in [watch.saves(path)] for _ in range(3)]
    assert found == ["one", "two", "three"]
    assert capsys.readouterr().err.count("gone") == 1


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Evaluation]:
    answers: list[Evaluation] = []

    def answer(kernel: Any, source: Any, settings: Settings, size: str) -> Evaluation:
        return replace(answers.pop(0), source=source.text, source_sha256=source.sha256)

    monkeypatch.setattr(judging, "judged", answer)
    return answers


def source(text: str) -> catalog.Source:
    return catalog.Source(text, "x.metal", sha256(text))


def test_the_change_is_measured_against_the_last_pass(
    judged: list[Evaluation],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = []

    def pair(request: Any) -> Any:
        asked.append((request.source, request.incumbent, request.mode))
        return samples(1.2, seed=1)

    monkeypatch.setattr(judging, "pair", pair)
    judged += [passed(), refused(), passed()]
    kernel = catalog.default().find("relu")
    last = None
    for text in (SOURCE, "broken", SOURCE + "int unused;"):
        last = watch.judge_save(kernel, source(text), Settings(), last)
    assert asked == [(SOURCE + "int unused;", SOURCE, "report")]
    said = capsys.readouterr().err
    assert "change since the last save that passed: 1.2" in said and "FASTER" in said


def test_a_retouched_comment_is_no_change(
    judged: list[Evaluation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "pair", lambda request: pytest.fail("it was measured"))
    judged += [passed(), passed()]
    kernel = catalog.default().find("relu")
    last = watch.judge_save(kernel, source(SOURCE), Settings(), None)
    assert watch.judge_save(kernel, source("// new\n" + SOURCE), Settings(), last) is not None
