"""Statements of a plain kernel: loops for folds, one name for what is used twice, a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agent_steel.offline.naive.spelling import spelled
from agent_steel.offline.naive.terms import Term, free_indices, substituted

_NAMES = {"sum": "total", "prod": "factors", "max": "highest", "min": "lowest", "argmax": "best"}
_START = {
    "sum": "0.0f",
    "prod": "1.0f",
    "max": "-INFINITY",
    "min": "INFINITY",
    "argmax": "-INFINITY",
}
_PLAIN = ("number", "dim", "scalar", "index", "cast")
Bound = frozenset[Term]


@dataclass
class Writer:
    """Lines of the body so far. `held` names what is computed, as far as its scope reaches."""

    dim: Callable[[str], str]
    taken: set[str]
    lines: list[str] = field(default_factory=list)
    held: dict[Term, str] = field(default_factory=dict)
    depth: int = 1

    def say(self, text: str) -> None:
        """One line at the present depth."""
        self.lines.append("  " * self.depth + text)

    def fresh(self, stem: str) -> str:
        """A name that nothing else has."""
        number = 0
        while (name := stem if number == 0 else f"{stem}{number}") in self.taken:
            number += 1
        self.taken.add(name)
        return name

    def text(self, one: Term) -> str:
        """The term in MSL, with the names that are held."""
        return spelled(one, self.held, self.dim)

    def open(self, index: Term, extent: Term) -> None:
        """Begin a loop over an index."""
        name = index.text
        bound = spelled(extent, self.held, self.dim, 5)
        self.say(f"for (uint {name} = 0; {name} < {bound}; ++{name}) {{")
        self.depth += 1

    def close(self) -> None:
        """End a loop or branch."""
        self.depth -= 1
        self.say("}")

    def visible(self, one: Term) -> Iterator[Term]:
        """The different terms inside that are not held, parts first; folds are not entered."""
        seen: set[Term] = set()

        def visit(at: Term) -> Iterator[Term]:
            if at in seen or at in self.held:
                return
            seen.add(at)
            if at.op not in ("fold", "scan"):
                for part in at.parts:
                    yield from visit(part)
            yield at

        yield from visit(one)

    def folds(self, one: Term, bound: Bound) -> None:
        """Write every fold inside that depends on nothing but `bound`: loops, innermost last."""
        for inner in list(self.visible(one)):
            if inner.op == "fold" and inner not in self.held and free_indices(inner) <= bound:
                self._fold(inner, bound)

    def _fold(self, one: Term, bound: Bound) -> None:
        operation = one.text
        self.folds(one.parts[2], bound)
        if one in self.held:
            return
        name = self.fresh(_NAMES[operation])
        self.say(f"float {name} = {_START[operation]};")
        place = self.fresh("where") if operation == "argmax" else ""
        if place:
            self.say(f"uint {place} = 0;")
        before, opened = dict(self.held), 0
        body = one
        while body.op == "fold" and body.text == operation and body not in self.held:
            index, extent, body = body.parts
            self.open(index, extent)
            bound |= {index}
            opened += 1
            if operation == "argmax":
                break
        value = self.settled(body, bound)
        if place:
            self.say(f"if ({value} > {name}) {{")
            self.depth += 1
            self.say(f"{name} = {value};")
            self.say(f"{place} = {one.parts[0].text};")
            self.close()
        elif operation in ("sum", "prod"):
            self.say(f"{name} {'+=' if operation == 'sum' else '*='} {value};")
        else:
            self.say(f"{name} = {operation}({name}, {value});")
        for _ in range(opened):
            self.close()
        self.held = {**before, one: f"float({place})" if place else name}

    def settled(self, one: Term, bound: Bound) -> str:
        """The text of a term after its folds, and what it uses twice, have names."""
        self.folds(one, bound)
        for scan in [at for at in self.visible(one) if at.op == "scan"]:
            raise AssertionError(f"a scan that was not prepared: {scan.text}")
        uses: Counter[Term] = Counter()
        order = list(self.visible(one))
        for at in order:
            uses.update(part for part in set(at.parts) if at.op not in ("fold", "scan"))
            doubled = at.op not in _PLAIN and len(at.parts) == 2 and at.parts[0] == at.parts[1]
            uses.update(at.parts[:1] if doubled else ())
        for at in order:
            if uses[at] > 1 and at.op not in _PLAIN and at.kind == "float":
                text = self.text(at)
                name = self.fresh("v")
                self.say(f"const float {name} = {text};")
                self.held[at] = name
        return self.text(one)

    def scan(self, one: Term, bound: Bound, scan: Term, store: Callable[[str], str]) -> None:
        """A loop along the axis of a scan: the running value, and a store at every place."""
        inner, extent, body, place = scan.parts
        operation, *how = scan.text.split()
        sign = "+=" if operation == "sum" else "*="
        name = self.fresh("running")
        body = substituted(body, {inner: place})
        self.folds(body, bound)
        self.say(f"float {name} = {'0.0f' if operation == 'sum' else '1.0f'};")
        if "reverse" in how:
            step = Term("index", (), self.fresh("step"), "int")
            self.open(step, extent)
            self.say(f"const uint {place.text} = {self.text(extent - 1 - step)};")
        else:
            self.open(place, extent)
        before, reach = dict(self.held), bound | {place}
        if "exclusive" not in how:
            self.say(f"{name} {sign} {self.settled(body, reach)};")
            self.held[scan] = name
            self.say(store(self.settled(one, reach)))
        else:
            value = self.fresh("value")
            self.say(f"const float {value} = {self.settled(body, reach)};")
            self.held[scan] = name
            self.say(store(self.settled(one, reach)))
            self.say(f"{name} {sign} {value};")
        self.held = before
        self.close()
