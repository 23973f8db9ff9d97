"""Cases of program_scope.metal: index attributes, tables and constants outside functions."""

from __future__ import annotations

import math

import numpy as np

from conformance_cases.model import Case, case, given, out

FLOAT = np.finfo(np.float32)


def cases() -> list[Case]:
    entries = {3: 0.5, 5: 1.5, 8: 2.5}
    tables = [[i % 3 + 1, entries.get(i, -1), 0.5 * (1, -1)[i % 2]] for i in range(10)]
    limits = [float(FLOAT.max), float(FLOAT.tiny), float(FLOAT.eps)]
    numbers = [math.pi, math.e, math.sqrt(2), math.log(2), math.pi / 2, math.inf, 65504]
    numbers += [float(FLOAT.max), float(FLOAT.min), math.inf, 1]
    words = [2**31 - 1, 2**31, 2**32 - 1, 8, 2**15 - 1, 255, 2**31, 2**16 - 1]
    x = [k / 4 for k in range(16)]
    sums = []
    for i, v in enumerate(x):
        a = [1.0, 2.0, 3.0, 4.0]
        a[i % 4] = v
        sums.append(sum(c * (k + 1) for k, c in enumerate(a)))
    return [
        case("index_at_program_scope", 40, 16, out(0, range(1, 80, 2), "uint32")),
        case("tables", 10, 4, out(0, tables)),
        case("library_constants", 1, 1, out(0, limits + numbers), out(1, words, "uint32")),
        case("fixed_arrays", 16, 16, given(0, x), out(1, sums)),
    ]
