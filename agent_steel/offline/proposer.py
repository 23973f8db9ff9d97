"""OfflineProposer: the next source without a model, key or network, from rules and knobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent_steel.offline.elementwise import grid_stride, vectors
from agent_steel.offline.knobs import threadgroups, tunings
from agent_steel.offline.rows import simdgroup_a_row
from agent_steel.offline.view import View, view_of
from agent_steel.proposing import Candidate, Context, Proposal, Unusable
from harness.timing.verdict import source_identity

Moves = Iterator[tuple[str, str]]
Rule = Callable[[View, int], Moves]
#: In order of what they promise. Each gives (technique, source), nothing where it is not certain.
RULES: tuple[Rule, ...] = (
    simdgroup_a_row,
    vectors,
    grid_stride,
    tunings,
    threadgroups,
)


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
