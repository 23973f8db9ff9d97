"""The first run on a new machine: bounded, whole, and honest about what differs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.command import cli, first_light, probes
from harness.command.first_light import Inquiry, Part
from harness.errors import EnvironmentFault, ExitCode
from harness.settings import ROOT


def fixed(answer: Mapping[str, Any]) -> Any:
    return lambda inquiry, seconds: answer


def broken(inquiry: Inquiry, seconds: float) -> Mapping[str, Any]:
    raise EnvironmentFault("no GPU here")


def test_a_part_that_fails_stops_no_other() -> None:
    parts = [Part("machine", 9, fixed({"device": {"chip": "apple-m4"}})), Part("null", 9, broken)]
    parts += [Part("clock", 9, lambda inquiry, seconds: 1 / 0), Part("ceilings", 9, fixed({}))]
    found = first_light.asked(Inquiry("metal"), parts)
    said = {name: part["status"] for name, part in found["parts"].items()}
    assert said == {
        **{"machine": "answered", "null": "failed"},
        **{"clock": "failed", "ceilings": "answered"},
    }
    assert found["parts"]["null"]["reason"] == "no GPU here"
    assert found["chip"] == "apple-m4" and first_light.exit_code(found) == ExitCode.ENVIRONMENT


def test_all_deadlines_together_are_ten_minutes_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(part.seconds for part in first_light.PARTS) <= first_light.TOTAL_S <= 600
    given: list[float] = []
    monkeypatch.setattr(first_light, "TOTAL_S", 3.0)

    def asks(inquiry: Inquiry, seconds: float) -> Mapping[str, Any]:
        given.append(seconds)
        return {}

    first_light.asked(Inquiry("cpu"), [Part("one", 100, asks), Part("two", 2, asks)])
    assert given[0] <= 3 and given[1] <= 2
    monkeypatch.setattr(first_light, "TOTAL_S", 0.5)
    found = first_light.asked(Inquiry("cpu"), [Part("one", 100, asks)])
    assert found["parts"]["one"]["status"] == "not asked"


def test_every_difference_from_the_portable_host_is_a_row() -> None:
    answers = {
        "conformance": {"failed": {"simd/sum": "got 1"}},
        "kernels": {
            "here": {"relu": "passed", "gelu": "wrong_values"},
            "portable": {"relu": "passed", "gelu": "passed", "softmax": "passed"},
        },
    }
    rows = {row["what"]: row["here"] for row in first_light.differences(answers)}
    assert rows == {
        "conformance simd/sum": "got 1",
        "kernel gelu": "wrong_values",
        "kernel softmax": "not judged",
    }
    assert first_light.differences({"kernels": {"here": {"a": "x"}, "portable": {"a": "x"}}}) == []


def test_what_no_time_was_left_for_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel whose host died is one: it has no verdict, and others after it have."""
    rows = [{"kernel": name, "status": "passed"} for name in ("relu", "softmax")]
    text = "\n".join(json.dumps(row) for row in rows)
    monkeypatch.setattr(probes, "_bounded", lambda command, seconds: (text, False))
    inquiry = Inquiry("metal", kernels=("relu", "gelu", "softmax", "sum"))
    here = probes._statuses(inquiry, "metal", 9)
    assert here == {"relu": "passed", "softmax": "passed", "sum": probes.NO_TIME}
    answer = {"here": here, "portable": dict.fromkeys(inquiry.kernels, "passed")}
    found = first_light.differences({"kernels": answer})
    assert [row["what"] for row in found] == ["kernel gelu"]


def test_on_a_mac_every_kernel_is_expected_to_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(probes, "_statuses", lambda *_: {"relu": "passed", "gelu": "timeout"})
    answer = probes.kernels(Inquiry("metal", kernels=("relu", "gelu", "softmax")), 9)
    rows = {row["what"]: row["here"] for row in first_light.differences({"kernels": answer})}
    assert rows == {"kernel gelu": "timeout", "kernel softmax": "not judged"}


def test_the_file_names_no_user() -> None:
    told = {"a": [f"no program at {Path.home()}/x and {ROOT}/y"], "b": 1, "c": {"d": None}}
    assert first_light.without_paths(told) == {
        "a": ["no program at ~/x and ./y"],
        "b": 1,
        "c": {"d": None},
    }


def test_what_does_not_end_is_ended() -> None:
    import sys

    started = time.monotonic()
    code = "import time\nprint('begun', flush=True)\ntime.sleep(60)"
    assert probes._bounded([sys.executable, "-c", code], 1.0) == ("begun\n", False)
    assert time.monotonic() - started < 30


@pytest.mark.host
def test_a_small_one_on_this_machine(home: Path) -> None:
    inquiry = Inquiry("cpu", kernels=("relu",), families=("address_spaces",), null_pairs=1)
    chosen = ("machine", "conformance", "kernels", "clock")
    parts = [part for part in first_light.PARTS if part.name in chosen]
    found = first_light.asked(inquiry, parts)
    json.dumps(found, allow_nan=False)
    assert {part["status"] for part in found["parts"].values()} == {"answered"}
    assert found["parts"]["kernels"]["here"] == {"relu": "passed"}
    assert found["parts"]["conformance"]["failed"] == {}
    assert found["parts"]["clock"]["tick_ns"] > 0
    assert found["differences"] == [] and str(home) not in json.dumps(found)
    first_light.show(found)


def test_a_workflow_shows_the_table_and_names_what_is_virtual(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {"failed": {"simd/sum": "a | b"}, "summary": "0 of 1"}
    device = {"device": {"chip": "apple-paravirtual-device", "virtual": True}}
    parts = [Part("machine", 9, fixed(device)), Part("conformance", 9, fixed(answers))]
    monkeypatch.setattr(first_light, "PARTS", parts)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    assert first_light.run("metal", 0) == ExitCode.REFUSED
    page = (tmp_path / "page.md").read_text("utf-8")
    assert page.startswith("### first light of apple-paravirtual-device (metal), virtual")
    assert "conformance simd/sum | as expected | a \\| b" in page
    assert "virtual" in capsys.readouterr().out


def test_it_goes_alone() -> None:
    assert cli.main(["--first-light", "relu"]) == ExitCode.USAGE
