"""The metal device: which chip its rows are of, its two clocks, and what it records."""

from __future__ import annotations

import json
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from example_evaluations import passed

import chip_metrics
from chip_metrics import Recorded
from harness.board import documents, promotion
from harness.clock import DeviceTime, Duration, Span, Wall
from harness.command import cli, gputracer, report
from harness.devices import metal
from harness.devices.host_client import HostSession
from harness.devices.metal import MetalDevice, identity
from harness.errors import ExitCode
from harness.evaluation import SCHEMA_VERSION, DeviceTimes, Refusal
from harness.spec import Cost
from harness.timing.ceilings import ceilings_of
from harness.timing.figures import rescore
from harness.timing.measure import Budget, Mode, compare
from harness.verification import samples as verify_samples
from trust.synthetic import RUN_NS, FakeSide, World

M4 = Recorded(
    brand="Apple M4 Max\n",
    accelerator='"gpu-core-count" = 40',
    device={"name": "Apple M4 Max", "architecture": "applegpu_g16s", "virtual": False},
)
RUNNER = Recorded(
    brand="Apple M1 (Virtual)\n",
    model="VirtualMac2,1\n",
    device={"name": "Apple Paravirtual device", "architecture": "air64_v27", "virtual": True},
)
#: what was recorded; chip, cores, virtual; and whether figures have a roof
MACHINES = {
    "all agree": (M4, "apple-m4-max", 40, False, True),
    "no core count": (replace(M4, accelerator=""), "apple-m4-max", None, False, False),
    "the sources disagree": (replace(M4, brand="Apple M4 Pro"), "apple-unknown", 40, False, False),
    "another architecture": (
        replace(M4, device={**M4.device, "architecture": "applegpu_g15s"}),
        *("apple-unknown", 40, False, False),
    ),
    "nothing is said": (Recorded(device={"name": ""}), "apple-unknown", None, False, False),
    "a chip to come": (
        Recorded(brand="Apple M9", device={"name": "Apple M9"}),
        *("apple-m9", None, False, False),
    ),
    "a hosted runner": (RUNNER, "apple-paravirtual-device", None, True, False),
    "a guest with a GPU of its own": (
        replace(M4, model="VirtualMac2,1"),
        *("apple-paravirtual-device", 40, True, False),
    ),
    "the stand-in": (None, "stand-in", None, True, False),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_rows_get_the_chip_that_host_and_system_agree_on(machine: str) -> None:
    recorded, chip, cores, virtual, roof = MACHINES[machine]
    found = identity(recorded)
    assert (found["chip"], found["gpu_cores"], found["virtual"]) == (chip, cores, virtual)
    assert bool(found["notes"]) is not (roof or recorded is None), "what is unknown says why"
    assert chip_metrics.variant_stems(chip)[-1] == "apple"
    device: Any = types.SimpleNamespace(facts=lambda: found)
    assert (ceilings_of(device) is not None) is roof


def test_a_chip_that_is_not_known_has_no_record() -> None:
    assert promotion.barred(passed()) == ""
    assert "not known" in promotion.barred(passed(chip=chip_metrics.UNKNOWN_APPLE))


def test_times_under_validation_are_never_kept(device: MetalDevice) -> None:
    assert "option" not in device.facts()
    facts = MetalDevice("validate").facts()
    assert "to validate" in promotion.barred(passed(environment={"device": facts}))


HOST = """#!/bin/sh
read -r line
echo '{"ok": true, "device": "metal", "name": "Apple M4 Max", "architecture": "applegpu_g16s",
 "virtual": false, "clock": "wall"}' | tr -d '\\n'; echo
while read -r line; do
  case "$line" in *'"idle"'*) echo '{"ok": true, "elapsed_ns": 9, "clock": "wall"}';;
  *) echo '{"ok": true, "elapsed_ns": 700, "device_ns": 500, "clock": "wall", "limits": {}}';; esac
done
"""


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MetalDevice:
    """The device of a Mac whose host is played."""
    program = tmp_path / "metal-host"
    program.write_text(HOST)
    program.chmod(0o755)
    monkeypatch.setenv("METAL_BENCH_METAL_HOST", str(program))
    monkeypatch.setattr(
        chip_metrics, "record", lambda facts, quick: replace(M4, device=facts) if quick else M4
    )
    return MetalDevice()


def test_a_run_has_two_times_and_they_form_no_ratio(device: MetalDevice) -> None:
    assert device.facts()["chip"] == "apple-m4-max" and len(device.facts()["host_sha256"]) == 64
    session = HostSession(device._start())
    found = session.run(0, 1, deadline_ms=5000)
    assert isinstance(found, Span) and found == Span(700, Wall, Duration(500, DeviceTime))
    with pytest.raises(TypeError, match="cannot combine"):
        found / found.device  # type: ignore[operator]
    assert session.idle() == Duration(9, Wall)
    session.close()


class GpuSide(FakeSide):
    """A side whose device says half of the wall time."""

    def sample(self, instances: int) -> Duration[Wall] | Refusal:
        found = super().sample(instances)
        if isinstance(found, Refusal):
            return found
        return Span(found.ns, Wall, Duration(instances * self.run_ns / 2, DeviceTime))


def test_device_times_stand_apart_from_the_figures() -> None:
    world = World()
    kernel = GpuSide("candidate", world, RUN_NS)
    baseline = FakeSide("baseline", world, 2 * RUN_NS)
    budget = Budget(blocks=4, warm_up_s=0.0)
    found = compare(kernel, baseline, Mode.SCREEN, seed=1, budget=budget, clock=world)
    assert not isinstance(found, Refusal)
    figures = rescore(found.samples, Cost(1e9, 1e6)).figures
    assert figures is not None and figures.device is not None
    assert figures.device == DeviceTimes(
        pytest.approx(RUN_NS / 2e6), pytest.approx(RUN_NS / 2e6), figures.kernel_samples
    )
    assert figures.clock == "wall" and figures.kernel_ms_median > 1.9 * figures.device.kernel_ms_min
    assert figures.speedup == pytest.approx(2.0, rel=0.01)
    evaluation = passed(figures=figures, samples=found.samples)
    run = documents.to_run(evaluation)
    assert documents.from_run(documents.RunDocument.model_validate(run.model_dump())) == evaluation
    assert "clock device: in no ratio" in report.text(evaluation)


def test_device_times_beyond_the_wall_times_are_no_record() -> None:
    world = World(seed=3, noise=0.01)
    sides = [GpuSide(name, world, RUN_NS) for name in ("candidate", "baseline")]
    found = compare(*sides, Mode.RECORD, seed=3, clock=world)
    assert not isinstance(found, Refusal)
    document = documents.SamplesDocument.of(replace(found.samples, tick_ns=1.0))
    assert verify_samples.not_taken(document) == ""
    visit = document.blocks[1]["visits"][2]
    visit["device_times_ns"][0] = [2 * ns for ns in visit["times_ns"][0]]
    assert "device's times are not those" in verify_samples.not_taken(document)


def test_a_device_without_a_clock_has_no_such_times() -> None:
    assert "device_times_ns" not in json.dumps(documents.to_run(passed()).model_dump(mode="json"))
    assert "on the GPU" not in report.text(passed())


def test_an_evaluation_of_version_3_has_no_device_times() -> None:
    old = documents.to_run(passed()).model_dump(mode="json")["evaluation"]
    del old["figures"]["device"]
    found = documents.EvaluationDocument.model_validate({**old, "schema_version": 3})
    assert found.schema_version == SCHEMA_VERSION
    assert found.figures is not None and found.figures.device is None


def test_the_system_is_told_what_an_option_needs() -> None:
    assert set(metal.create("capture")._environment) >= {"MTL_CAPTURE_ENABLED"}  # type: ignore[attr-defined]
    assert set(metal.create("validate")._environment) == {"MTL_SHADER_VALIDATION"}  # type: ignore[attr-defined]


def test_a_trace_never_replaces_another(tmp_path: Path) -> None:
    for name in ("relu-large.gputrace", "relu-large-2.gputrace", "relu-large-3.gputrace"):
        assert gputracer.free(tmp_path, "relu-large").name == name
        (tmp_path / name).mkdir()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--gputracer"], "which kernel"),
        (["--gputracer", "relu", "--json"], "--gputracer takes"),
        (["--gputracer", "relu", "--device", "cpu"], "--device metal alone"),
        (["--gputracer", "relu", "--all"], "no kernel names"),
    ],
)
def test_a_trace_is_metals(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(options) == ExitCode.USAGE
    assert says in capsys.readouterr().err


def test_off_a_mac_the_stand_in_has_to_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--gputracer", "relu"]) == ExitCode.ENVIRONMENT
    assert "--device metal records on the stand-in" in capsys.readouterr().err
