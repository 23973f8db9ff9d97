"""What differs between the items of a thread, and the statements of several items side by side:
once what they share, else for each. Sound where threads are independent, as `sharing` has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent_steel.offline.body import COMPOUND, MATH, NAMESPACES, declaration, statements
from agent_steel.offline.view import Geometry, View, edited
from msl.statements import statement_end

AXES = "xyz"
_CASTS = frozenset(("float", "int", "uint", "ulong", "long", "size_t", "half"))
_ASSIGN = ("=", *COMPOUND)


class Entangled(Exception):
    """A construct of which it is not certain that items stay apart."""


@dataclass(frozen=True)
class Copy:
    """One of the items of a thread: its place on each shared axis, and its number there."""

    places: Mapping[str, str]
    numbers: Mapping[str, int] = field(default_factory=dict)

    def ending(self, letters: str) -> str:
        """What a name ends with that differs by item along these axes; "" for the first item."""
        numbers = [self.numbers.get(letter, 0) for letter in letters]
        return f"_{''.join(letters)}{'_'.join(map(str, numbers))}" if any(numbers) else ""


@dataclass
class Items:
    """A kernel without anything between its threads; `varying`: by name, the axes along which it
    differs by item."""

    view: View
    geometry: Geometry
    position: str
    width: int
    work: range
    varying: dict[str, str] = field(default_factory=dict)
    letters: str = ""


def _mentions(items: Items, span: range) -> str:
    """The axes along which tokens differ by item, "" if they do not."""
    found = set()
    for at in span:
        found |= set(_place(items, at) + _own(items, at))
    return "".join(sorted(found))


def _place(items: Items, at: int) -> str:
    """The letter of a shared axis if the position on it stands at a token."""
    code = items.view.code
    if code.text(at) != items.position or code.text(at - 1) == ".":
        return ""
    if items.width == 1:
        return "x" if "x" in items.letters else ""
    letter = code.text(at + 2)
    if code.text(at + 1) != "." or letter not in AXES[: items.width]:
        raise Entangled("the position as a whole")
    return letter if letter in items.letters else ""


def _own(items: Items, at: int) -> str:
    """The axes along which the name at a token differs."""
    code = items.view.code
    return "" if code.text(at - 1) in (".", "->") else items.varying.get(code.text(at), "")


def taint(items: Items, span: range, outside: str) -> bool:
    """One pass over statements; whether more was found to differ. `outside`: what decides whether
    they run at all."""
    code, grown = items.view.code, False
    for one in statements(items.view, span):
        first = code.text(one.start)
        if first == "{":
            grown |= taint(items, range(one.start + 1, one.stop - 1), outside)
        elif first in ("for", "if"):
            head = range(one.start + 2, code.pair[one.start + 1])
            differs = outside + _mentions(items, head)
            if first == "for" and differs:
                grown |= _grow(items, _loop_index(items, head), differs)
            for part in _arms(items, one):
                grown |= taint(items, part, differs)
        else:
            for name in _targets(items, one):
                grown |= _grow(items, name, outside + _mentions(items, one))
    return grown


def _grow(items: Items, name: str, letters: str) -> bool:
    known = items.varying.get(name, "")
    found = "".join(sorted({*known, *letters}))
    if found:
        items.varying[name] = found
    return found != known


def _loop_index(items: Items, head: range) -> str:
    texts = items.view.words(head)
    if texts.count(";") != 2 or texts[0] not in _CASTS or texts[2] != "=":
        raise Entangled("a loop of another form")
    return texts[1]


def _arms(items: Items, one: range) -> list[range]:
    """The statements that a `for` or `if` governs."""
    code = items.view.code
    start = code.pair[one.start + 1] + 1
    after = statement_end(code, start, one.stop)
    found = [range(start, after)]
    if after < one.stop:
        if code.text(after) != "else":
            raise Entangled("a statement of another form")
        found.append(range(after + 1, one.stop))
    return found


def _targets(items: Items, one: range) -> list[str]:
    """The names of the thread that a simple statement declares or changes."""
    view, code = items.view, items.view.code
    texts = view.words(one)
    if "&" in texts and any(
        code.text(at) == "&" and code.text(at - 1) in ("(", ",", "=", "return") for at in one
    ):
        raise Entangled("an address")
    if not _calls_known(view, one):
        raise Entangled("a call")
    local = declaration(view, one)
    if local is not None:
        if any("&" in [code.text(mark) for mark in d.marks] for d in local.declarators):
            raise Entangled("a reference")
        return [declared.name for declared in local.declarators]
    if sum(word in _ASSIGN or word in ("++", "--") for word in texts) != 1:
        raise Entangled("a statement that changes more than one thing")
    at = one.start + (texts[0] in ("++", "--"))
    name = code.text(at)
    return [] if view.element(name) else [name]


def _calls_known(view: View, span: range) -> bool:
    code = view.code
    for at in span:
        if not code.is_name(at) or code.text(at + 1) != "(" or code.text(at) in NAMESPACES:
            continue
        if code.text(at) not in MATH | _CASTS and code.text(at) not in view.declared:
            return False
    return True


def jammed(items: Items, span: range, copies: Sequence[Copy]) -> list[str]:
    """The statements for all copies: once where no item differs, else one after the other."""
    view, code = items.view, items.view.code
    lines: list[str] = []
    for one in statements(view, span):
        first = code.text(one.start)
        if first == "{":
            inner = jammed(items, range(one.start + 1, one.stop - 1), copies)
            lines += ["{", *inner, "}"]
        elif first in ("for", "if"):
            head = range(one.start, code.pair[one.start + 1])
            for copy in _apart(copies, _mentions(items, head)):
                alike = _like(copies, copy, _mentions(items, head))
                lines += _governed(items, one, alike)
        else:
            differs = _mentions(items, one)
            lines += [_renamed(items, one, copy) for copy in _apart(copies, differs)]
    return lines


def _apart(copies: Sequence[Copy], letters: str) -> list[Copy]:
    """One copy for each item along these axes."""
    found: dict[tuple[int, ...], Copy] = {}
    for copy in copies:
        found.setdefault(tuple(copy.numbers.get(letter, 0) for letter in letters), copy)
    return list(found.values())


def _like(copies: Sequence[Copy], one: Copy, letters: str) -> list[Copy]:
    return [
        copy
        for copy in copies
        if all(copy.numbers.get(letter) == one.numbers.get(letter) for letter in letters)
    ]


def _governed(items: Items, one: range, copies: Sequence[Copy]) -> list[str]:
    code = items.view.code
    head = _renamed(items, range(one.start, code.pair[one.start + 1] + 1), copies[0])
    lines = []
    for number, arm in enumerate(_arms(items, one)):
        braced = code.text(arm.start) == "{"
        inside = range(arm.start + 1, arm.stop - 1) if braced else arm
        lines += [f"{head} {{" if number == 0 else "} else {", *jammed(items, inside, copies)]
    return [*lines, "}"]


def _renamed(items: Items, span: range, copy: Copy) -> str:
    """The text of tokens with an item's own names and places."""
    view, code = items.view, items.view.code
    base = view.starts[span.start]
    edits = []
    for at in span:
        letter = _place(items, at)
        end = view.starts[at] + len(code.text(at)) - base
        if letter:
            last = at if items.width == 1 else at + 2
            end = view.starts[last] + len(code.text(last)) - base
            edits.append((view.starts[at] - base, end, copy.places[letter]))
        elif ending := copy.ending(_own(items, at)):
            edits.append((end, end, ending))
    return " ".join(edited(view.text(span.start, span.stop), edits).split())
