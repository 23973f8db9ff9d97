"""Asks for the unrolling of short loops over arrays of simdgroup matrices, so that the fast engine
sees each matrix by itself. What a loop means does not change."""

from __future__ import annotations

from msl.analysis import MATRIX, MEETING, Analysis, reaching
from msl.declarations import Unit
from msl.edits import Edits
from msl.lexer import DIRECTIVE, IDENT
from msl.statements import Loop, loops
from msl.syntax import Code

#: Iterations up to which the compiler follows; loops whose length it does not know stay.
MOST_ITERATIONS = 16
FLAGS = ("-mllvm", f"-pragma-unroll-full-max-iterations={MOST_ITERATIONS}")
_PRAGMA = "#pragma clang loop unroll(full)"


def edit_unrolling(unit: Unit, analysis: Analysis, edits: Edits) -> None:
    """Mark every counted loop that works on matrices and meets no other threads."""
    if not analysis.uses_matrix or analysis.uses_thread_elements:
        return
    matrices = reaching(analysis.items, MATRIX)
    meeting = reaching(analysis.items, MEETING)
    for function in unit.functions:
        if function.body is None:
            continue
        for loop in loops(unit.code, function.body[0] + 1, function.body[1]):
            names = _names(unit.code, loop)
            works = any(MATRIX.fullmatch(name) or name in matrices for name in names)
            meets = any(MEETING.fullmatch(name) or name in meeting for name in names)
            counted = unit.code.text(loop.keyword) == "for" and not _says_so(unit.code, loop)
            if counted and works and not meets:
                edits.before[loop.keyword].append(_PRAGMA)


def _names(code: Code, loop: Loop) -> set[str]:
    return {t.text for t in code.tokens[loop.keyword : loop.end] if t.kind == IDENT}


def _says_so(code: Code, loop: Loop) -> bool:
    """Whether the source has its own word on the matter."""
    before = code.tokens[loop.start : loop.keyword]
    return any(token.kind == DIRECTIVE and "unroll" in token.text for token in before)
