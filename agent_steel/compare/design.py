"""Design: what a plan.toml says is compared, and the cells that follow from it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from agent_steel.plan import Seat, StrategyName, Strict
from agent_steel.proposers import OFFLINE
from agent_steel.providers import replay
from harness.errors import UserError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DESIGN_VERSION = 1
#: A context that shows nothing beside the problem.
NONE = "none"

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Confirmation = Literal["none", "screen", "report", "record"]


class Caps(Strict):
    """What each cell may use; the same for all, or nothing is compared."""

    attempts: int = Field(ge=1)  # sources and unusable replies
    usd: float | None = Field(default=None, gt=0)
    minutes: float | None = Field(default=None, gt=0)


class Design(Strict):
    """A plan.toml. Files are named relative to it; `{kernel}` in a name stands for each kernel."""

    schema_version: int = DESIGN_VERSION
    name: Name
    kernels: tuple[str, ...] = Field(min_length=1)
    strategies: tuple[StrategyName, ...] = Field(default=("greedy",), min_length=1)
    models: tuple[str | tuple[str, ...], ...] = Field(min_length=1)  # several in one: a team
    contexts: tuple[str, ...] = Field(default=(NONE,), min_length=1)  # "cuda+profile" shows both
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    budget: Caps
    device: str = "auto"
    size: str = "published"
    threads: int = Field(default=0, ge=0)
    tries: int = Field(default=5, ge=1)  # sources that a seat may offer in a round
    start: str = "variant"  # variant | seed | naive | a file of MSL
    confirm: Confirmation = "report"
    context: dict[Name, str] = Field(default_factory=dict)  # a file for each context
    replies: dict[Name, str] = Field(default_factory=dict)  # what `replay/NAME` answers from

    @property
    def arms(self) -> list[Arm]:
        """What is compared. `offline` is shown no context, so it stands once for all of them."""
        found = []
        for strategy in self.strategies:
            for model in self.models:
                members = (model,) if isinstance(model, str) else model
                for context in self.contexts:
                    alone = set(members) == {OFFLINE}
                    names = () if alone or context == NONE else tuple(context.split("+"))
                    found.append(Arm(strategy, members, names))
        return list(dict.fromkeys(found))

    @property
    def cells(self) -> list[Cell]:
        """Every search, in an order that leaves what was stopped half-way comparable."""
        return [
            Cell(kernel, arm, seed)
            for seed in self.seeds
            for kernel in self.kernels
            for arm in self.arms
        ]


@dataclass(frozen=True)
class Arm:
    """A strategy with the models it asks and what they are shown."""

    strategy: StrategyName
    models: tuple[str, ...]
    contexts: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """The models as one."""
        return " & ".join(self.models)

    @property
    def context(self) -> str:
        """The contexts as one."""
        return "+".join(self.contexts) or NONE

    @property
    def label(self) -> str:
        """What a person reads."""
        shown = "" if self.context == NONE else f" + {self.context}"
        return f"{self.strategy} · {self.model}{shown}"

    @property
    def seats(self) -> tuple[Seat, ...]:
        """A seat for each model. `offline` is shown no context."""
        return tuple(
            Seat(proposer=model, contexts=() if model == OFFLINE else self.contexts)
            for model in self.models
        )


@dataclass(frozen=True)
class Cell:
    """One search: an arm on a kernel with a seed."""

    kernel: str
    arm: Arm
    seed: int

    @property
    def label(self) -> str:
        """What a person reads."""
        return f"{self.kernel}, {self.arm.label}, seed {self.seed}"

    @property
    def name(self) -> str:
        """The name of its run: what may stand in a file's name."""
        arm = self.arm
        parts = (self.kernel, arm.strategy, arm.model, arm.context, f"s{self.seed}")
        return "--".join(re.sub(r"[^A-Za-z0-9._+]+", "-", part).strip("-") for part in parts)


def read(path: Path) -> Design:
    """The design in a file; a UserError says what is wrong with it."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise UserError(f"cannot read {path}: {problem}") from None
    except tomllib.TOMLDecodeError as problem:
        raise UserError(f"{path} is no TOML: {problem}") from None
    return of(raw, str(path))


def of(raw: dict[str, Any], origin: str) -> Design:
    """The design of a parsed document."""
    version = raw.get("schema_version", DESIGN_VERSION)
    if isinstance(version, int) and version > DESIGN_VERSION:
        raise UserError(
            f"{origin}: schema version {version} is newer than this program's",
            "update the checkout",
        )
    try:
        design = Design.model_validate(raw)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "plan"
        raise UserError(f"{origin}: {place}: {first['msg']}") from None
    _consistent(design, origin)
    return design


def _consistent(design: Design, origin: str) -> None:
    """Names that stand for something, each once."""
    for field in ("kernels", "models", "contexts", "seeds", "strategies"):
        given = getattr(design, field)
        twice = sorted({str(one) for one in given if given.count(one) > 1})
        if twice:
            raise UserError(f"{origin}: {field}: {twice[0]} is named twice")
    for name in {name for arm in design.arms for name in arm.contexts} - set(design.context):
        raise UserError(f"{origin}: no file for context {name!r}", f'[context] {name} = "FILE"')
    for arm in design.arms:
        for model in arm.models:
            provider, _, name = model.partition("/")
            if provider == replay.NAME and name not in design.replies:
                raise UserError(
                    f"{origin}: no replies for model {model!r}", f'[replies] {name} = "FILE"'
                )
    names = [cell.name for cell in design.cells]
    if len(set(names)) < len(names):
        twice = sorted(name for name in set(names) if names.count(name) > 1)
        raise UserError(f"{origin}: two cells would be named {twice[0]}", "rename a model")
