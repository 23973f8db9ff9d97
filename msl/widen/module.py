"""From the IR text of a unit to the text in which its kernels run 32 lanes at a time: finds the
bodies, widens each for both ways lanes can lie, keeps everything else as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from msl.widen import (
    blocks,
    calls,
    collectives,
    divergence,
    flow,
    layout,
    parts,
    private,
    products,
    runs,
    worth,
)
from msl.widen.aggregates import take_apart
from msl.widen.emit import Emitter
from msl.widen.forwarding import forward
from msl.widen.ir import WIDTH, Block, Declined, Function, Instruction
from msl.widen.parse import parse_function
from msl.widen.private import BY_LANE, Private
from msl.widen.shapes import UNIFORM, VARYING, Shape
from msl.widen.types import Types, is_scalar, wide

_DEFINE = re.compile(r"define .*?@([\w.$]+)\(")
_BODY = re.compile(r"msl_body_(\d+)$")
_ENTRY = re.compile(r"msl_(?:loop|lanes)_\d+$")
_TYPE = re.compile(r'(%(?:"[^"]+"|[\w.]+)) = type (.+)$')
_GROUP = re.compile(r"attributes #(\d+) = \{(.*)\}$")
_STRING_ATTRIBUTE = re.compile(r'"[^"]+"(?:="[^"]*")?')
#: What the target's flags ask of loops over threads: gathers and scatters taken apart.
_SCALAR_ACCESS = re.compile(r"\+(prefer-no-(?:gather|scatter))")
_WIDTH = re.compile(r'"(?:min-legal|prefer)-vector-width"="\d+" ')
_ATTRIBUTES = 'attributes #9999 = {{ nounwind {0} "prefer-vector-width"="512" }}'
_IN_ROW = "define internal void @msl_row_{0}(ptr %p0, i32 %x, i32 %y, i32 %z, i32 %flat) {1}"
_ANYWHERE = "define internal void @msl_any_{0}(ptr %p0, ptr %places, i32 %flat, i32 %lanes) {1}"


@dataclass(frozen=True)
class Outcome:
    """What became of one kernel: its entry's mode, or why it was declined."""

    mode: str  # "loop", "lanes"; "" if declined
    construct: str = ""
    location: int = 0  # number of a debug location


@dataclass
class Widened:
    """The new text in parts, and the outcome for each kernel by number."""

    texts: list[str] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)


def widen(text: str, *, strict: bool = False, if_worth: bool = False) -> Widened:
    """Widen every kernel of a module. With `strict`, sums are not regrouped; `if_worth` declines
    what is faster one thread after the other."""
    module = _Module.read(text)
    result = Widened()
    dropped: set[str] = set()
    bodies_of: list[str] = []
    for name, lines in module.functions.items():
        match = _BODY.match(name)
        if not match:
            continue
        number = int(match.group(1))
        dropped |= {name, f"msl_row_{number}", f"msl_any_{number}"}
        try:
            bodies, mode = _widen_body(lines, number, module, strict, if_worth)
        except Declined as problem:
            result.outcomes[number] = Outcome("", problem.construct, problem.location)
            dropped |= {f"msl_loop_{number}", f"msl_lanes_{number}"}
            continue
        result.outcomes[number] = Outcome(mode)
        dropped.add(f"msl_{'lanes' if mode == 'loop' else 'loop'}_{number}")
        bodies_of += bodies
    entries = frozenset(n for n in module.functions if _ENTRY.match(n) and n not in dropped)
    last = _ATTRIBUTES.format(module.target)
    pieces = parts.Pieces(module.rest, module.functions, entries, frozenset(dropped), last)
    result.texts = parts.texts(pieces, bodies_of, lambda own: blocks.functions(own, module.target))
    return result


@dataclass
class _Module:
    functions: dict[str, list[str]] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)
    types: Types = field(default_factory=Types)
    target: str = ""

    @classmethod
    def read(cls, text: str) -> _Module:
        module = cls()
        current: list[str] | None = None
        for line in text.split("\n"):
            if current is not None:
                if line == "}":
                    current = None
                else:
                    current.append(line)
            elif match := _DEFINE.match(line):
                current = module.functions[match.group(1)] = [line]
            else:
                module.rest.append(module._other(line))
        return module

    def _other(self, line: str) -> str:
        if match := _TYPE.match(line):
            self.types.named[match.group(1)] = match.group(2)
        elif '"target-cpu"' in line and _GROUP.match(line):
            line = _SCALAR_ACCESS.sub(r"-\1", _WIDTH.sub("", line))
            self.target = " ".join(_STRING_ATTRIBUTE.findall(line))
            line = line.replace(" }", ' "prefer-vector-width"="512" }')
        return line


def _widen_body(
    lines: list[str], number: int, module: _Module, strict: bool, if_worth: bool
) -> tuple[list[str], str]:
    function = parse_function(lines)
    take_apart(function, module.types)
    _check(function)
    has_barrier = any(item.callee == calls.BARRIER for _, item in function.instructions())
    shape = flow.analyse(function)
    forward(shape, module.types)
    variables = private.analyse(function, module.types)
    together = products.plan(shape, variables, module.types, blocks.widest(module.target))
    bodies = []
    for whole in (True, False):
        found = _analysed(shape, variables, module.types, whole)
        if whole and if_worth and (walk := worth.walks(found, variables)):
            raise Declined("threads walk through memory of their own, faster one by one", walk)
        header = (_IN_ROW if whole else _ANYWHERE).format(number, "#9999")
        plan = layout.lay_out(found, whole)
        emitter = Emitter(plan, variables, together, module.types, whole=whole, strict=strict)
        bodies.append(emitter.text(header, _prologue(whole)))
    return bodies, "lanes" if has_barrier else "loop"


