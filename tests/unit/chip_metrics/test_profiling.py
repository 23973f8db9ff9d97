"""The parsers of profiling tools, on texts in the forms that the tools are known to print."""

from __future__ import annotations

import json

import pytest

from chip_metrics import profiling
from chip_metrics.profiling import NotAvailable, Profile

POWER = """\
*** Sampled system activity ***
**** GPU usage ****
GPU HW active frequency: 1200 MHz
GPU HW active residency:  80.00% (338 MHz: 10% 1470 MHz: 30% 1578 MHz:  40%)
GPU idle residency:  20.00%
GPU Power: 9000 mW
GPU HW active frequency: 1578 MHz
GPU HW active residency:  100.00% (338 MHz:   0% 1470 MHz:   0% 1578 MHz: 100%)
GPU Power: 15000 mW
"""
INTERVALS = """\
<?xml version="1.0"?>
<trace-query-result><node xpath='//trace-toc[1]/run[1]/data[1]/table[9]'>
<schema name="metal-gpu-intervals"><col><mnemonic>start</mnemonic></col></schema>
<row><start-time id="1" fmt="00:00.001">1000</start-time><duration id="2" fmt="1 us">500</duration>
<event-label id="3" fmt="relu">relu</event-label></row>
<row><start-time id="4">1200</start-time><duration ref="2"/><event-label ref="3"/></row>
<row><start-time id="5">9000</start-time><duration ref="2"/>
<event-label id="6">gelu</event-label></row>
</node></trace-query-result>
"""
COUNTERS = """\
<trace-query-result><node><schema name="gpu-counter-value"/>
<row><gpu-counter-name id="1">ALU Limiter</gpu-counter-name>
<fixed-decimal id="2">40.0</fixed-decimal></row>
<row><gpu-counter-name ref="1"/><fixed-decimal id="3">60.0</fixed-decimal></row>
<row><gpu-counter-name id="4"/><fixed-decimal ref="3"/></row>
</node></trace-query-result>
"""
DEBUG = """\
gpudebug 27.0 (beta)
Loading w.gputrace ... done [3 encoders]
{"shaders": [{"name": "relu", "cost": 0.75, "registers": 32,
  "counters": [{"name": "Compute Occupancy", "value": 61.5}]}]}
Profiling...
{"shaders": [{"name": "relu", "cost": 0.75, "registers": 32}, {"name": "gelu", "cost": 0.25}]}
"""


def read(name: str, text: str) -> Profile:
    found = profiling.source(name).read(text)
    assert isinstance(found, Profile), found
    return found


def test_powermetrics() -> None:
    found = read("powermetrics", POWER)
    assert found.of("gpu_active_frequency") == 1389
    assert found.of("gpu_active_residency") == 90
    assert found.of("gpu_power") == 12000
    assert (found.of("gpu_top_frequency"), found.of("gpu_top_frequency_residency")) == (1578, 70)


def test_intervals_resolve_references_and_count_overlap_once() -> None:
    found = read("system_trace", INTERVALS)
    assert (found.of("gpu_busy", "relu"), found.of("gpu_intervals", "relu")) == (700, 2)
    assert found.of("gpu_busy", "gelu") == 500


def test_counters_are_means_and_unnamed_ones_are_left_out() -> None:
    found = read("system_trace", COUNTERS)
    assert [(m.name, m.value, m.tag) for m in found.measures] == [("ALU Limiter", 50.0, "measured")]


def test_gpudebug_skips_its_preamble_and_counts_once() -> None:
    found = read("gpudebug", DEBUG)
    assert found.of("shaders.cost", "relu") is None
    costs = {m.kernel: m.value for m in found.measures if m.name.endswith("cost")}
    assert costs == {"relu": 0.75, "gelu": 0.25}
    assert len([m for m in found.measures if m.name == "Compute Occupancy"]) == 1
    assert {m.unit for m in found.measures} == {""} and found.notes


def test_geometry_of_a_capture() -> None:
    rows = [{"function": "relu", "grid": [1000, 1, 1], "threadgroup": [48, 1, 1], "repeats": 2}]
    found = read("gputrace", json.dumps(rows))
    assert found.of("threadgroups", "relu") == 21
    assert found.of("simd_groups_per_threadgroup", "relu") == 2
    assert found.of("idle_lanes_fraction", "relu") == 0.25
    assert found.of("edge_threads_fraction", "relu") == pytest.approx(1 - 1000 / 1008)
    assert {m.tag for m in found.measures} == {"derived"}


def test_counts_keep_their_tags() -> None:
    text = {"measured": {"flops": 7, "device_loaded_bytes": 8}, "derived": {"coalescing": 0.5}}
    found = read("counts", json.dumps(text))
    tags = {m.name: (m.tag, m.unit) for m in found.measures}
    assert tags["flops"] == ("measured", "FLOP") and tags["coalescing"] == ("derived", "")
    assert tags["device_loaded_bytes"] == ("measured", "B")


BROKEN = ("", "no such text", "<a><b></a>", '{"rows": []}', "[1, 2]", "{" * 50, "<x/>")


@pytest.mark.parametrize("name", profiling.names())
@pytest.mark.parametrize("text", BROKEN)
def test_what_holds_no_figures_is_not_available(name: str, text: str) -> None:
    found = profiling.source(name).read(text)
    assert isinstance(found, NotAvailable) and found.source == name and found.reason


def test_an_export_may_not_define_entities() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    assert isinstance(profiling.source("system_trace").read(bomb), NotAvailable)


def test_an_absent_tool_is_not_available() -> None:
    for name in profiling.names():
        source = profiling.source(name)
        missing = source.missing(lambda tool: None)
        assert (missing is not None) is bool(source.tool)
        assert source.missing(lambda tool: f"/usr/bin/{tool}") is None
        assert source.command
