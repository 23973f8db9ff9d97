"""Arithmetic in header lines and SPECs: a parser and an evaluator without `eval`.

Integers, decimals, names, `+ - * / %`, comparisons, `&& || !`, parentheses and calls. `/` between
integers is the floor, as in MSL for what is not negative; with a decimal on either side it is real
division. Names may hold a dot (`grid_threads.x`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

#: Beyond this an integer does not survive a float, and no geometry or size is that large.
LARGEST = 1 << 53
_MAX_TOKENS = 512
_MAX_DEPTH = 48
#: Far more than LARGEST has; beyond a few thousand Python itself gives up.
MAX_DIGITS = 64

Value = float  # int, float, or bool for conditions
Functions = Mapping[str, Callable[..., Any]]


class ExpressionError(Exception):
    """What is wrong with an expression and where; `column` counts from 1 in the parsed text."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (column {column})")
        self.message = message
        self.column = column


@dataclass(frozen=True)
class Token:
    """One lexical unit."""

    kind: str  # "number", "name", "operator", "end"
    text: str
    column: int


@dataclass(frozen=True)
class Node:
    """One node of a parsed expression: number, name, call or operator, with its operands."""

    kind: str
    text: str
    column: int
    operands: tuple[Node, ...] = ()


_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.\d+|\d+(?![.\w]))"
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<operator>&&|\|\||[<>=!]=|[-+*/%<>!(),:=]))"
)


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, the last one of kind "end"."""
    found: list[Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            column = at + len(text[at:]) - len(text[at:].lstrip()) + 1
            raise ExpressionError(f"unexpected {text[column - 1]!r}", column)
        found.append(
            Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1)
        )
        at = match.end()
        if found[-1].kind == "number" and len(found[-1].text) > MAX_DIGITS:
            raise ExpressionError(f"a number of more than {MAX_DIGITS} digits", found[-1].column)
        if len(found) > _MAX_TOKENS:
            raise ExpressionError(f"more than {_MAX_TOKENS} tokens", found[-1].column)
    found.append(Token("end", "", len(text) + 1))
    return found


_LEVELS = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))


class Parser:
    """Recursive descent over a list of tokens; `at` is the next one."""

    def __init__(self, found: list[Token], at: int = 0) -> None:
        self.tokens = found
        self.at = at
        self.depth = 0

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.at]

    @property
    def peek(self) -> Token:
        """The token after that."""
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Consume one token."""
        token = self.next
        self.at += token.kind != "end"
        return token

    def expect(self, text: str) -> Token:
        """Consume exactly this operator."""
        if self.next.text != text or self.next.kind != "operator":
            raise ExpressionError(f"expected '{text}'{_instead(self.next)}", self.next.column)
        return self.take()

    def expression(self, level: int = 0) -> Node:
        """One expression, as long as it goes on."""
        if level == len(_LEVELS):
            return self._unary()
        left = self.expression(level + 1)
        while self.next.kind == "operator" and self.next.text in _LEVELS[level]:
            operator = self.take()
            if level == 2 and left.kind == "binary" and left.text in _LEVELS[2]:
                raise ExpressionError("comparisons do not chain; use &&", operator.column)
            right = self.expression(level + 1)
            left = Node("binary", operator.text, operator.column, (left, right))
        return left

    def _unary(self) -> Node:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ExpressionError("nested too deeply", self.next.column)
        if self.next.kind == "operator" and self.next.text in "-!+":
            operator = self.take()
            node = Node("unary", operator.text, operator.column, (self._unary(),))
        else:
            node = self._primary()
        self.depth -= 1
        return node

    def _primary(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return Node("number", token.text, token.column)
        if token.kind == "name":
            if self.next.kind == "operator" and self.next.text == "(":
                return Node("call", token.text, token.column, self._arguments())
            return Node("name", token.text, token.column)
        if token.text == "(":
            inner = self.expression()
            self.expect(")")
            # Kept as a node of its own so that (a < b) == c is not taken for a chain.
            return Node("group", "(", token.column, (inner,))
        raise ExpressionError(f"expected a value{_instead(token)}", token.column)

    def _arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        found: list[Node] = []
        while self.next.text != ")":
            found.append(self.expression())
            if self.next.text != ")":
                self.expect(",")
        self.expect(")")
        return tuple(found)


def _instead(token: Token) -> str:
    return ", the line ends here" if token.kind == "end" else f", found '{token.text}'"


def _ceil_div(a: float, b: float) -> float:
    return -(-a // b)


def _round_up(a: float, multiple: float) -> float:
    return -(-a // multiple) * multiple


def _pow2_floor(a: float) -> float:
    if a < 1:
        raise ValueError(f"pow2_floor({a:g}) is not defined")
    return 1 << (int(a).bit_length() - 1)


def _pow2(exponent: float) -> float:
    if not 0 <= exponent <= 52 or exponent != int(exponent):
        raise ValueError(f"pow2({exponent:g}) is not defined")
    return 1 << int(exponent)


_FUNCTIONS: dict[str, tuple[Callable[..., float], int, int]] = {
    "ceil_div": (_ceil_div, 2, 2),
    "round_up": (_round_up, 2, 2),
    "pow2_floor": (_pow2_floor, 1, 1),
    "pow2": (_pow2, 1, 1),
    "min": (min, 2, 16),
    "max": (max, 2, 16),
}


@dataclass(frozen=True)
class Expression:
    """A parsed expression. `text` is what it was parsed from."""

    node: Node
    text: str

    @property
    def names(self) -> frozenset[str]:
        """Every name that must have a value."""
        return frozenset(_names(self.node))

    def evaluate(self, names: Mapping[str, Value], functions: Functions | None = None) -> Value:
        """The value under `names`; `functions` take a bare name, as in `max_threads(F)`."""
        return _evaluate(self.node, names, functions or {})


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """The one expression that `text` is."""
    parser = Parser(tokens(text))
    node = parser.expression()
    if parser.next.kind != "end":
        raise ExpressionError(f"unexpected '{parser.next.text}'", parser.next.column)
    return Expression(node, text.strip())


def _names(node: Node) -> list[str]:
    if node.kind == "name":
        return [node.text]
    if node.kind == "call" and node.text not in _FUNCTIONS:
        return []
    return [name for operand in node.operands for name in _names(operand)]


def _evaluate(node: Node, names: Mapping[str, Value], functions: Functions) -> Value:
    if node.kind == "number":
        return int(node.text) if node.text.isdigit() else float(node.text)
    if node.kind == "name":
        if node.text not in names:
            known = ", ".join(sorted(names)) or "nothing"
            raise ExpressionError(f"unknown name '{node.text}'; known: {known}", node.column)
        return _integral(names[node.text])
    if node.kind == "group":
        return _evaluate(node.operands[0], names, functions)
    if node.kind == "call":
        value = _call(node, names, functions)
    elif node.kind == "unary":
        operand = _evaluate(node.operands[0], names, functions)
        value = not operand if node.text == "!" else (-operand if node.text == "-" else operand)
    else:
        value = _binary(node, names, functions)
    if not -LARGEST <= value <= LARGEST:
        raise ExpressionError(f"{value:g} overflows", node.column)
    return value


def _integral(value: Value) -> Value:
    """Points carry numbers from JSON and command lines: 1024.0 is the integer 1024 there."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST
    return int(value) if is_whole else value


def _call(node: Node, names: Mapping[str, Value], functions: Functions) -> Value:
    if node.text in functions:
        if len(node.operands) != 1 or node.operands[0].kind != "name":
            raise ExpressionError(f"{node.text}(…) takes one name", node.column)
        name = node.operands[0]
        try:
            return functions[node.text](name.text)  # type: ignore[no-any-return]
        except KeyError:
            raise ExpressionError(f"{node.text}: no '{name.text}'", name.column) from None
    if node.text not in _FUNCTIONS:
        known = ", ".join([*_FUNCTIONS, *functions])
        raise ExpressionError(f"unknown function '{node.text}'; known: {known}", node.column)
    function, least, most = _FUNCTIONS[node.text]
    if not least <= len(node.operands) <= most:
        raise ExpressionError(f"{node.text} takes {least} arguments", node.column)
    values = [_evaluate(operand, names, functions) for operand in node.operands]
    try:
        return function(*values)
    except ZeroDivisionError:
        raise ExpressionError("division by zero", node.column) from None
    except ValueError as problem:
        raise ExpressionError(str(problem), node.column) from None


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "%": lambda a, b: a % b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "&&": lambda a, b: bool(a and b),
    "||": lambda a, b: bool(a or b),
    "/": lambda a, b: a // b if isinstance(a, int) and isinstance(b, int) else a / b,
}


def _binary(node: Node, names: Mapping[str, Value], functions: Functions) -> Value:
    left = _evaluate(node.operands[0], names, functions)
    if node.text == "&&" and not left:
        return False
    if node.text == "||" and left:
        return True
    right = _evaluate(node.operands[1], names, functions)
    try:
        return _OPERATORS[node.text](left, right)  # type: ignore[no-any-return]
    except ZeroDivisionError:
        raise ExpressionError("division by zero", node.column) from None
    except OverflowError:
        raise ExpressionError("overflows", node.column) from None
