"""Reads one function of LLVM IR text. Strict: an unknown instruction ends the work."""

from __future__ import annotations

import re

from msl.widen.ir import Block, Declined, Function, Instruction, Value
from msl.widen.types import split_commas

BINARY = frozenset(
    [
        "add",
        "sub",
        "mul",
        "shl",
        "lshr",
        "ashr",
        "and",
        "or",
        "xor",
        "udiv",
        "urem",
        "sdiv",
        "srem",
        "fadd",
        "fsub",
        "fmul",
        "fdiv",
        "frem",
    ]
)
CASTS = frozenset(
    [
        "zext",
        "sext",
        "trunc",
        "fptosi",
        "fptoui",
        "sitofp",
        "uitofp",
        "bitcast",
        "fptrunc",
        "fpext",
        "ptrtoint",
        "inttoptr",
    ]
)
_FLAG = (
    r"(?:nuw|nsw|nusw|exact|disjoint|nneg|samesign|inbounds|reassoc|nsz|arcp|contract|nnan|ninf"
    r"|afn|fast|inrange\([^)]*\))"
)
_FLAGS = re.compile(rf"((?:{_FLAG}\s+)*)(.*)$", re.S)
_LABEL = re.compile(r"([\w.$-]+):")
_METADATA = re.compile(r"(?:, ![\w.]+ !(?:\w+|\{[^}]*\}))+$")
_DEBUG = re.compile(r"!dbg !(\d+)")
_ATTRIBUTE = re.compile(
    r"(?:noundef|nonnull|signext|zeroext|inreg|returned|readonly|readnone|writeonly|noalias|nocapture"
    r"|immarg|nofree|dead_on_unwind|writable|nest|allocptr|noext"
    r"|align(?: |\()\d+\)?|(?:dereferenceable|dereferenceable_or_null|captures|range|initializes"
    r"|nofpclass|byval|sret|elementtype|address_space)\((?:[^()]|\([^()]*\))*\))\s+"
)
_CALL = re.compile(
    r"call (?:(?:fastcc|coldcc|ccc|tailcc|cc \d+)\s+)?(.*?)(@[\w.$]+|@\"[^\"]+\"|%[\w.]+)\((.*)\)"
    r"(?: #\d+)?(?: \[.*\])?$"
)
_RETURN_ATTRIBUTES = re.compile(r"(?:[a-z_]+(?:\([^)]*\))? )*")
_HEADER = re.compile(r"define .*?@([\w.$]+|\"[^\"]+\")\((.*)\)[^)]*$")


def parse_function(lines: list[str]) -> Function:
    """A definition, from its `define` line to the last line before the closing brace."""
    match = _HEADER.match(lines[0])
    if not match:
        raise Declined("a function header of an unknown form")
    parameters = [typed_value(part) for part in split_commas(match.group(2))]
    current = Block(str(len(parameters)))
    blocks = {current.name: current}
    for line in _joined(lines[1:]):
        if label := _LABEL.match(line):
            current = blocks[label.group(1)] = Block(label.group(1))
            continue
        text = line.split(" ; ")[0].strip()
        if text and not text.startswith((";", "#dbg")):
            current.instructions.append(_instruction(text))
    return Function(match.group(1).strip('"'), parameters, blocks)


def _joined(lines: list[str]) -> list[str]:
    """Lines with the cases of a switch on the line of the switch."""
    out: list[str] = []
    open_switch = False
    for line in lines:
        if open_switch:
            out[-1] += " " + line.strip()
            open_switch = "]" not in line
        else:
            out.append(line)
            open_switch = line.lstrip().startswith("switch ") and "]" not in line
    return out


def typed_value(text: str) -> Value:
    """`type attributes value`."""
    kind, rest = read_type(text)
    while match := _ATTRIBUTE.match(rest):
        rest = rest[match.end() :]
    return Value(kind, rest)


