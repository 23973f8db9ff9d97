"""The sources that solve a kernel, read once a process: what is stamped is what is counted."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from harness.devices.base import Source
from harness.problem import catalog
from harness.problem.catalog import Kernel, Variant
from harness.problem.header import Header, parse_header


def solutions(kernel: Kernel) -> tuple[Variant, ...]:
    """Every source, the one for all chips first."""
    return _read(catalog.default().variants, kernel.set, kernel.name)


@functools.cache
def _read(folder: Path, kernel_set: str, name: str) -> tuple[Variant, ...]:
    return tuple(catalog.Catalog(folder.parent.parent).solutions(kernel_set, name))


def default_source(kernel: Kernel) -> Source | None:
    """The solution for all chips, which the pages are about."""
    found = solutions(kernel)
    return found[0].source if found else None


def path_of(source: Source) -> str:
    """Where a source lies, from the root of the tree."""
    return source.path.removeprefix(f"{catalog.default().variants.parent.parent}/")


def reasons(kernel: Kernel) -> Mapping[str, str]:
    """Why the kernel for all chips exceeds bounds, as its header says."""
    source = default_source(kernel)
    header = parse_header(source.text) if source else None
    return header.reasons if isinstance(header, Header) else {}
