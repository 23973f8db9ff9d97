"""comparison.json: what a comparison came to, as data."""

from __future__ import annotations

from pydantic import Field

from agent_steel.compare import statistics
from agent_steel.compare.design import Design
from agent_steel.compare.statistics import Estimate
from agent_steel.plan import Strict

COMPARISON_VERSION = 1


class Figure(Strict):
    """An Estimate: its value, and an interval where there are several problems."""

    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, found: Estimate) -> Figure:
        """As a document."""
        return cls(value=found.value, low=found.low, high=found.high)


class CurvePoint(Strict):
    """A Figure at a threshold, a count of attempts or an amount in dollars."""

    at: float
    figure: Figure


class Base(Strict):
    """One arm over its start, or over MLX."""

    problems: int
    geomean: Figure  # wrong or slower counts 1
    fast_p: list[CurvePoint]
    fast_area: Figure


class ArmReport(Strict):
    """One arm. Curves against attempts and dollars are of the search's own gains."""

    label: str
    strategy: str
    model: str
    context: str
    problems: int
    cells: int
    finished: int
    over_start: Base | None = None
    over_mlx: Base | None = None
    shown_factor: Figure | None = None  # S(best) / S(start), wrong counts 1
    held_out_factor: Figure | None = None  # Phi(best) / Phi(start), wrong counts 1
    held_out_wrong: int = 0  # cells whose best is wrong at a held-out size
    barred: int = 0  # cells whose best does not count
    correct_by_attempt: list[CurvePoint] = Field(default_factory=list)
    best_by_attempt: list[CurvePoint] = Field(default_factory=list)
    best_by_usd: list[CurvePoint] = Field(default_factory=list)
    over_first: Figure | None = None  # geometric mean over that of the first arm, on shared cells
    attempts: int = 0
    calls: int = 0
    tokens: int = 0
    usd: float | None = 0.0  # None: a call had no known price
    seconds: float = 0.0
    stopped: dict[str, int] = Field(default_factory=dict)


class UnionReport(Strict):
    """Arms that differ in their model alone, as one."""

    strategy: str
    context: str
    models: list[str]
    best: str  # the best single model
    cells: int
    gain: Figure  # each model with its full budget
    shared: Figure  # the budget of one model divided among all, by the search's own gains
    shared_attempts: int


class CellReport(Strict):
    """One finished search."""

    cell: str
    arm: str
    kernel: str
    seed: int
    attempts: int
    right: int
    gain: float
    shown_factor: float | None
    held_out_factor: float | None
    over_mlx: float | None
    counts: bool
    why_not: str
    usd: float | None
    stopped: str


class Comparison(Strict):
    """comparison.json."""

    schema_version: int = COMPARISON_VERSION
    name: str
    written_at: str
    chips: list[str]
    design: Design
    cells: int
    finished: int
    excluded: list[str]  # problems whose start was refused
    level: float = statistics.LEVEL
    draws: int = statistics.DRAWS
    arms: list[ArmReport]
    unions: list[UnionReport]
    results: list[CellReport]
