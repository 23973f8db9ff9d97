"""Edits that move threadgroup variables into the group's memory."""

from __future__ import annotations

from collections.abc import Iterator

from msl.declarations import Function, Unit
from msl.diagnostics import ERROR, Diagnostic
from msl.edits import Edits
from msl.statements import Local, locals_in
from msl.syntax import Code, Declarator, Specifiers

SECTION = "msl_tg_@K@"


def threadgroup_locals(code: Code, function: Function) -> Iterator[tuple[Local, list[Declarator]]]:
    """Declarations in a body that reserve threadgroup memory, with the declarators that do."""
    if function.body is None:
        return
    for local in locals_in(code, function.body[0] + 1, function.body[1]):
        if any(code.text(index) == "threadgroup" for index in local.specifiers.spaces):
            storage = [item for item in local.declarators if not item.marks]
            if storage:
                yield local, storage


def edit_threadgroup(unit: Unit, function: Function, edits: Edits) -> list[Diagnostic]:
    """Turn each variable into a reference; says what Metal refuses."""
    found: list[Diagnostic] = []
    code = unit.code
    slot = 0
    for local, storage in threadgroup_locals(code, function):
        token = code.tokens[storage[0].name_index]
        if function.kind != "kernel":
            text = "non-kernel function variable cannot be declared in threadgroup address space"
            found.append(Diagnostic(ERROR, token.line, token.column, text, token.file))
            continue
        for item in storage:
            if item.initialiser:
                name = code.tokens[item.name_index]
                text = "'threadgroup' variable cannot have an initializer"
                found.append(Diagnostic(ERROR, name.line, name.column, text, name.file))
        _edit(code, local, slot, edits)
        slot += len(local.declarators)
    return found


def _edit(code: Code, local: Local, first_slot: int, edits: Edits) -> None:
    """`threadgroup T a[2], b;` becomes, for each name, a typedef and a reference into the group's
    memory."""
    specifiers = local.specifiers
    base, alignment = _base(code, specifiers)
    edits.delete(specifiers.start, specifiers.end)
    for position, declarator in enumerate(local.declarators):
        first, last = declarator.start, declarator.end
        if position and code.text(first - 1) == ",":
            edits.replaced[first - 1] = ";"
        if declarator.marks:
            edits.before[first].append(base)
            continue
        kind = f"msl_type_{declarator.name}"
        edits.before[first].append(f"typedef {base}")
        edits.replaced[declarator.name_index] = kind
        edits.insert_after(last - 1, f"; {kind}&")
        edits.insert_after(last - 1, declarator.name, at=declarator.name_index)
        arguments = f"{first_slot + position}, sizeof({kind}), {alignment.format(kind)}"
        storage = f"msl_storage_@K@<{arguments}>::bytes"
        edits.insert_after(
            last - 1, f"= msl::threadgroup_variable<{kind}>({storage}, __start_{SECTION})"
        )


def _base(code: Code, specifiers: Specifiers) -> tuple[str, str]:
    """The declared type without its address space, and its alignment as a pattern over the type's
    name."""
    words = []
    alignment = "alignof({0})"
    index = specifiers.start
    while index < specifiers.end:
        if code.text(index) == "alignas":
            wanted = code.spell(index + 2, code.pair[index + 1])
            alignment = f"(({wanted}) > alignof({{0}}) ? ({wanted}) : alignof({{0}}))"
            index = code.pair[index + 1]
        elif code.at_attributes(index):
            index = code.pair[index]
        elif code.text(index) not in ("threadgroup", "static", "constexpr"):
            words.append(code.text(index))
        index += 1
    return " ".join(words), alignment
