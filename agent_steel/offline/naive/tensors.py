"""Tensors: arrays of terms with symbolic shapes, which a reference indexes and combines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agent_steel.offline.naive import terms
from agent_steel.offline.naive.terms import ONE, ZERO, Term, Unsupported, product, term

Shape = tuple[Term, ...]
At = Callable[[Sequence[Term]], Term]


@dataclass(frozen=True)
class Tensor:
    """An array. `at` gives the element at one index an axis; `flat`, where that is known to be
    simple, the element at a place in row-major order."""

    shape: Shape
    at: At
    flat: Callable[[Term], Term] | None = None

    @property
    def ndim(self) -> int:
        """How many axes."""
        return len(self.shape)

    @property
    def size(self) -> Term:
        """How many elements."""
        return product(self.shape)

    @property
    def T(self) -> Tensor:
        """The axes in reverse order."""
        return self.transposed(tuple(reversed(range(self.ndim))))

    def transposed(self, axes: Sequence[int]) -> Tensor:
        """The axes in this order."""
        order = [self.axis(one) for one in axes]

        def at(place: Sequence[Term]) -> Term:
            back = dict(zip(order, place, strict=True))
            return self.at([back[axis] for axis in range(self.ndim)])

        return Tensor(tuple(self.shape[axis] for axis in order), at)

    def axis(self, one: int) -> int:
        """An axis counted from the front."""
        return one + self.ndim if one < 0 else one

    def in_order(self, place: Term) -> Term:
        """The element at a place in row-major order."""
        if self.flat is not None:
            return self.flat(place)
        return self.at(unravelled(place, self.shape))

    def reshape(self, *wanted: Any) -> Tensor:
        """The same elements in order; one extent may be -1."""
        given = wanted[0] if len(wanted) == 1 and isinstance(wanted[0], (tuple, list)) else wanted
        extents = [term(one) for one in given]
        known = product(tuple(one for one in extents if one.value != -1))
        shape = tuple(quotient(self.size, known) if e.value == -1 else e for e in extents)
        return Tensor(shape, lambda place: self.in_order(ravelled(place, shape)), self.in_order)

    def flatten(self) -> Tensor:
        """All elements on one axis."""
        return self.reshape(-1)

    def astype(self, dtype: Any) -> Tensor:
        """Conversions between integers and float keep what these problems hold."""
        if dtype not in ("float32", "int32", "uint32", "int64"):
            raise Unsupported(f"a conversion to {dtype}")
        return self.mapped(terms.to_float) if dtype == "float32" else self

    def mapped(self, function: Callable[..., Term], *others: Any) -> Tensor:
        """`function` of the elements of this and others, broadcast."""
        return elementwise(function, self, *others)

    def __getitem__(self, key: Any) -> Tensor:
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            fill = self.ndim - sum(one is not None for one in keys) + 1
            keys[at : at + 1] = [slice(None)] * fill
        keys += [slice(None)] * (self.ndim - sum(one is not None for one in keys))
        shape: list[Term] = []
        sources: list[Callable[[Sequence[Term]], Term]] = []
        axis = 0
        for one in keys:
            if one is None:
                shape.append(ONE)
                continue
            _index(one, self.shape[axis], shape, sources)
            axis += 1
        return Tensor(tuple(shape), lambda place: self.at([source(place) for source in sources]))

    def _with(self, function: Callable[..., Term], other: Any) -> Tensor:
        return elementwise(function, self, other)

    def __add__(self, other: Any) -> Tensor:
        return self._with(lambda a, b: a + b, other)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Tensor:
        return self._with(lambda a, b: a * b, other)

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Tensor:
        return self._with(lambda a, b: a - b, other)

    def __rsub__(self, other: Any) -> Tensor:
        return self._with(lambda a, b: b - a, other)

    def __truediv__(self, other: Any) -> Tensor:
        return self._with(lambda a, b: a / b, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._with(lambda a, b: b / a, other)

    def __pow__(self, other: Any) -> Tensor:
        return self._with(terms.power, other)

    def __neg__(self) -> Tensor:
        return self.mapped(lambda a: -a)

    def __gt__(self, other: Any) -> Tensor:
        return self._with(lambda a, b: terms.compare(">", a, b), other)

    def __ge__(self, other: Any) -> Tensor:
        return self._with(lambda a, b: terms.compare(">=", a, b), other)

    def __lt__(self, other: Any) -> Tensor:
        return self._with(lambda a, b: terms.compare("<", a, b), other)

    def __le__(self, other: Any) -> Tensor:
        return self._with(lambda a, b: terms.compare("<=", a, b), other)

    def __matmul__(self, other: Tensor) -> Tensor:
        return matmul(self, other)


def _index(
    key: Any, extent: Term, shape: list[Term], sources: list[Callable[[Sequence[Term]], Term]]
) -> None:
    """One key of a subscript: a slice with a step, or a number."""
    if isinstance(key, (int, Term)):
        fixed = term(key)
        if fixed.value is not None and fixed.value < 0:
            fixed = extent + fixed
        sources.append(lambda place: fixed)
        return
    if not isinstance(key, slice) or (key.stop is not None and key.step is not None):
        raise Unsupported("a subscript that is neither a number nor a slice")
    start, step, axis = term(key.start or 0), term(key.step or 1), len(shape)
    end = extent if key.stop is None else term(key.stop)
    if min(step.value or 1, start.value or 0) < 0 or (end.value or 0) < 0:
        raise Unsupported("a slice that counts from the end")
    shape.append((end - start + step - 1) // step)
    sources.append(lambda place: start + step * place[axis])


def ravelled(place: Sequence[Term], shape: Shape) -> Term:
    """The place in row-major order."""
    found = ZERO
    for one, extent in zip(place, shape, strict=True):
        found = found * extent + one
    return found


def unravelled(place: Term, shape: Shape) -> list[Term]:
    """And back: one index an axis."""
    found: list[Term] = []
    for axis, extent in enumerate(shape):
        rest = product(shape[axis + 1 :])
        at = place // rest
        found.append(at % extent if axis else at)
    return found


def quotient(whole: Term, part: Term) -> Term:
    """`whole / part`, with factors that both have cancelled."""
    above, below = _factors(whole), _factors(part)
    for one in list(below):
        if one in above:
            above.remove(one)
            below.remove(one)
    return product(tuple(above)) // product(tuple(below))


def _factors(one: Term) -> list[Term]:
    return [f for part in one.parts for f in _factors(part)] if one.op == "*" else [one]


def scalar(value: Any) -> Tensor:
    """A number or term as an array without axes."""
    if isinstance(value, Tensor):
        return value
    held = term(value)
    return Tensor((), lambda place: held, lambda place: held)


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape that these have together."""
    rank = max((len(shape) for shape in shapes), default=0)
    found = [ONE] * rank
    for shape in shapes:
        for axis, extent in enumerate(shape, rank - len(shape)):
            if found[axis] == ONE:
                found[axis] = extent
            elif extent not in (ONE, found[axis]):
                raise Unsupported("shapes that may differ")
    return tuple(found)


