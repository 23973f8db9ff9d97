"""Knobs by Optuna: declared `//! tune:` constants and the threadgroup's shape, chosen from what the
search has measured so far."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent_steel.attempt import Attempt
from agent_steel.offline.knobs import shapes
from agent_steel.offline.view import View, view_of, with_geometry
from harness.problem.header import with_constants
from harness.timing.verdict import source_identity

_THREADGROUP = "threadgroup"
#: Suggestions in a row that were tried before, after which the space counts as walked through.
_STALE = 32

Choice = Mapping[str, Any]


def suggested(view: View, history: Sequence[Attempt], seed: int) -> Iterator[tuple[str, str]]:
    """(technique, source) of what a tree of Parzen estimators expects most of, likeliest first.

    Nothing without two knobs, or where Optuna is not installed: then knobs are tried in order.
    """
    space = _space(view)
    if len(space) < 2:
        return
    try:
        import optuna
    except ImportError:
        return
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=6))
    spread: dict[str, Any] = {
        name: optuna.distributions.CategoricalDistribution(choices)
        for name, choices in space.items()
    }
    for choice, cost in _measured(view, space, history):
        state = optuna.trial.TrialState.FAIL if cost is None else optuna.trial.TrialState.COMPLETE
        values = None if cost is None else [cost]
        study.add_trial(
            optuna.trial.create_trial(
                state=state, values=values, params=dict(choice), distributions=spread
            )
        )
    seen: set[str] = {source_identity(view.source)}
    stale = 0
    while stale < _STALE:
        trial = study.ask(spread)
        source = _applied(view, trial.params)
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        if source_identity(source) in seen:
            stale += 1
            continue
        stale = 0
        seen.add(source_identity(source))
        yield f"tune {', '.join(f'{n} = {v}' for n, v in trial.params.items())}", source


def _space(view: View) -> dict[str, tuple[Any, ...]]:
    space: dict[str, tuple[Any, ...]] = {one.name: one.choices for one in view.header.tune}
    around = shapes(view)
    if around and view.geometry is not None:
        now = " ".join(view.geometry.threadgroup)
        space[_THREADGROUP] = tuple(sorted({now, *(" ".join(one) for one in around)}))
    return space


def _choice(view: View) -> dict[str, Any]:
    found: dict[str, Any] = {one.name: one.value for one in view.header.tune}
    if view.geometry is not None:
        found[_THREADGROUP] = " ".join(view.geometry.threadgroup)
    return found


def _applied(view: View, choice: Choice) -> str:
    constants = {name: value for name, value in choice.items() if name != _THREADGROUP}
    source = with_constants(view.source, constants)
    if _THREADGROUP in choice and view.geometry is not None:
        x, y, z = choice[_THREADGROUP].split(" ")
        source = with_geometry(source, replace(view.geometry, threadgroup=(x, y, z)))
    return source


def _measured(
    view: View, space: Mapping[str, Sequence[Any]], history: Sequence[Attempt]
) -> Iterator[tuple[Choice, float | None]]:
    """Attempts that are this source with other knobs, and the logarithm of their times."""
    neutral = {name: choices[0] for name, choices in space.items()}
    mine = source_identity(_applied(view, neutral))
    for attempt in history:
        other = view_of(attempt.source, view.problem) if attempt.source else None
        if other is None or set(_space(other)) != set(space):
            continue
        choice = {name: value for name, value in _choice(other).items() if name in space}
        known = all(choice.get(name) in choices for name, choices in space.items())
        if known and source_identity(_applied(other, neutral)) == mine:
            yield choice, None if attempt.kernel_ms is None else math.log(attempt.kernel_ms)
