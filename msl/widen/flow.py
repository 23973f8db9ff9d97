"""Control flow of a function: one exit, one latch a loop, dominators, loops, and the order in which
blocks can run one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from msl.widen.ir import Block, Declined, Function, Instruction, Value

EXIT = "exit"


@dataclass
class Loop:
    """A natural loop. Its latch holds nothing but phis and the way back."""

    header: str
    latch: str
    blocks: set[str]
    parent: Loop | None = None

    @property
    def chain(self) -> list[Loop]:
        """This loop and those around it, innermost first."""
        found, loop = [self], self.parent
        while loop is not None:
            found.append(loop)
            loop = loop.parent
        return found


@dataclass
class Flow:
    """What the blocks of a normalised function are to each other."""

    function: Function
    successors: dict[str, list[str]]
    predecessors: dict[str, list[str]]
    loops: list[Loop]
    loop_of: dict[str, Loop | None]
    order: list[str] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    dominator: dict[str, str] = field(default_factory=dict)
    postdominator: dict[str, str] = field(default_factory=dict)

    def around(self, block: str) -> list[Loop]:
        """The loops that hold a block, innermost first."""
        loop = self.loop_of[block]
        return loop.chain if loop else []

    def left(self, source: str, target: str) -> list[Loop]:
        """The loops that an edge leaves, innermost first."""
        return [loop for loop in self.around(source) if target not in loop.blocks]

    def is_back(self, source: str, target: str) -> bool:
        """Whether an edge starts the next iteration of a loop."""
        loop = self.loop_of[source]
        return loop is not None and loop.header == target and loop.latch == source

    def postdominates(self, block: str, other: str) -> bool:
        """Whether every way from `other` to the exit comes by `block`."""
        while other != block:
            if other == EXIT:
                return False
            other = self.postdominator[other]
        return True


def analyse(function: Function) -> Flow:
    """Normalise a function in place and describe it. Declines jumps into loops."""
    _join_exits(function)
    _drop_unreachable(function)
    successors = _successors(function)
    dominator = _dominators(function.entry, successors)
    headers = _back_edges(function.entry, successors, dominator)
    latches = {header: _add_latch(function, header, tails) for header, tails in headers.items()}
    successors = _successors(function)
    predecessors = _reversed(successors)
    loops = _loops(latches, predecessors)
    loop_of = {name: _innermost(loops, name) for name in function.blocks}
    flow = Flow(function, successors, predecessors, loops, loop_of)
    flow.order = _order(flow, None)
    flow.index = {name: position for position, name in enumerate(flow.order)}
    flow.dominator = {EXIT: function.entry} | _dominators(function.entry, successors)
    flow.postdominator = _dominators(EXIT, _backwards(flow))
    return flow


def _join_exits(function: Function) -> None:
    for block in function.blocks.values():
        if block.end.op in ("ret", "unreachable"):
            block.instructions[-1] = Instruction("br", "", "void", [], targets=[EXIT])
        elif block.end.op == "br" and len(set(block.end.targets)) == 1:
            block.instructions[-1] = Instruction(
                "br", "", "void", [], targets=block.end.targets[:1]
            )
    function.blocks[EXIT] = Block(EXIT, [Instruction("ret", "", "void", [])])


def _drop_unreachable(function: Function) -> None:
    reached = set(_postorder(function.entry, _successors(function)))
    gone = [name for name in function.blocks if name not in reached and name != EXIT]
    for name in gone:
        del function.blocks[name]
    for block in function.blocks.values():
        for phi in block.phis:
            kept: dict[str, Value] = {}
            for name, value in zip(phi.blocks, phi.operands, strict=True):
                if name in function.blocks:
                    kept.setdefault(name, value)
            phi.blocks, phi.operands = list(kept), list(kept.values())


def _successors(function: Function) -> dict[str, list[str]]:
    return {name: list(dict.fromkeys(block.end.targets)) for name, block in function.blocks.items()}


def _reversed(successors: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in successors}
    for name, targets in successors.items():
        for target in targets:
            found[target].append(name)
    return found


def _backwards(flow: Flow) -> dict[str, list[str]]:
    """The reversed graph, in which endless loops reach the exit too."""
    found = {name: list(sources) for name, sources in flow.predecessors.items()}
    reached = set(_postorder(EXIT, found))
    for loop in sorted(flow.loops, key=lambda item: len(item.blocks)):
        if loop.header not in reached:
            found[EXIT].append(loop.latch)
            reached |= set(_postorder(loop.latch, found))
    return found


def _postorder(start: str, successors: Mapping[str, Iterable[str]]) -> list[str]:
    seen, done = {start}, []
    stack = [(start, iter(successors[start]))]
    while stack:
        name, rest = stack[-1]
        for target in rest:
            if target not in seen:
                seen.add(target)
                stack.append((target, iter(successors[target])))
                break
        else:
            stack.pop()
            done.append(name)
    return done


def _dominators(start: str, successors: Mapping[str, list[str]]) -> dict[str, str]:
    """The immediate dominator of every block that `start` reaches; its own for `start`."""
    order = _postorder(start, successors)[::-1]
    rank = {name: position for position, name in enumerate(order)}
    sources = _reversed({name: successors[name] for name in order})
    found = {start: start}
    changed = True
    while changed:
        changed = False
        for name in order[1:]:
            known = [source for source in sources[name] if source in found]
            best = known[0]
            for other in known[1:]:
                while best != other:
                    if rank[best] > rank[other]:
                        best = found[best]
                    else:
                        other = found[other]
            if found.get(name) != best:
                found[name] = best
                changed = True
    return found


def _dominates(dominator: Mapping[str, str], block: str, other: str) -> bool:
    while other != block:
        above = dominator[other]
        if above == other:
            return False
        other = above
    return True


def _back_edges(
    start: str, successors: Mapping[str, list[str]], dominator: Mapping[str, str]
) -> dict[str, list[str]]:
    rank = {name: position for position, name in enumerate(_postorder(start, successors)[::-1])}
    found: dict[str, list[str]] = {}
    for name in rank:
        for target in successors[name]:
            if rank[target] > rank[name]:
                continue
            if not _dominates(dominator, target, name):
                raise Declined("a jump into the middle of a loop")
            found.setdefault(target, []).append(name)
    return found


def _add_latch(function: Function, header: str, tails: list[str]) -> str:
    """A block of its own for the way back to a header."""
    latch = Block(f"{header}.latch")
    for name in tails:
        end = function.blocks[name].end
        end.targets = [latch.name if target == header else target for target in end.targets]
    for phi in function.blocks[header].phis:
        inside = [pair for pair in zip(phi.blocks, phi.operands, strict=True) if pair[0] in tails]
        outside = [
            pair for pair in zip(phi.blocks, phi.operands, strict=True) if pair not in inside
        ]
        if len(inside) == 1:
            value = inside[0][1]
        else:
            merged = Instruction("phi", f"{phi.name}.latch", phi.type, [v for _, v in inside])
            merged.flags = phi.flags
            merged.blocks = [name for name, _ in inside]
            latch.instructions.append(merged)
            value = Value(phi.type, merged.name)
        phi.blocks = [*(name for name, _ in outside), latch.name]
        phi.operands = [*(operand for _, operand in outside), value]
    latch.instructions.append(Instruction("br", "", "void", [], targets=[header]))
    function.blocks[latch.name] = latch
    return latch.name


def _loops(latches: Mapping[str, str], predecessors: Mapping[str, list[str]]) -> list[Loop]:
    loops = []
    for header, latch in latches.items():
        blocks = {header, latch}
        stack = [latch]
        while stack:
            for source in predecessors[stack.pop()]:
                if source not in blocks:
                    blocks.add(source)
                    stack.append(source)
        loops.append(Loop(header, latch, blocks))
    loops.sort(key=lambda loop: len(loop.blocks))
    for position, loop in enumerate(loops):
        loop.parent = next((o for o in loops[position + 1 :] if loop.header in o.blocks), None)
    return loops


def _innermost(loops: list[Loop], block: str) -> Loop | None:
    return next((loop for loop in loops if block in loop.blocks), None)


def _order(flow: Flow, loop: Loop | None) -> list[str]:
    """The blocks of a loop, or of the function, so that each comes after all that lead to it, each
    inner loop is in one piece, and the latch or the exit comes last."""
    children = {item.header: item for item in flow.loops if item.parent is loop}
    inside: Callable[[str], bool] = (
        (lambda name: True) if loop is None else loop.blocks.__contains__
    )
    start = loop.header if loop else flow.function.entry
    last = loop.latch if loop else EXIT

    def following(name: str) -> list[str]:
        child = children.get(name)
        if child is None or child is loop:
            targets = flow.successors[name]
        else:
            targets = [t for b in sorted(child.blocks) for t in flow.successors[b]]
            targets = [target for target in targets if target not in child.blocks]
        return [t for t in reversed(targets) if inside(t) and t != start and t != last]

    graph: dict[str, list[str]] = {}
    pending = [start]
    while pending:
        name = pending.pop()
        if name not in graph:
            graph[name] = following(name)
            pending += graph[name]
    placed = []
    for name in _postorder(start, graph)[::-1]:
        child = children.get(name)
        placed += _order(flow, child) if child and child is not loop else [name]
    return [*placed, last] if last not in placed else placed