def read_type(text: str) -> tuple[str, str]:
    """The type at the start of a text, and what follows."""
    if text[0] in "<[{":
        depth, quoted = 0, False
        for index, letter in enumerate(text):
            quoted = quoted != (letter == '"')
            depth += not quoted and letter in "<[{"
            depth -= not quoted and letter in ">]}"
            if depth == 0:
                return text[: index + 1], text[index + 1 :].lstrip()
    if text.startswith('%"'):
        end = text.index('"', 2) + 1
        return text[:end], text[end:].lstrip()
    word, _, rest = text.partition(" ")
    return word, rest.lstrip()


def _instruction(text: str) -> Instruction:
    debug = _DEBUG.search(text)
    text = _METADATA.sub("", text)
    name = ""
    if text.startswith("%"):
        name, _, text = text.partition(" = ")
    for word in ("tail ", "musttail ", "notail "):
        text = text.removeprefix(word)
    op = text.split(" ", 1)[0]
    rest = text[len(op) :].lstrip()
    try:
        item = _read(op, name, rest, text)
    except (ValueError, IndexError, AttributeError) as problem:
        raise Declined(f"the instruction `{text[:80]}`") from problem
    item.location = int(debug.group(1)) if debug else 0
    return item


def _read(op: str, name: str, rest: str, text: str) -> Instruction:
    if op == "call":
        return _call(name, text)
    if op in BINARY or op in CASTS or op in ("icmp", "fcmp", "select", "phi", "fneg", "freeze"):
        return _arithmetic(op, name, rest)
    if op in ("load", "store", "atomicrmw", "cmpxchg", "fence"):
        return _memory(op, name, rest)
    if op == "getelementptr":
        flags, rest = _flags(rest)
        source, *others = split_commas(rest)
        operands = [typed_value(part) for part in others]
        return Instruction(op, name, "ptr", operands, flags, source_type=source)
    if op == "alloca":
        parts = split_commas(rest)
        align = next((int(part[6:]) for part in parts if part.startswith("align ")), 1)
        if len(parts) > 2 or parts[0].startswith("inalloca"):
            raise Declined("an array whose size is known only at run time")
        return Instruction(op, name, "ptr", [], source_type=parts[0], align=align)
    if op in ("br", "switch", "ret", "unreachable"):
        return _terminator(op, rest)
    if op in ("extractvalue", "insertvalue", "extractelement", "insertelement", "shufflevector"):
        return _aggregate(op, name, rest)
    raise Declined(f"the instruction `{text[:80]}`")


def _flags(text: str) -> tuple[str, str]:
    match = _FLAGS.match(text)
    assert match
    return " ".join(match.group(1).split()), match.group(2)


def _arithmetic(op: str, name: str, rest: str) -> Instruction:
    flags, rest = _flags(rest)
    if op in CASTS:
        source, _, target = rest.rpartition(" to ")
        return Instruction(op, name, target, [typed_value(source)], flags)
    if op == "phi":
        kind, pairs = read_type(rest)
        item = Instruction(op, name, kind, [], flags)
        for pair in split_commas(pairs):
            incoming, source = split_commas(pair.strip("[] "))
            item.operands.append(Value(kind, incoming))
            item.blocks.append(source.removeprefix("%"))
        return item
    if op == "select":
        operands = [typed_value(part) for part in split_commas(rest)]
        return Instruction(op, name, operands[1].type, operands, flags)
    if op in ("fneg", "freeze"):
        value = typed_value(rest)
        return Instruction(op, name, value.type, [value], flags)
    predicate = ""
    if op in ("icmp", "fcmp"):
        predicate, _, rest = rest.partition(" ")
    first, second = split_commas(rest)
    left = typed_value(first)
    kind = left.type if not predicate else left.type.replace(left.type, "i1")
    if predicate and left.type.startswith("<"):
        kind = f"{left.type.split(' x ')[0]} x i1>"
    return Instruction(op, name, kind, [left, Value(left.type, second)], flags, predicate)


