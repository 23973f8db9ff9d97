"""What the kernels do at `large`, as docs/data/counts.json has it, is within the stated bounds."""

from __future__ import annotations

import pytest

from harness.pages import counts, stored
from harness.pages.solutions import reasons
from harness.problem import catalog

ENTRIES = stored.COUNTS.load()
#: Runs of many steps have a published schedule, and no bound of these fits them.
NAMES = [name for in_set, name in catalog.default().names() if in_set != "metal_sci"]


def test_every_kernel_is_counted() -> None:
    assert {name for name in NAMES if "unable" in ENTRIES.get(name, {"unable": ""})} == set()


@pytest.mark.parametrize("name", [name for name in NAMES if "unable" not in ENTRIES.get(name, {})])
def test_counts_are_within_their_bounds(name: str) -> None:
    kernel = catalog.default().find(name)
    assert name in ENTRIES, "run `make refresh`"
    assert counts.violations(ENTRIES[name], reasons(kernel)) == []
