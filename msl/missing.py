"""Function constants that a kernel reads although no value was given for them."""

from __future__ import annotations

from collections.abc import Mapping

from msl.constants import function_constants
from msl.declarations import Unit
from msl.lexer import IDENT
from msl.reflect import Kernel


def missing_constants(
    unit: Unit, kernel: Kernel, values: Mapping[int | str, object]
) -> tuple[str, ...]:
    """Names of function constants without a value that the kernel, or a function it calls,
    mentions."""
    absent = {
        c.name for c in function_constants(unit) if c.index not in values and c.name not in values
    }
    if not absent:
        return ()
    found: set[str] = set()
    seen: set[int] = set()
    pending = [kernel.function]
    code = unit.code
    while pending:
        function = pending.pop()
        if function.start in seen or function.body is None:
            continue
        seen.add(function.start)
        names = set()
        for index in range(*function.body):
            token = code.tokens[index]
            if token.kind == IDENT and not (
                code.text(index - 1) == "("
                and code.text(index - 2) == "is_function_constant_defined"
            ):
                names.add(token.text)
        found |= names & absent
        pending += [other for other in unit.functions if other.name in names]
    return tuple(sorted(found))
