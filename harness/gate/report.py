"""What a report says of the held-out gate: its outcome, every point, and the commitment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.evaluation import Evaluation

_TONES = {"passed": "good", "failed": "bad", "regression": "bad", "not_covered": "warn"}


def rows(evaluation: Evaluation) -> list[tuple[str, str, Any]]:
    """(label, text, tone) of each line; nothing if the gate was not run."""
    found = evaluation.held_out
    if not found or "status" not in found:
        return []
    points = found.get("points", [])
    outcome = f"{found['status']} at {len(points)} secret points"
    if found["status"] != "passed":
        outcome = f"{found['status']}: {found['reason']}"
    lines = [("held out", outcome, _TONES[found["status"]])]
    lines += [("", point_line(point), "plain") for point in points]
    if points and found["ranked_speedup"] is not None:
        least, ranked = found["least_speedup"], found["ranked_speedup"]
        text = f"at {evaluation.size} {ranked:.2f}x; held-out sizes have to reach {least:.2f}x"
        lines.append(("", text, "dim"))
    commitment = f"{found['commitment'][:16]}, reveals seed {found['seed']}"
    return [*lines, ("commitment", commitment, "dim")]


def point_line(point: Mapping[str, Any]) -> str:
    """One held-out point: what it was, how it came out, and which axis is to blame."""
    dims = ", ".join(f"{name}={value:g}" for name, value in point["dims"].items())
    head = f"{point['kind']:<8} {dims}: "
    if point["speedup"] is None:
        outcome = "correct" if point["status"] == "passed" else point["status"]
    else:
        low, high = point["speedup_ci"] or (point["speedup"], point["speedup"])
        outcome = f"{point['speedup']:.2f}x [{low:.2f}, {high:.2f}]"
        outcome += f" {point['status']}" if point["status"] != "passed" else ""
    blamed = f" (breaks with {', '.join(point['axes'])})" if point["axes"] else ""
    note = f"; {point['note']}" if point["note"] else ""
    return f"{head}{outcome}{blamed}{note}"