def _memory(op: str, name: str, rest: str) -> Instruction:
    item = Instruction(op, name, "", [])
    words = rest.split(" ")
    while words[0] in ("atomic", "volatile", "weak"):
        word = words.pop(0)
        item.atomic = item.atomic or word == "atomic"
        item.volatile = item.volatile or word == "volatile"
    if op == "atomicrmw":
        item.predicate = words.pop(0)
    parts = split_commas(" ".join(words))
    if op == "fence":
        item.predicate = rest
        return item
    tail = parts[-1]
    if tail.startswith("align "):
        item.align = int(tail[6:])
        parts.pop()
    if op == "load":
        item.type = parts[0]
        pointer, ordering = _ordering(parts[1])
        item.operands = [typed_value(pointer)]
        item.predicate = ordering
    elif op == "store":
        pointer, ordering = _ordering(parts[1])
        item.operands = [typed_value(parts[0]), typed_value(pointer)]
        item.predicate = ordering
    else:
        last, ordering = _ordering(parts[-1])
        item.operands = [*map(typed_value, parts[:-1]), typed_value(last)]
        kind = item.operands[1].type
        item.type = kind if op == "atomicrmw" else f"{{ {kind}, i1 }}"
        item.predicate = f"{item.predicate} {ordering}".strip()
    return item


_ORDERINGS = "unordered|monotonic|acquire|release|acq_rel|seq_cst"
_ORDERING = re.compile(rf'(.*?)((?: syncscope\("[^"]*"\))?(?: (?:{_ORDERINGS}))+)$')


def _ordering(text: str) -> tuple[str, str]:
    match = _ORDERING.match(text)
    return (match.group(1), match.group(2).strip()) if match else (text, "")


def _call(name: str, text: str) -> Instruction:
    match = _CALL.match(text)
    if not match:
        raise Declined(f"the instruction `{text[:80]}`")
    head, callee, arguments = match.groups()
    if callee.startswith("%"):
        raise Declined("a call through a function pointer")
    flags, head = _flags(head)
    while attribute := _ATTRIBUTE.match(head):
        head = head[attribute.end() :]
    kind, _ = read_type(head.strip())
    operands = [typed_value(part) for part in split_commas(arguments)]
    return Instruction("call", name, kind, operands, flags, callee=callee[1:].strip('"'))


def _terminator(op: str, rest: str) -> Instruction:
    item = Instruction(op, "", "void", [])
    if op == "br":
        parts = split_commas(rest)
        item.targets = [part.split("%")[-1] for part in parts if part.startswith("label ")]
        if len(parts) > 1:
            item.operands = [typed_value(parts[0])]
    elif op == "switch":
        head, _, table = rest.partition("[")
        condition, default = split_commas(head)
        item.operands = [typed_value(condition)]
        item.targets = [default.strip().split("%")[-1]]
        for value, target in re.findall(r"i\d+ (-?\d+), label %([\w.$-]+)", table):
            item.cases.append(int(value))
            item.targets.append(target)
    elif op == "ret" and rest != "void":
        item.operands = [typed_value(rest)]
    return item


def _aggregate(op: str, name: str, rest: str) -> Instruction:
    parts = split_commas(rest)
    if op in ("extractvalue", "insertvalue"):
        values = [part for part in parts if not part.isdigit()]
        indices = [int(part) for part in parts if part.isdigit()]
        operands = [typed_value(part) for part in values]
        return Instruction(op, name, "", operands, indices=indices)
    operands = [typed_value(part) for part in parts]
    kind = operands[0].type
    if op == "extractelement":
        kind = kind[1:-1].split(" x ", 1)[1]
    if op == "shufflevector":
        count = operands[2].type[1:].split(" x ")[0]
        kind = f"<{count} x {kind[1:-1].split(' x ', 1)[1]}>"
    return Instruction(op, name, kind, operands)
