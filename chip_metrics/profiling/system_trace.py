"""Metal System Trace as xctrace exports it: GPU intervals by label, counters where there are any.

The XML writes each value once, with an id, and refers to it afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from chip_metrics.profiling.base import Measure, NotAvailable, Profile, Source

_INTERVALS = ("metal-gpu-intervals",)
_COUNTERS = ("gpu-counter-value", "metal-gpu-counter-intervals")


def read(text: str) -> Profile | NotAvailable:
    """Tables of one export."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return NotAvailable("system_trace", "an export declares no document type or entities")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as problem:
        return NotAvailable("system_trace", f"no XML: {problem}")
    values = {e.attrib["id"]: e for e in root.iter() if "id" in e.attrib}
    measures: list[Measure] = []
    for node in root.iter("node"):
        schema = node.find("schema")
        name = schema.attrib.get("name", "") if schema is not None else ""
        rows = [_row(row, values) for row in node.findall("row")]
        if name in _INTERVALS:
            measures += _busy(rows)
        elif name in _COUNTERS:
            measures += _means(rows)
    if not measures:
        return NotAvailable("system_trace", "the export has no GPU intervals and no counters")
    return Profile("system_trace", tuple(measures))


def _row(row: Element, values: dict[str, Element]) -> dict[str, str]:
    """The first value of each kind in a row, references resolved."""
    found: dict[str, str] = {}
    for cell in row:
        real = values.get(cell.attrib.get("ref", ""), cell)
        found.setdefault(real.tag, (real.text or real.attrib.get("fmt", "")).strip())
    return found


def _busy(rows: list[dict[str, str]]) -> Iterator[Measure]:
    """Nanoseconds that each label kept the GPU busy; what overlaps counts once."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        start, duration = row.get("start-time", ""), row.get("duration", "")
        if start.isdigit() and duration.isdigit():
            label = row.get("event-label") or row.get("metal-object-label") or ""
            spans.setdefault(label, []).append((int(start), int(start) + int(duration)))
    for label, found in spans.items():
        yield Measure("gpu_busy", float(_merged(found)), "ns", "measured", label)
        yield Measure("gpu_intervals", float(len(found)), "", "measured", label)


def _merged(spans: list[tuple[int, int]]) -> int:
    busy = until = 0
    for start, end in sorted(spans):
        busy += max(end - max(start, until), 0)
        until = max(until, end)
    return busy


def _means(rows: list[dict[str, str]]) -> Iterator[Measure]:
    samples: dict[str, list[float]] = {}
    for row in rows:
        name = row.get("gpu-counter-name") or row.get("string") or ""
        try:
            value = float(row.get("fixed-decimal") or row.get("percent") or row["uint64"])
        except (KeyError, ValueError):
            continue
        if name:
            samples.setdefault(name, []).append(value)
    for name, values in samples.items():
        yield Measure(name, sum(values) / len(values), "", "measured")


SOURCE = Source(
    "system_trace",
    "xctrace",
    "xcrun xctrace record --template 'Metal System Trace' --instrument 'Metal GPU Counters' "
    "--no-prompt --output t.trace --launch -- COMMAND; xcrun xctrace export --input t.trace "
    '--xpath \'/trace-toc/run[@number="1"]/data/table[@schema="metal-gpu-intervals"]\'',
    read,
)
