"""Where a search begins: at its own best, so that what the held-out gate said cannot be told."""

from __future__ import annotations

from collections.abc import Sequence

from agent_steel.attempt import Attempt
from agent_steel.plan import StartOrigin
from harness.problem import catalog
from harness.problem.catalog import Kernel
from harness.timing.verdict import source_identity


def start_of(
    kernel: Kernel, chip: str, history: Sequence[Attempt], *, objective: str, size: str
) -> tuple[str, StartOrigin]:
    """The source that a new run begins with, and where it is from.

    The latest best of earlier runs with this objective and size, whether it was promoted or not;
    the catalog's Variant if there is none, or if that is a source which no search has seen: then
    somebody else wrote it.
    """
    mine = [one for one in history if (one.objective, one.size) == (objective, size)]
    best = next((one for one in reversed(mine) if one.outcome == "kept"), None)
    listed = catalog.default().variant(kernel, chip).source.text
    seen = {source_identity(one.source) for one in history if one.source}
    if best is None or source_identity(listed) not in seen:
        return listed, "catalog"
    return best.source, "history"
