"""Cases of function_constants.metal: values given and values left out."""

from __future__ import annotations

from conformance_cases.model import Case, case, given, out

X = [3 * k - 20 for k in range(16)]


def cases() -> list[Case]:
    found = []
    for factor, negate in ((7, False), (-2, True), (None, False), (None, True)):
        constants = {1: negate} | ({} if factor is None else {0: factor})
        sign = -1 if negate else 1
        expected = [sign * (0 if factor is None else v * factor) for v in X]
        found.append(
            case(
                "function_constants",
                16,
                8,
                given(0, X, "int32"),
                out(1, expected, "int32"),
                variant=f"{factor}-{negate}".lower(),
                function_constants=constants,
            )
        )
    for rounds in (None, 0, 9):
        expected = [v + (5 if rounds is None else rounds) for v in X]
        found.append(
            case(
                "optional_constant",
                16,
                16,
                given(0, X, "int32"),
                out(1, expected, "int32"),
                variant=str(rounds).lower(),
                function_constants={} if rounds is None else {3: rounds},
            )
        )
    return found
