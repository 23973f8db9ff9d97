"""Constants that the front end has to know by value: function constants, buffer indices, literals
with Metal's suffixes."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msl.declarations import Unit, Variable
from msl.edits import Edits
from msl.lexer import NUMBER
from msl.syntax import Code

Value = bool | int | float | list[bool] | list[int] | list[float]
Values = Mapping[int | str, Value]

_OPERATORS: dict[type[ast.AST], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
_INTEGER = re.compile(r"(0[xX][0-9a-fA-F']+|0[bB][01']+|[0-9][0-9']*)[uUlL]*")
_HALF = re.compile(r"((?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?)[hH]")
_FLOAT = re.compile(
    r"(?:[0-9][0-9']*\.[0-9']*|\.[0-9][0-9']*|[0-9][0-9']*(?=[eE]))(?:[eE][+-]?[0-9]+)?"
    r"|0[xX][0-9a-fA-F']*\.?[0-9a-fA-F']*[pP][+-]?[0-9]+"
)
_BFLOAT = re.compile(
    r"((?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?)(?:bf|BF)(?:16)?"
)


@dataclass(frozen=True)
class FunctionConstant:
    """A program-scope variable whose value is given when a pipeline is made."""

    name: str
    index: int
    variable: Variable


def integer(unit: Unit, start: int, end: int) -> int | None:
    """The value of an integer expression over literals and program-scope constants; None if it is
    something else."""
    return _integer(unit, start, end, 0, {})


#: Longer expressions and numbers are no indices or sizes, and Python's own parser has limits.
_MAX_WORDS, _MAX_DIGITS = 256, 64


def _integer(
    unit: Unit, start: int, end: int, depth: int, known: dict[str, int | None]
) -> int | None:
    """`known` are the names resolved so far: each is looked up once, however often it is used."""
    words = []
    if end - start > _MAX_WORDS:
        return None
    for index in range(start, end):
        token = unit.code.tokens[index]
        if token.kind == NUMBER:
            match = _INTEGER.fullmatch(token.text)
            if not match or len(token.text) > _MAX_DIGITS:
                return None
            digits = match.group(1).replace("'", "")
            words.append(str(int(digits, 0 if digits[:2].lower() in ("0x", "0b") else 10)))
        elif token.kind == "ident":
            if token.text not in known:
                known[token.text] = _named(unit, token.text, depth, known)
            value = known[token.text]
            if value is None:
                return None
            words.append(str(value))
        elif token.text in ("+", "-", "*", "/", "%", "(", ")", "<<", ">>", "|", "&"):
            words.append("//" if token.text == "/" else token.text)
        else:
            return None
    try:
        return _fold(ast.parse(" ".join(words), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError):
        return None


def _named(unit: Unit, name: str, depth: int, known: dict[str, int | None]) -> int | None:
    if depth > 8:
        return None
    for variable in unit.variables:
        for declarator in variable.declarators:
            if declarator.name == name and declarator.initialiser and not declarator.arrays:
                start, end = declarator.initialiser
                return _integer(unit, start + 1, end, depth + 1, known)
    return _enumerator(unit, name, depth, known)


def _enumerator(unit: Unit, name: str, depth: int, known: dict[str, int | None]) -> int | None:
    """The value of an enumerator of this name."""
    code = unit.code
    for index, token in enumerate(code.tokens):
        if token.text != "enum":
            continue
        while code.text(index) not in ("{", ";", "(", ""):
            index += 1
        if code.text(index) != "{":
            continue
        value: int | None = -1
        for first, last in code.split(index + 1, code.pair[index]):
            if code.text(first + 1) == "=":
                value = _integer(unit, first + 2, last, depth + 1, known)
            elif value is not None:
                value += 1
            if code.text(first) == name:
                return value
    return None


def _fold(node: ast.AST) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _fold(node.left), _fold(node.right)
        if isinstance(node.op, ast.LShift) and right > 64:
            raise ValueError("shift")
        return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _fold(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    raise ValueError("not an integer expression")


def function_constants(unit: Unit) -> list[FunctionConstant]:
    """Every function constant of the unit."""
    found = []
    for variable in unit.variables:
        attribute = variable.attribute("function_constant")
        if attribute and variable.declarators:
            index = integer(unit, *attribute.arguments)
            found.append(
                FunctionConstant(
                    variable.declarators[0].name, -1 if index is None else index, variable
                )
            )
    return found


def value_of(constant: FunctionConstant, values: Values) -> Value | None:
    """The value given for a function constant, by index or by name."""
    return values.get(constant.index, values.get(constant.name))


def edit_function_constants(unit: Unit, values: Values, edits: Edits) -> None:
    """Write each function constant as an ordinary one, and each question whether it is defined as
    its answer."""
    known = {constant.name: value_of(constant, values) for constant in function_constants(unit)}
    code = unit.code
    for constant in function_constants(unit):
        variable = constant.variable
        declarator = variable.declarators[0]
        edits.delete(variable.start, variable.end)
        edits.replaced[declarator.name_index] = (
            f"static {_definition(_type_only(code, variable), constant.name, known[constant.name])}"
        )
    for index, token in enumerate(code.tokens):
        if token.text == "is_function_constant_defined" and code.text(index + 1) == "(":
            name = code.text(code.pair[index + 1] - 1)
            start = index - 2 if code.text(index - 1) == "::" else index
            edits.delete(start, code.pair[index + 1] + 1)
            edits.replaced[index] = "true" if known.get(name) is not None else "false"


def _type_only(code: Code, variable: Variable) -> str:
    specifiers = variable.specifiers
    words = []
    index = specifiers.type_index
    while index < specifiers.end:
        if code.at_attributes(index):
            index = code.pair[index] + 1
            continue
        if index not in specifiers.spaces and code.text(index) not in (
            "const",
            "constexpr",
            "static",
        ):
            words.append(code.text(index))
        index += 1
    return " ".join(words)


def _definition(kind: str, name: str, value: Value | None) -> str:
    """Without a value it is no constant expression: nothing is said about a division by it."""
    if value is None:
        return f"const {kind} {name} = msl::without_value<{kind}>();"
    return f"constexpr {kind} {name} = {_initialiser(value)};"


def _initialiser(value: Value) -> str:
    values = value if isinstance(value, list) else [value]
    return "{" + ", ".join(_literal(item) for item in values) + "}"


def _literal(value: bool | int | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}u" if value > 0x7FFFFFFF else str(value)
    if value != value:
        return "NAN"
    if value in (float("inf"), float("-inf")):
        return "INFINITY" if value > 0 else "-INFINITY"
    return f"{value!r}f" if "." in repr(value) or "e" in repr(value) else f"{value!r}.0f"


def edit_literals(code: Code, edits: Edits) -> None:
    """Half and bfloat literals in clang's suffixes; one without a suffix is a float, in templates
    too."""
    for index, token in enumerate(code.tokens):
        if token.kind != NUMBER:
            continue
        if _FLOAT.fullmatch(token.text):
            edits.replaced[index] = token.text + "f"
            continue
        if token.text[-1] not in "hHfF6" or token.text[:2].lower() == "0x":
            continue
        half = _HALF.fullmatch(token.text)
        bfloat = None if half else _BFLOAT.fullmatch(token.text)
        if half:
            edits.replaced[index] = half.group(1) + "f16"
        elif bfloat:
            edits.replaced[index] = f"static_cast<__bf16>({bfloat.group(1)}f)"
