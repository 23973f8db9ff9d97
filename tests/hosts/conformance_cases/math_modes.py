"""Cases of math_modes.metal: what reassociation or contraction would change."""

from __future__ import annotations

import numpy as np

from conformance_cases.model import Case, case, const, given, out


def cases() -> list[Case]:
    x = [1.0, 3.0, 5.0, 8.0, -2.0, 100.0]
    big = np.float32(1e8)
    kept = [float((np.float32(v) + big) - big) for v in x]
    terms = [1.0, *[2.0**-24] * 4096]
    odd = [float(np.float32(v)) for v in (1.1, 3.3, 0.7, 123.456)]
    squares = [[v, -float(np.float32(v * v))] for v in odd]
    return [
        case("safe_block", 6, 6, given(0, x), out(1, kept)),
        # A plain sum stays at 1: each term alone is lost.
        case(
            "compensated_sum",
            1,
            1,
            given(0, terms),
            out(1, [1 + 4096 * 2.0**-24]),
            constants={2: const(len(terms))},
        ),
        # The rounded square cancels; a fused operation would leave what the rounding lost.
        case("uncontracted_block", 4, 4, given(0, squares), out(1, [0.0] * 4)),
    ]
