"""External references: a PyTorch or NumPy file that says what a new problem must compute.

Two kinds work unmodified. A *function* file defines `ref(...)` (or `reference`), whose parameters
are inputs, scalars and dims of the problem by name. A *model* file is KernelBench's: `class Model`,
`get_inputs()`, `get_init_inputs()`; its parameters and buffers are inputs of the problem, named
with `_` for `.`. The files are run in a child process; nothing here imports them.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agent_steel.roles import child
from agent_steel.roles.child import ChildFailed, ChildLimits
from harness.errors import EnvironmentFault, UserError

Kind = Literal["function", "model"]
ProblemStatus = Literal["supported", "unsupported", "trivial"]

FUNCTIONS = ("ref", "reference")
_MODEL_NAMES = {"Model", "get_inputs", "get_init_inputs"}
_LEVEL = re.compile(r"level[_ -]?(\d+)", re.IGNORECASE)
MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Reference:
    """A reference file and which kind it is."""

    path: Path
    kind: Kind
    text: str

    @property
    def needs_torch(self) -> bool:
        """Whether it imports torch."""
        return "torch" in _imported(ast.parse(self.text))

    @property
    def level(self) -> int | None:
        """KernelBench's level, from the name of a folder above it."""
        return level_of(self.path)


def level_of(path: Path) -> int | None:
    """The level that the nearest folder names; None: none does."""
    matches = (_LEVEL.fullmatch(part) for part in reversed(path.parent.parts))
    return next((int(match[1]) for match in matches if match), None)


def read(path: Path) -> Reference:
    """A reference file; a UserError says why it is none. Nothing of it is run."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path.name}: more than {MAX_BYTES} bytes")
        text = path.read_text("utf-8")
        tree = ast.parse(text)
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError) as problem:
        raise UserError(f"cannot read {path.name}: {problem}") from None
    defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    if defined >= _MODEL_NAMES:
        return Reference(path, "model", text)
    if defined & set(FUNCTIONS):
        return Reference(path, "function", text)
    raise UserError(
        f"{path.name} is no reference",
        "define ref(...), or class Model with get_inputs() and get_init_inputs()",
    )


def _imported(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return found


def require_torch(reference: Reference) -> None:
    """An EnvironmentFault where the file needs torch and there is none."""
    if reference.needs_torch and importlib.util.find_spec("torch") is None:
        raise EnvironmentFault(
            f"{reference.path.name} needs PyTorch", "pip install 'metal-bench[torch]'"
        )


def describe(reference: Reference, limits: ChildLimits | None = None) -> dict[str, Any]:
    """Inputs, parameters and outputs of a model file with shapes and dtypes; of a function file
    its parameters. UserError where the file does not run."""
    require_torch(reference)
    found = child.run("describe", {"path": str(reference.path.absolute())}, limits)
    if isinstance(found, ChildFailed):
        raise UserError(f"{reference.path.name}: {found.detail}")
    if "error" in found:
        raise UserError(f"{reference.path.name} does not run: {found['error']}")
    return found


@dataclass(frozen=True)
class Surveyed:
    """One file of a folder of problems."""

    path: Path
    level: int | None
    status: ProblemStatus
    reason: str = ""
    description: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Survey:
    """A folder of problems, file by file."""

    problems: tuple[Surveyed, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many of each status, by level tag ("level 1", or "no level")."""
        found: dict[str, Counter[str]] = {}
        for one in self.problems:
            tag = "no level" if one.level is None else f"level {one.level}"
            found.setdefault(tag, Counter())[one.status] += 1
        return {tag: dict(found[tag]) for tag in sorted(found)}

    def text(self) -> str:
        """What a person reads: a line a level, then why the others are left out."""
        statuses: tuple[ProblemStatus, ...] = ("supported", "unsupported", "trivial")
        lines = [
            f"{tag}: " + ", ".join(f"{counts.get(status, 0)} {status}" for status in statuses)
            for tag, counts in self.counts().items()
        ]
        others = (one for one in self.problems if one.status != "supported")
        lines += [f"  {one.path.name}: {one.status}: {one.reason}" for one in others]
        return "\n".join(lines)


def survey(
    folder: Path,
    limits: ChildLimits | None = None,
    on_each: Callable[[Surveyed], None] = lambda one: None,
) -> Survey:
    """Every Python file below a folder, each run in a child of its own, in the order of the paths.

    *unsupported*: it does not run here within the limits, or holds what no kernel can be given
    (types without a buffer type, results that differ from call to call). *trivial*: the result does
    not depend on the inputs, or is one of them.
    """
    paths = [path for path in sorted(folder.rglob("*.py")) if path.name != "__init__.py"]
    if not paths:
        raise UserError(f"{folder.name} holds no Python file")
    found = []
    for path in paths:
        one = _surveyed(path, limits)
        on_each(one)
        found.append(one)
    return Survey(tuple(found))


def _surveyed(path: Path, limits: ChildLimits | None) -> Surveyed:
    level = level_of(path)
    try:
        reference = read(path)
    except UserError as problem:
        return Surveyed(path, level, "unsupported", problem.message)
    require_torch(reference)
    found = child.run("survey", {"path": str(path.absolute())}, limits)
    if isinstance(found, ChildFailed):
        return Surveyed(path, level, "unsupported", found.detail)
    return Surveyed(path, level, found["status"], found["reason"], found["description"])
