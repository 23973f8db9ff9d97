"""Makes a failing kernel small: keeps every simplification after which it still fails."""

from __future__ import annotations

import time
from collections.abc import Callable

from differential.kernels import Generated

LIMIT_S = 240.0


def shrink(
    kernel: Generated,
    fails: Callable[[Generated], bool],
    *,
    limit_s: float = LIMIT_S,
    clock: Callable[[], float] = time.monotonic,
) -> Generated:
    """The smallest kernel found within the time. Candidates that do not compile do not fail; one
    that was tried is not tried again."""
    until = clock() + limit_s
    tried = {(kernel.text(), kernel.shapes)}
    smaller = True
    while smaller:
        smaller = False
        for candidate in kernel.simpler():
            if clock() > until:
                return kernel
            key = candidate.text(), candidate.shapes
            if key in tried or candidate.weight >= kernel.weight:
                continue
            tried.add(key)
            if fails(candidate):
                kernel, smaller = candidate, True
                break
    return kernel
