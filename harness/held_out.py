"""The held-out gate: secret sizes and parameters that a candidate has to get right for a Record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.evaluation import Evaluation


def verdict(candidate: Evaluation) -> Mapping[str, Any] | None:
    """What the gate found: status, axes, covered. None says that it was not run."""
    return None
