"""The replay device: the n-th request gets the n-th recording of that kernel, size and source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from examples_of_kernels import kernel, source

import harness
from harness.devices import open_device, replay
from harness.errors import UserError
from harness.evaluation import Evaluation, Status


def evaluation(text: str = "kernel", size: str = "published", reason: str = "") -> Evaluation:
    return Evaluation(
        kernel="double",
        set="common",
        chip="apple-m4-max",
        device="metal",
        variant="default",
        size=size,
        dims={"rows": 3},
        track="exact",
        status=Status.WRONG_VALUES,
        source_sha256=source(text).sha256,
        source=text,
        reason=reason,
    )


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "runs.jsonl"
    for item in (
        evaluation(reason="first"),
        evaluation(reason="second"),
        evaluation(size="large", reason="large"),
        evaluation("other", reason="other"),
    ):
        replay.append(path, item)
    return path


def ask(device: replay.ReplayDevice, text: str = "kernel", size: str = "published") -> str:
    found = harness.evaluate(kernel(), source(text), device=device, sizes=(size,))
    assert found.device == "replay"
    return found.reason


def test_recordings_are_served_by_source_size_and_ordinal(recording: Path) -> None:
    device = replay.ReplayDevice(recording)
    assert ask(device, "other") == "other"
    assert ask(device) == "first"
    assert ask(device, size="large") == "large"
    assert ask(device) == "second"
    with pytest.raises(UserError, match="holds 2 runs"):
        ask(device)
    with pytest.raises(UserError, match="holds 0 runs"):
        ask(device, "unknown")


def test_every_field_survives(recording: Path) -> None:
    device = replay.ReplayDevice(recording)
    found = device.evaluation("double", "published", source("kernel"))
    assert replace(found, device="metal") == evaluation(reason="first")
    assert device.facts()["chip"] == "apple-m4-max"


def test_damaged_lines_are_named(recording: Path) -> None:
    with recording.open("a") as file:
        file.write('{"evaluation": 3}\n')
    with pytest.raises(UserError, match=r"runs\.jsonl:5"):
        replay.ReplayDevice(recording)
    with pytest.raises(UserError, match="cannot read"):
        replay.ReplayDevice(recording.with_name("none"))


def test_the_registry_opens_it_by_name(recording: Path) -> None:
    device = open_device(f"replay:{recording}")
    assert device.name == "replay"
    with pytest.raises(UserError, match="needs a recording"):
        open_device("replay")
    with pytest.raises(UserError, match="unknown device 'quux'"):
        open_device("quux")
    with pytest.raises(UserError, match="runs nothing"):
        device.build(source(), ())