def _analysed(
    shape: flow.Flow, variables: Private, types: Types, whole: bool
) -> divergence.Divergence:
    parameters = {value.text: UNIFORM for value in shape.function.parameters}

    def special(item: Instruction, shapes: list[Shape]) -> Shape | None:
        return _special(item, shapes, variables, whole)

    found = divergence.analyse(shape, types, parameters, special)
    _check_order(found)
    return found


def _special(
    item: Instruction, shapes: list[Shape], variables: Private, whole: bool
) -> Shape | None:
    if item.op == "alloca":
        variable = variables.of_pointer[item.name]
        return Shape(variable.bytes) if variable.layout == BY_LANE else Shape(0, 5)
    if item.op == "load":
        private_memory = variables.interleaved(item.operands[0])
        return UNIFORM if shapes[0].is_uniform and not private_memory else VARYING
    if item.op in ("atomicrmw", "cmpxchg"):
        return VARYING
    if item.op == "getelementptr" and variables.interleaved(item.operands[0]):
        return UNIFORM if all(shape.is_uniform for shape in shapes) else VARYING
    if item.op == "call":
        return calls.shape_of(item, shapes, whole)
    return None


def _check(function: Function) -> None:
    for _, item in function.instructions():
        if item.op == "switch" and not is_scalar(item.operands[0].type):
            raise Declined("a switch over what is no number", item)


def _check_order(found: divergence.Divergence) -> None:
    """Lanes that leave a loop at different times run what follows together: a collective that the
    source has inside of the loop, but on the way out, would meet other lanes than it should."""
    shape = found.flow
    for loop in shape.loops:
        if loop.header not in found.loops:
            continue
        sites = {
            item.operands[0].text
            for name in loop.blocks
            if shape.loop_of[name] is loop
            for item in shape.function.blocks[name].instructions
            if item.callee == "msl_lanes_next"
        }
        seen = set(loop.blocks)
        pending = [t for name in loop.blocks for t in shape.successors[name]] if sites else []
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                if not _ends_loop(shape.function.blocks[name], sites):
                    pending += shape.successors[name]


def _ends_loop(block: Block, sites: set[str]) -> bool:
    """Whether a block has the end of a loop; declines a collective before it."""
    for item in block.instructions:
        if item.callee == "msl_lanes_leave" and item.operands[0].text in sites:
            return True
        if item.op == "call" and collectives.is_collective(item.callee):
            raise Declined("a SIMD-group function on the way out of a loop", item)
    return False


def _prologue(whole: bool) -> list[str]:
    lines = [
        "  %position.at = getelementptr i8, ptr %p0, i64 24",
        "  %nominal.at = getelementptr i8, ptr %p0, i64 36",
    ]
    for axis, offset in (("x", 0), ("y", 4), ("z", 8)):
        for name in ("position", "nominal"):
            place = f"%{name}.at.{axis}"
            lines.append(f"  {place} = getelementptr i8, ptr %{name}.at, i64 {offset}")
            lines.append(f"  %{name}.{axis} = load i32, ptr {place}")
        lines.append(f"  %origin.{axis} = mul i32 %position.{axis}, %nominal.{axis}")
    if whole:
        lines.append("  %lanes = add i32 0, -1")
        lines += [f"  %grid_{axis} = add i32 %origin.{axis}, %{axis}" for axis in "xyz"]
        return lines
    vector = wide("i32")
    for position, axis in enumerate("xyz"):
        lines.append(f"  %{axis}.at = getelementptr i8, ptr %places, i64 {4 * WIDTH * position}")
        lines.append(f"  %{axis} = load {vector}, ptr %{axis}.at, align 4")
        lines.append(f"  %one.{axis} = insertelement {vector} poison, i32 %origin.{axis}, i64 0")
        lines.append(
            f"  %all.{axis} = shufflevector {vector} %one.{axis}, {vector} poison,"
            f" {vector} zeroinitializer"
        )
        lines.append(f"  %grid_{axis} = add {vector} %all.{axis}, %{axis}")
    lines.append(f"  %mask = bitcast i32 %lanes to {wide('i1')}")
    for axis, offset in (("x", 48), ("y", 52), ("z", 56)):
        lines.append(f"  %size.at.{axis} = getelementptr i8, ptr %p0, i64 {offset}")
        lines.append(f"  %size.{axis} = load i32, ptr %size.at.{axis}")
    lines += [
        "  %size.odd = and i32 %size.x, 7",
        "  %size.even = icmp eq i32 %size.odd, 0",
        "  %size.rows = mul i32 %size.y, %size.z",
        "  %size.row = icmp eq i32 %size.rows, 1",
        f"  {runs.HOLD} = or i1 %size.even, %size.row",
    ]
    return lines


__all__ = ["Outcome", "Widened", "widen"]
