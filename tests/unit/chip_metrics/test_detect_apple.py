"""Which Apple chip a record is of; what its sources do not say, or say differently, is unknown."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from machines import GUEST, REAL, RUNNER, recorded

from chip_metrics import Recorded, chip, identify, record
from chip_metrics.detect_apple import COMMANDS


@pytest.mark.parametrize("name", REAL)
def test_real_machines(name: str) -> None:
    text, chip_id, cores, listed = REAL[name]
    found = identify(text)
    assert (found.chip_id, found.gpu_cores, found.virtual) == (chip_id, cores, False)
    assert (found.row is not None) is listed
    if found.row:
        assert (found.row.id, found.row.cores) == (chip_id, cores)


@pytest.mark.parametrize(
    ("text", "chip_id"), [(RUNNER, "apple-m1"), (GUEST, "apple-m2-pro")], ids=["runner", "guest"]
)
def test_a_virtual_machine_has_its_name_and_no_peaks(text: Recorded, chip_id: str) -> None:
    found = identify(text)
    assert found.virtual and found.chip_id == chip_id and found.row is None
    assert any("virtual machine" in note for note in found.notes)


def test_a_virtual_machine_has_no_row_even_with_a_core_count() -> None:
    assert identify(recorded("Apple M1 (Virtual)", 8)).row is None


@pytest.mark.parametrize(
    "text",
    [Recorded(), Recorded(brand="Intel(R) Core(TM) i9"), recorded("AMD Radeon Pro 5500M", None)],
)
def test_what_is_no_apple_chip_stays_unknown(text: Recorded) -> None:
    found = identify(text)
    assert found.chip_id is None and found.row is None and not found.virtual
    assert any("no Apple M chip" in note for note in found.notes)


def test_sources_that_disagree_make_the_chip_unknown() -> None:
    assert identify(recorded("Apple M4 Max", 40, device="Apple M4 Pro")).chip_id is None
    other = identify(recorded("Apple M4 Max", 40, architecture="applegpu_g15s"))
    assert other.chip_id is None and "applegpu_g15s" in other.notes[-1]


def test_the_letter_of_an_architecture_is_no_evidence() -> None:
    """Pro and Max share one, so M4 Pro and M4 Max cannot be told by it."""
    for name in ("Apple M4 Pro", "Apple M4 Max"):
        assert identify(recorded(name, 20, architecture="applegpu_g16s")).chip_id


def test_core_counts_that_disagree_are_unknown() -> None:
    found = identify(recorded("Apple M4 Max", 40, display_cores=32))
    assert found.gpu_cores is None and found.row is None
    assert any("disagree on GPU cores" in note for note in found.notes)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"SPDisplaysDataType": []}', "null"])
def test_a_damaged_system_profile_is_no_source(text: str) -> None:
    found = identify(Recorded(brand="Apple M2", displays=text))
    assert found.chip_id == "apple-m2" and found.gpu_cores is None


def test_a_record_holds_what_each_command_printed_and_no_serial_numbers() -> None:
    m4 = REAL["m4 max"][0]
    screen = {"_name": "Studio Display", "_spdisplays_display-serial-number": "S3R1AL"}
    gpus = json.loads(m4.displays)["SPDisplaysDataType"]
    displays = json.dumps({"SPDisplaysDataType": [{**gpus[0], "spdisplays_ndrvs": [screen]}]})
    printed = {
        "machdep.cpu.brand_string": m4.brand,
        "AGXAccelerator": m4.accelerator + '    "IOPlatformSerialNumber" = "S3R1AL"\n',
        "SPDisplaysDataType": displays,
    }
    asked: list[str] = []

    def run(command: Sequence[str]) -> str:
        asked.append(command[0])
        return next((printed[word] for word in command if word in printed), "")

    found = record(m4.device, run)
    assert identify(found).row == chip("apple-m4-max", 40) and len(asked) == len(COMMANDS)
    assert "S3R1AL" not in repr(found) and "AGXAcceleratorX" in found.accelerator
    quick = record(m4.device, run, quick=True)
    assert identify(quick).row == chip("apple-m4-max", 40)
    assert asked.count("system_profiler") == 1
