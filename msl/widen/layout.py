"""How parted lanes run one after the other: partial linearisation of control flow. Branches that
all lanes take alike stay branches; after one that parts them, every block that has lanes waiting
runs in order. Also which lanes a block has: masks by class, and whether they can be none."""

from __future__ import annotations

from dataclasses import dataclass, field

from msl.widen.divergence import Divergence
from msl.widen.flow import EXIT, Loop
from msl.widen.ir import Instruction

#: A block that lanes may have passed by is skipped if it has at least so many instructions.
_WORTH_SKIPPING = 12
_HARMLESS_CALLS = ("llvm.", "msl_lanes_place")


@dataclass
class Place:
    """What the emitter needs to know of one block."""

    name: str
    root: str  # the block whose mask this block has
    skip_to: str = ""  # where to go if no lane is here; "" if that is not asked
    next: dict[str, str] = field(default_factory=dict)  # by target: where control goes
    fall: str = ""  # where it goes after a divergent branch, or after a loop's last iteration
    whole: bool = False  # all lanes of the SIMD-group are here
    waiting: frozenset[str] = frozenset()  # other blocks that may have lanes meanwhile


@dataclass
class Layout:
    """The places of all blocks, in the order of their code."""

    divergence: Divergence
    places: dict[str, Place] = field(default_factory=dict)

    def is_root(self, block: str) -> bool:
        """Whether a block has a mask of its own."""
        return self.places[block].root == block


def lay_out(divergence: Divergence, whole: bool) -> Layout:
    """Plan the code of a function; `whole` if every lane takes part from the start."""
    return _Planner(divergence, whole).run()


@dataclass
class _Planner:
    divergence: Divergence
    whole: bool
    waiting: dict[str, set[str]] = field(default_factory=dict)  # blocks with lanes, by block
    deferred: set[str] = field(default_factory=set)
    exits: dict[str, set[str]] = field(default_factory=dict)  # of divergent loops, by header
    occupied: set[str] = field(default_factory=set)  # blocks that surely have a lane

    def run(self) -> Layout:
        flow = self.divergence.flow
        layout = Layout(self.divergence)
        for name in flow.order:
            place = Place(name, self._root(name, layout))
            layout.places[name] = place
            waiting = self.waiting.pop(name, set())
            inner = self._divergent_loop(name)
            if inner and inner.header == name:
                waiting = waiting | {inner.latch}
            waiting.discard(name)
            place.waiting = frozenset(waiting)
            self._settle_lanes(place, layout, waiting)
            self._leave(place, waiting)
        return layout

    def _divergent_loop(self, block: str) -> Loop | None:
        around = self.divergence.flow.around(block)
        return next((loop for loop in around if loop.header in self.divergence.loops), None)

    def _root(self, name: str, layout: Layout) -> str:
        """A block that runs exactly when its nearest dominator of the same loop does has the same
        lanes."""
        flow = self.divergence.flow
        loop = flow.loop_of[name]
        if name == flow.function.entry or (loop and loop.header == name):
            return name
        above = flow.dominator[name]
        while flow.loop_of[above] is not loop and above != flow.dominator[above]:
            above = flow.dominator[above]
        if flow.loop_of[above] is loop and flow.postdominates(name, above):
            return layout.places[above].root
        return name

    def _settle_lanes(self, place: Place, layout: Layout, waiting: set[str]) -> None:
        flow = self.divergence.flow
        name = place.name
        if place.root != name:
            place.whole = layout.places[place.root].whole
            if place.root in self.occupied:
                self.occupied.add(name)
        elif name == flow.function.entry:
            place.whole = self.whole
            self.occupied.add(name)
        elif name not in self.deferred:
            before = [x for x in flow.predecessors[name] if not flow.is_back(x, name)]
            together = all(
                x not in self.divergence.divergent and x in self.occupied for x in before
            )
            lone = not (self._divergent_loop(name) and self.divergence.loops & {name})
            if together and not any(self._leaves_divergent(x, name) for x in before):
                self.occupied.add(name)
                place.whole = lone and all(layout.places[x].whole for x in before)
        if name not in self.occupied and not waiting and not self._divergent_loop(name):
            self.occupied.add(name)
        if name not in self.occupied and name != EXIT and waiting and self._worth_asking(name):
            place.skip_to = self._first(waiting)
            self._defer(place.skip_to, waiting)
            self.occupied.add(name)

    def _leaves_divergent(self, source: str, target: str) -> bool:
        left = self.divergence.flow.left(source, target)
        return any(loop.header in self.divergence.loops for loop in left)

    def _worth_asking(self, name: str) -> bool:
        flow = self.divergence.flow
        block = flow.function.blocks[name]
        loop = flow.loop_of[name]
        if loop and loop.latch == name:
            return False
        if loop and loop.header == name:
            return True
        if block.end.operands and name not in self.divergence.divergent:
            return True
        if len(block.instructions) >= _WORTH_SKIPPING:
            return True
        return any(self._needs_a_lane(item, name) for item in block.body)

    def _needs_a_lane(self, item: Instruction, block: str) -> bool:
        """What must not run if no lane asks for it."""
        if item.op == "call":
            return not item.callee.startswith(_HARMLESS_CALLS)
        if item.op in ("load", "store"):
            pointer = self.divergence.shape(item.operands[-1], block)
            return pointer is None or not pointer.is_varying or item.atomic
        return item.op in ("atomicrmw", "cmpxchg", "udiv", "sdiv", "urem", "srem")

    def _first(self, targets: set[str]) -> str:
        return min(targets, key=self.divergence.flow.index.__getitem__)

    def _defer(self, block: str, targets: set[str]) -> None:
        rest = targets - {block}
        if rest:
            self.waiting.setdefault(block, set()).update(rest)
            self.deferred |= rest

    def _target(self, source: str, target: str) -> str:
        """Where lanes wait that take an edge; who leaves a divergent loop waits for its end."""
        for loop in self.divergence.flow.left(source, target):
            if loop.header in self.divergence.loops:
                self.exits.setdefault(loop.header, set()).add(target)
                return loop.latch
        return target

    def _leave(self, place: Place, waiting: set[str]) -> None:
        flow = self.divergence.flow
        name = place.name
        loop = flow.loop_of[name]
        if loop and loop.latch == name:
            place.next[loop.header] = loop.header
            if loop.header not in self.divergence.loops:
                return
            inside = {self._after(loop, target) for target in self.exits.get(loop.header, set())}
            targets = inside | waiting
            if targets:
                place.fall = self._first(targets)
                self._defer(place.fall, targets)
            return
        mapped = {target: self._target(name, target) for target in flow.successors[name]}
        if name in self.divergence.divergent:
            targets = waiting | set(mapped.values())
            place.fall = self._first(targets)
            self._defer(place.fall, targets)
            return
        for target, there in mapped.items():
            targets = waiting | {there}
            place.next[target] = self._first(targets)
            self._defer(place.next[target], targets)

    def _after(self, loop: Loop, target: str) -> str:
        """Where lanes go on that left a loop which is over."""
        for outer in loop.chain[1:]:
            if target not in outer.blocks and outer.header in self.divergence.loops:
                self.exits.setdefault(outer.header, set()).add(target)
                return outer.latch
        return target
