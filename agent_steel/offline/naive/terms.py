"""Terms: what one element of an array is, as an expression over indices, dims and scalars."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Number = int | float
_fresh = itertools.count()


class Unsupported(Exception):
    """An operation outside the families for which a plain kernel can be written, and which."""


@dataclass(frozen=True)
class Term:
    """One node. `kind` is the type of its value; equal terms have equal values.

    op: number, dim, scalar, index, load, call, select, cast, fold, scan, or an operator of MSL.
    A fold's parts are its index, its extent and its body, a scan's the same and, last, where the
    scan is read; `text` is then the operation.
    """

    op: str
    parts: tuple[Term, ...] = ()
    text: str = ""
    kind: str = "float"
    _hash: int = field(default=0, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.op, self.parts, self.text, self.kind)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Term) or self._hash != other._hash:
            return False
        mine = (self.op, self.text, self.kind, self.parts)
        return mine == (other.op, other.text, other.kind, other.parts)

    @property
    def value(self) -> Number | None:
        """What a number is; None for anything else."""
        if self.op != "number":
            return None
        return int(self.text) if self.kind == "int" else float(self.text)

    def __add__(self, other: Operand) -> Term:
        return _of("+", self, other)

    def __radd__(self, other: Number) -> Term:
        return _of("+", other, self)

    def __sub__(self, other: Operand) -> Term:
        return _of("-", self, other)

    def __rsub__(self, other: Number) -> Term:
        return _of("-", other, self)

    def __mul__(self, other: Operand) -> Term:
        return _of("*", self, other)

    def __rmul__(self, other: Number) -> Term:
        return _of("*", other, self)

    def __truediv__(self, other: Operand) -> Term:
        return _of("/", to_float(term(self)), to_float(term(other)))

    def __rtruediv__(self, other: Number) -> Term:
        return _of("/", to_float(term(other)), to_float(self))

    def __floordiv__(self, other: Operand) -> Term:
        return _of("/", self, other)

    def __mod__(self, other: Operand) -> Term:
        return _of("%", self, other)

    def __neg__(self) -> Term:
        return -1 * self

    def __pow__(self, other: Operand) -> Term:
        return power(self, term(other))


Operand = Term | int | float


def term(value: Operand) -> Term:
    """A number as a term; a term as it is."""
    if isinstance(value, Term):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unsupported(f"a constant of type {type(value).__name__}")
    if isinstance(value, int):
        return Term("number", (), str(value), "int")
    return Term("number", (), repr(value), "float")


ZERO, ONE = term(0), term(1)


def dim(name: str) -> Term:
    """A dim of the problem, or a parameter that counts."""
    return Term("dim", (), name, "int")


def index() -> Term:
    """An index that no other term uses."""
    return Term("index", (), f"#{next(_fresh)}", "int")


def call(name: str, *parts: Operand) -> Term:
    """A function of the library on floats."""
    return Term("call", tuple(to_float(term(part)) for part in parts), name)


def select(condition: Term, then: Operand, other: Operand) -> Term:
    """`then` where the condition holds."""
    a, b = _alike(term(then), term(other))
    return Term("select", (condition, a, b), "", a.kind)


def compare(operator: str, left: Operand, right: Operand) -> Term:
    """A comparison."""
    return Term(operator, _alike(term(left), term(right)), "", "bool")


def to_float(one: Term) -> Term:
    """The term as a float: a number changes its spelling, anything else is cast."""
    if one.kind == "float":
        return one
    if one.value is not None:
        return term(float(one.value))
    return Term("cast", (one,), "float")


def power(base: Term, exponent: Term) -> Term:
    """A small whole power by multiplication, any other by `pow`."""
    if exponent.value == 2:
        return base * base
    if exponent.value == 0.5:
        return call("sqrt", base)
    return call("pow", base, exponent)


def _alike(a: Term, b: Term) -> tuple[Term, Term]:
    """Both as floats where one of them is."""
    return (to_float(a), to_float(b)) if "float" in (a.kind, b.kind) else (a, b)


def _of(operator: str, left: Operand, right: Operand) -> Term:
    if not isinstance(left, (Term, int, float)) or not isinstance(right, (Term, int, float)):
        return NotImplemented
    a, b = _alike(term(left), term(right))
    if a.value is not None and b.value is not None:
        return _folded(operator, a.value, b.value, a.kind)
    if operator == "*" and a.kind == "int" and ZERO in (a, b):
        return ZERO
    if operator == "*" and 1 in (a.value, b.value):
        return b if a.value == 1 else a
    if operator == "+" and 0 in (a.value, b.value):
        return b if a.value == 0 else a
    if (operator == "-" and b.value == 0) or (operator == "/" and b.value == 1):
        return a
    if a.kind == "int" and operator in ("/", "%") and a == b:
        return ONE if operator == "/" else ZERO
    if a.kind == "int" and operator == "/" and a.op == "*" and b in a.parts:
        return a.parts[1] if a.parts[0] == b else a.parts[0]
    return Term(operator, (a, b), "", "int" if a.kind == "bool" else a.kind)


def _folded(operator: str, a: Number, b: Number, kind: str) -> Term:
    if operator in ("/", "%") and b == 0:
        raise Unsupported("a division by zero")
    if operator == "/":
        return term(int(a) // int(b) if kind == "int" else a / b)
    return term({"+": a + b, "-": a - b, "*": a * b, "%": a % b if b else a}[operator])


def product(extents: tuple[Term, ...]) -> Term:
    """How many elements."""
    return math.prod(extents, start=ONE)


def substituted(one: Term, values: Mapping[Term, Term]) -> Term:
    """The term with indices replaced; rebuilt by plain copying, so that nothing is re-simplified
    into another order of operations."""
    seen: dict[Term, Term] = dict(values)

    def visit(at: Term) -> Term:
        if at not in seen:
            parts = tuple(visit(part) for part in at.parts)
            seen[at] = at if parts == at.parts else Term(at.op, parts, at.text, at.kind)
        return seen[at]

    return visit(one)


def height(one: Term) -> int:
    """How deep folds are nested in a term."""
    seen: dict[Term, int] = {}

    def visit(at: Term) -> int:
        if at not in seen:
            inner = max((visit(part) for part in at.parts), default=0)
            seen[at] = inner + (at.op in ("fold", "scan"))
        return seen[at]

    return visit(one)


def fold(operation: str, extent: Term, body: Callable[[Term], Term]) -> Term:
    """sum, prod, max, min or argmax of `body` over an index below `extent`.

    Its index is named by the depth of the fold, so that the same fold written twice is one term.
    """
    if extent == ONE and operation != "argmax":
        return body(ZERO)
    free = index()
    inside = body(free)
    named = Term("index", (), f"k{height(inside) + 1}", "int")
    inside = to_float(substituted(inside, {free: named}))
    return Term("fold", (named, extent, inside), operation)


def walk(one: Term, into_folds: bool = True) -> Iterator[Term]:
    """Every different term inside, parts before what they are part of."""
    seen: set[Term] = set()

    def visit(at: Term) -> Iterator[Term]:
        if at in seen:
            return
        seen.add(at)
        if into_folds or at.op not in ("fold", "scan"):
            for part in at.parts:
                yield from visit(part)
        yield at

    yield from visit(one)


def free_indices(one: Term) -> frozenset[Term]:
    """The indices of which the value depends."""
    seen: dict[Term, frozenset[Term]] = {}

    def visit(at: Term) -> frozenset[Term]:
        if at not in seen:
            found = frozenset((at,)) if at.op == "index" else frozenset()
            for part in at.parts:
                found |= visit(part)
            if at.op in ("fold", "scan"):
                found -= {at.parts[0]}
            seen[at] = found
        return seen[at]

    return visit(one)
