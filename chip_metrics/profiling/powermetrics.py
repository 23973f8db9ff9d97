"""powermetrics: the GPU's clock, how long it stood at each, and its power. Needs root."""

from __future__ import annotations

import re

from chip_metrics.profiling.base import Measure, NotAvailable, Profile, Source

_LINES = {
    "gpu_active_frequency": (re.compile(r"GPU HW active frequency:\s*([\d.]+) MHz"), "MHz"),
    "gpu_active_residency": (re.compile(r"GPU HW active residency:\s*([\d.]+)%"), "%"),
    "gpu_power": (re.compile(r"GPU Power:\s*([\d.]+) mW"), "mW"),
}
_RESIDENCY = re.compile(r"(\d+) MHz:\s*([\d.]+)%")
_RESIDENCIES = re.compile(r"GPU HW active residency:[^\n]*")


def read(text: str) -> Profile | NotAvailable:
    """Means over the samples, the highest clock, and its share of the time."""
    measures = []
    for name, (pattern, unit) in _LINES.items():
        values = [float(value) for value in pattern.findall(text)]
        if values:
            measures.append(Measure(name, sum(values) / len(values), unit, "measured"))
    clocks: dict[int, list[float]] = {}
    for line in _RESIDENCIES.findall(text):
        for clock, share in _RESIDENCY.findall(line):
            clocks.setdefault(int(clock), []).append(float(share))
    if clocks:
        top = max(clocks)
        share = sum(clocks[top]) / len(clocks[top])
        measures.append(Measure("gpu_top_frequency", float(top), "MHz", "measured"))
        measures.append(Measure("gpu_top_frequency_residency", share, "%", "measured"))
    if not measures:
        return NotAvailable("powermetrics", "no GPU samples; it needs sudo")
    return Profile("powermetrics", tuple(measures))


SOURCE = Source(
    "powermetrics",
    "powermetrics",
    "sudo powermetrics --samplers gpu_power -i 250 -n 40",
    read,
)
