"""Where in the source the fault lies for which a built library is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from msl.declarations import Unit
from msl.diagnostics import ERROR, Diagnostic
from msl.elf import ElfError

#: What the compiler says of a constant that may need code; its optimiser folds most of them.
NEEDS_CODE = "declaration requires a global constructor"


def located(
    unit: Unit, problem: ElfError, by_code: Sequence[Diagnostic], name: str
) -> list[Diagnostic]:
    """The refusal at the declarations that it is about; at the start of file `name` if they are not
    known. `by_code`: what the compiler said of constants that may need code."""
    if problem.initialises and by_code:
        return [replace(item, severity=ERROR, text=str(problem)) for item in by_code]
    for function in unit.functions:
        if function.name in problem.names and function.body is None:
            token = unit.code.tokens[function.name_index]
            text = f"undefined symbol '{function.name}': declared but never defined"
            return [Diagnostic(ERROR, token.line, token.column, text, token.file)]
    return [Diagnostic(ERROR, 1, 1, str(problem), name)]
