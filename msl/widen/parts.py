"""A widened module as texts that compile side by side: the entry points with some of the bodies,
other bodies by themselves. Knows the text of globals and declarations, nothing of what bodies
do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from msl.widen.parse import read_type

#: Lines of a part from which another one pays, and the most parts.
_PART_LINES, _MOST = 1500, 4
_MENTION = re.compile(r"@([\w.$]+)")
_NAME = re.compile(r"@([\w.$]+)(?: =|\()")
_GLOBAL = re.compile(r"@[\w.$]+ = (.*?)\b(global|constant) (.*)$")
_SHARED = re.compile(r"\b(?:external|linkonce_odr)\b")
_OWN = re.compile(r"\b(?:external|linkonce_odr|internal|private)\b")


@dataclass(frozen=True)
class Pieces:
    """What parts are made of: every line outside of functions, functions of the library by name,
    the entry points among them, what is gone, and what stands at the end."""

    rest: Sequence[str]
    functions: Mapping[str, Sequence[str]]
    entries: frozenset[str]
    dropped: frozenset[str]
    last: str


def texts(
    pieces: Pieces, bodies: Sequence[str], helpers: Callable[[Sequence[str]], Sequence[str]]
) -> list[str]:
    """The whole module, in as many parts as pay; `helpers`: what bodies call beyond the library, of
    which every part has its own."""
    groups = _groups(bodies)
    if len(groups) > 1:
        groups = [
            [body.replace("define internal", "define hidden", 1) for body in group]
            for group in groups
        ]
    found = []
    everything = _mentioned(pieces, [text for group in groups for text in group], True)
    for number, group in enumerate(groups):
        own = [*group, *helpers(group)]
        used = _mentioned(pieces, own, number == 0)
        lines = []
        if len(groups) == 1:
            lines = [line for line in pieces.rest if not _gone(line, pieces.dropped)]
        else:
            first = everything if number == 0 else frozenset()
            lines = [new for line in pieces.rest if (new := _outside(line, own, used, first))]
        for name, text in pieces.functions.items():
            if name in used and name not in pieces.dropped:
                lines += [*text, "}"]
        found.append("\n".join([*lines, *own, pieces.last]) + "\n")
    return found


def _groups(bodies: Sequence[str]) -> list[list[str]]:
    """Bodies dealt out so that no part is much longer than another."""
    sizes = {body: body.count("\n") for body in bodies}
    count = min(1 + sum(sizes.values()) // _PART_LINES, _MOST, max(len(sizes), 1))
    groups: list[list[str]] = [[] for _ in range(count)]
    totals = [0] * count
    for body in sorted(sizes, key=lambda body: -sizes[body]):
        least = totals.index(min(totals))
        groups[least].append(body)
        totals[least] += sizes[body]
    return groups


def _mentioned(pieces: Pieces, bodies: Iterable[str], entries: bool) -> frozenset[str]:
    """Names that bodies, and entry points if asked for, lead to."""
    found: set[str] = set()
    pending = list(bodies)
    if entries:
        found |= pieces.entries
        pending += ["\n".join(pieces.functions[name]) for name in pieces.entries]
    globals_of = {m.group(1): line for line in pieces.rest if (m := _NAME.match(line))}
    while pending:
        for name in _MENTION.findall(pending.pop()):
            if name in found:
                continue
            found.add(name)
            if name in pieces.functions and name not in pieces.dropped:
                pending.append("\n".join(pieces.functions[name]))
            elif name in globals_of:
                pending.append(globals_of[name].split(" = ", 1)[1])
    return frozenset(found)


def _gone(line: str, dropped: frozenset[str]) -> bool:
    match = _NAME.search(line) if line.startswith("declare ") else None
    return match is not None and match.group(1) in dropped


def _outside(line: str, own: Sequence[str], used: frozenset[str], first: frozenset[str]) -> str:
    """A line outside of functions as one part has it; "" if it has not. `first`: what all parts
    use, for the part that defines it."""
    match = _NAME.search(line)
    if line.startswith("declare "):
        name = match.group(1) if match else ""
        defined = any(f"@{name}(" in text.split("\n", 1)[0] for text in own)
        return line if name in used and not defined else ""
    if not line.startswith("@") or match is None:
        return line
    name, what = match.group(1), _GLOBAL.match(line)
    exported = what is not None and not _OWN.search(what.group(1))
    if name not in used and name not in first and not (exported and first):
        return ""
    if what is None or _SHARED.search(what.group(1)) or _is_constant(line, what):
        return line
    if first:
        return line.replace(" = internal ", " = hidden ", 1)
    kind, rest = read_type(what.group(3))
    tail = [part for part in rest.split(", ") if part.startswith(("section ", "align "))]
    return f"@{name} = external hidden {what.group(2)} {', '.join([kind, *tail])}"


def _is_constant(line: str, what: re.Match[str]) -> bool:
    """Whether every part may have its own copy."""
    own = "internal" in what.group(1) or "private" in what.group(1)
    return own and what.group(2) == "constant" and "section " not in line
