"""Private memory: how the copies of a variable that lanes keep in memory lie beside each other, and
copies and fills of it as single loads and stores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from msl.widen.ir import WIDTH, Block, Declined, Function, Instruction, Value
from msl.widen.types import Types, is_scalar

#: Element k of every lane beside each other: what loops over private arrays want.
INTERLEAVED = "interleaved"
#: A whole copy a lane, one after the other: for addresses that leave the function.
BY_LANE = "by lane"
#: One copy for the SIMD-group: matrices.
SHARED = "shared"

MAX_BYTES = 128 * 1024  # of all lanes of one SIMD-group: it has a stack of 256 KiB
_MAX_EXPANDED = 64
_MATRIX = re.compile(r"_ZN3msl\d+matrix_")
_COPY = re.compile(r"llvm\.(memcpy|memmove)\.")
_FILL = re.compile(r"llvm\.memset\.")


@dataclass
class Variable:
    """An alloca and every pointer that is computed from it."""

    item: Instruction
    bytes: int
    names: set[str]
    layout: str = INTERLEAVED
    element: int = 4  # bytes, if interleaved

    @property
    def allocated(self) -> int:
        """Bytes for all lanes."""
        return self.bytes if self.layout == SHARED else WIDTH * self.bytes


@dataclass
class Private:
    """The variables of a function in memory, and to which of them a pointer belongs."""

    variables: list[Variable] = field(default_factory=list)
    of_pointer: dict[str, Variable] = field(default_factory=dict)

    def interleaved(self, value: Value) -> Variable | None:
        """The interleaved variable that a pointer points into."""
        found = self.of_pointer.get(value.text)
        return found if found and found.layout == INTERLEAVED else None


def is_matrix_operation(callee: str) -> bool:
    """Whether a function works on whole matrices of a SIMD-group."""
    return _MATRIX.match(callee) is not None


def analyse(function: Function, types: Types) -> Private:
    """Lay out every alloca; rewrites copies and fills of interleaved ones."""
    private = Private()
    users = _users(function)
    for _, item in list(function.instructions()):
        if item.op != "alloca":
            continue
        size = types.size(item.source_type)
        size = -(-size // item.align) * item.align
        variable = Variable(item, size, {item.name})
        _classify(variable, users, types)
        private.variables.append(variable)
        for name in variable.names:
            if name in private.of_pointer:  # a choice between two variables
                variable.layout = private.of_pointer[name].layout = BY_LANE
            private.of_pointer[name] = variable
    _same_layout(private)
    total = sum(variable.allocated for variable in private.variables)
    if total > MAX_BYTES:
        largest = max(private.variables, key=lambda variable: variable.allocated)
        raise Declined(f"{total // WIDTH} bytes of private memory a thread", largest.item)
    for block in function.blocks.values():
        block.instructions = [
            new for item in block.instructions for new in _expanded(item, private)
        ]
    return private


def _same_layout(private: Private) -> None:
    """Variables that share a derived pointer end up alike."""
    changed = True
    while changed:
        changed = False
        for variable in private.variables:
            for name in variable.names:
                other = private.of_pointer[name]
                if other is not variable and other.layout != variable.layout:
                    other.layout = variable.layout = BY_LANE
                    changed = True


def _users(function: Function) -> dict[str, list[tuple[Instruction, int]]]:
    found: dict[str, list[tuple[Instruction, int]]] = {}
    for _, item in function.instructions():
        for position, operand in enumerate(item.operands):
            if operand.is_local:
                found.setdefault(operand.text, []).append((item, position))
    return found


def _classify(
    variable: Variable, users: dict[str, list[tuple[Instruction, int]]], types: Types
) -> None:
    sizes: set[int] = set()
    steps: set[int] = set()
    stack = [variable.item.name]
    by_lane = False
    while stack:
        for item, position in users.get(stack.pop(), []):
            if item.op in ("getelementptr", "phi", "select", "freeze"):
                by_lane |= item.op != "getelementptr" or position != 0
                if item.op == "getelementptr" and position == 0:
                    steps |= _steps(item, types)
                if item.name not in variable.names:
                    variable.names.add(item.name)
                    stack.append(item.name)
            elif item.op == "load" or (item.op == "store" and position == 1):
                kind = item.type if item.op == "load" else item.operands[0].type
                by_lane |= item.volatile or item.atomic or not is_scalar(kind)
                sizes.add(types.size(kind))
            elif item.op == "call" and is_matrix_operation(item.callee):
                variable.layout = SHARED
            elif item.op == "call" and (_COPY.match(item.callee) or _FILL.match(item.callee)):
                length = item.operands[2].integer
                by_lane |= length is None
                steps.add(length or 0)
            elif not (item.op == "call" and item.callee.startswith("llvm.lifetime.")):
                by_lane |= item.op != "icmp"
    if variable.layout == SHARED:
        return
    variable.element = min(sizes, default=4)
    if by_lane or len(sizes) > 1 or any(step % variable.element for step in steps):
        variable.layout = BY_LANE


def _steps(item: Instruction, types: Types) -> set[int]:
    """Numbers that divide, all together, every offset that an address computation may add."""
    found = set()
    kind = item.source_type
    for position, operand in enumerate(item.operands[1:]):
        number = operand.integer
        if position == 0:
            size = types.size(kind)
        elif types.named.get(kind, kind).startswith(("{", "<{")):
            found.add(types.offset(kind, number or 0))
            kind = types.members(kind)[number or 0]
            continue
        else:
            kind = types.element(kind) or kind
            size = types.size(kind)
        found.add(size if number is None else size * abs(number))
    return found


def _expanded(item: Instruction, private: Private) -> Iterator[Instruction]:
    """Copies and fills with an end in interleaved memory as loads and stores of single elements."""
    copy = item.op == "call" and _COPY.match(item.callee)
    fill = item.op == "call" and _FILL.match(item.callee)
    ends = item.operands[:2] if copy else item.operands[:1] if fill else []
    variables = [found for end in ends if (found := private.interleaved(end))]
    if not variables:
        yield item
        return
    length = item.operands[2].integer
    element = min(variable.element for variable in variables)
    if any(variable.element != element for variable in variables) or length is None:
        raise Declined("a copy between private variables of different element sizes", item)
    if length // element > _MAX_EXPANDED and copy:
        raise Declined(f"a copy of {length} bytes of private memory", item)
    if fill:
        item.callee = "msl.fill"
        item.operands = item.operands[:3]
        yield item
        return
    kind = f"i{8 * element}"
    values = []
    for position in range(length // element):
        value = Value(kind, f"{_fresh(item)}.{position}.v")
        yield from _access("load", value, ends[1], position * element, private)
        values.append(value)
    for position, value in enumerate(values):
        yield from _access("store", value, ends[0], position * element, private)


def _fresh(item: Instruction) -> str:
    return f"%copy{id(item):x}"


def _access(
    op: str, value: Value, pointer: Value, offset: int, private: Private
) -> Iterator[Instruction]:
    if offset:
        name = f"{value.text}.{op[0]}"
        step = Value("i64", str(offset))
        yield Instruction("getelementptr", name, "ptr", [pointer, step], source_type="i8")
        if variable := private.of_pointer.get(pointer.text):
            variable.names.add(name)
            private.of_pointer[name] = variable
        pointer = Value("ptr", name)
    if op == "load":
        yield Instruction("load", value.text, value.type, [pointer])
    else:
        yield Instruction("store", "", "", [value, pointer])


__all__ = ["BY_LANE", "INTERLEAVED", "SHARED", "Block", "Private", "Variable", "analyse"]