def elementwise(function: Callable[..., Term], *given: Any) -> Tensor:
    """`function` of elements, broadcast as in NumPy."""
    arrays = [scalar(one) for one in given]
    shape = broadcast([one.shape for one in arrays])

    def at(place: Sequence[Term]) -> Term:
        return function(*(_element(one, place) for one in arrays))

    def flat(place: Term) -> Term:
        return function(*(one.in_order(place) for one in arrays))

    simple = all(not one.shape or (one.shape == shape and one.flat) for one in arrays)
    return Tensor(shape, at, flat if simple else None)


def _element(one: Tensor, place: Sequence[Term]) -> Term:
    mine = place[len(place) - one.ndim :]
    return one.at([ZERO if e == ONE else p for e, p in zip(one.shape, mine, strict=True)])


def reduced(operation: str, x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """A fold over axes, all of them by default."""
    chosen = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    gone = sorted(x.axis(one) for one in chosen)
    kept = [one for one in range(x.ndim) if one not in gone]
    shape = tuple(
        ONE if one in gone else x.shape[one] for one in range(x.ndim) if keepdims or one in kept
    )

    def at(place: Sequence[Term]) -> Term:
        outer = [place[one] for one in kept] if keepdims else list(place)
        full: dict[int, Term] = dict(zip(kept, outer, strict=True))

        def inner(rest: Sequence[int]) -> Term:
            if not rest:
                return terms.to_float(x.at([full[one] for one in range(x.ndim)]))

            def body(place: Term) -> Term:
                full[rest[0]] = place
                return inner(rest[1:])

            return terms.fold(operation, x.shape[rest[0]], body)

        return inner(gone)

    return Tensor(shape, at)


def scanned(operation: str, x: Tensor, axis: int, reverse: bool, inclusive: bool) -> Tensor:
    """Running sums or products along the last axis."""
    if x.axis(axis) != x.ndim - 1:
        raise Unsupported("a scan along another axis than the last")
    extent = x.shape[-1]
    mode = operation + ("" if inclusive else " exclusive") + (" reverse" if reverse else "")

    def at(place: Sequence[Term]) -> Term:
        bound = Term("index", (), "scanned", "int")
        body = terms.to_float(x.at([*place[:-1], bound]))
        return Term("scan", (bound, extent, body, place[-1]), mode)

    return Tensor(x.shape, at)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """The matrix product, batched over leading axes; vectors as in NumPy."""
    if b.ndim == 1:
        column = matmul(a, b[:, None])
        return Tensor(column.shape[:-1], lambda place: column.at([*place, ZERO]))
    if a.ndim == 1:
        row = matmul(a[None], b)
        return Tensor(row.shape[:-2] + row.shape[-1:], lambda p: row.at([*p[:-1], ZERO, p[-1]]))
    batch = broadcast([a.shape[:-2], b.shape[:-2]])

    def at(place: Sequence[Term]) -> Term:
        *outer, m, n = place
        left = _batched(a, outer)
        right = _batched(b, outer)
        return terms.fold("sum", a.shape[-1], lambda k: a.at([*left, m, k]) * b.at([*right, k, n]))

    return Tensor((*batch, a.shape[-2], b.shape[-1]), at)


def _batched(one: Tensor, outer: Sequence[Term]) -> list[Term]:
    mine = list(outer)[len(outer) - (one.ndim - 2) :]
    return [ZERO if e == ONE else p for e, p in zip(one.shape, mine, strict=False)]
