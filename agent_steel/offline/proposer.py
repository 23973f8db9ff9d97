"""OfflineProposer: the next source without a model, key or network, from rules and knobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent_steel.offline.elementwise import grid_stride, vectors
from agent_steel.offline.invariants import fast_math, hoisted
from agent_steel.offline.knobs import threadgroups, tunings
from agent_steel.offline.online import single_pass
from agent_steel.offline.rows import simdgroup_a_row, threadgroup_a_row
from agent_steel.offline.scans import simdgroup_scans
from agent_steel.offline.sharing import side_by_side
from agent_steel.offline.tiling import tiles
from agent_steel.offline.trees import simd_reductions
from agent_steel.offline.tuning import suggested
from agent_steel.offline.view import View, view_of
from agent_steel.proposing import Candidate, Context, Proposal, Unusable
from harness.timing.verdict import source_identity

Moves = Iterator[tuple[str, str]]
Rule = Callable[[View, int], Moves]
#: In order of what they promise. Each gives (technique, source), nothing where it is not certain.
RULES: tuple[Rule, ...] = (
    simdgroup_a_row,
    simdgroup_scans,
    simd_reductions,
    vectors,
    side_by_side,
    grid_stride,
    threadgroup_a_row,
    hoisted,
    single_pass,
    fast_math,
    tiles,
)
#: What changes numbers only, in seeded order, where Optuna has nothing to say.
KNOBS: tuple[Rule, ...] = (tunings, threadgroups)


class OfflineProposer:
    """Walks the moves from the parent, then from the incumbent; the order follows the seed."""

    name = "offline"

    def propose(self, context: Context, *, call_id: str, seed: int) -> Proposal | Unusable:
        """The first move whose source is not in the history; `exhausted` when none is left.

        `call_id` is not used: nothing is called. Of `seed` only the order of equal moves depends.
        """
        seen = {source_identity(one.source) for one in context.history if one.source}
        seen |= {source_identity(one.source) for one in (context.parent, context.incumbent)}
        starts = [context.parent]
        if context.incumbent.source != context.parent.source:
            starts.append(context.incumbent)
        for start in starts:
            for technique, source in _moves(start, context, seed):
                if source_identity(source) not in seen:
                    return Proposal(source, technique)
        return Unusable("exhausted", "no rule or declared constant has anything left to try")


def _moves(start: Candidate, context: Context, seed: int) -> Moves:
    view = view_of(start.source, context.problem)
    if view is None:
        return
    for rule in RULES:
        yield from rule(view, seed)
    yield from suggested(view, context.history, seed)
    for knob in KNOBS:
        yield from knob(view, seed)
