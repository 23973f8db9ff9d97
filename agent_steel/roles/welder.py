"""Welder: authors a new problem, SPEC and first kernel, and lets in what passes both gates.

    weld("gelu_bias", "y = gelu(x + b)", Path("ref.py"), provider=provider, scratch=folder)

Python that a model wrote is held against an allow-list and run in a child process; it is never
imported here. The two files are written at the very end, when both gates have passed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_steel.prompts import FOLDER, render
from agent_steel.providers.base import Ask, Failure, Message, Provider, Tool, Usage
from agent_steel.replies import AuthoredReply, BadReply, PolishReply, ask_for, tool_of
from agent_steel.roles import allow_list, child, reference
from agent_steel.roles.child import ChildFailed, ChildLimits
from agent_steel.roles.reference import Reference
from harness import atomic, settings
from harness.errors import UserError
from harness.problem.catalog import SETS, Catalog

SET = "extra"
TRIES = 4
MAX_TOKENS = 32_000
MAX_NAME = 48
_NAME = re.compile(rf"[a-z][a-z0-9_]{{1,{MAX_NAME - 1}}}")
_AUTHOR = tool_of(AuthoredReply, "submit_problem", "Submit the problem and its first kernel.")
_POLISH = tool_of(PolishReply, "submit_pull_request", "Submit the pull request's text.")

#: Told of every step in one line.
OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Tried:
    """One reply that was refused; `gate`: "definition", "B", "A", or empty before any gate."""

    gate: str
    reason: str
    definition: str = ""
    source: str = ""


@dataclass(frozen=True)
class Welded:
    """A problem that passed both gates, and the text of its pull request."""

    name: str
    set: str
    definition: Path
    source: Path
    title: str
    body: str
    issues: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class NotWelded:
    """Nothing was written, and why; `tried`: every reply that was refused."""

    reason: str
    tried: tuple[Tried, ...] = ()
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class _Job:
    """What is asked for, as every step needs it."""

    name: str
    description: str
    kernel_set: str
    reference: Reference | None
    shown: Mapping[str, Any]
    device: str
    root: Path
    scratch: Path
    seed: int
    limits: ChildLimits


def weld(
    name: str,
    description: str,
    reference_path: Path | None = None,
    *,
    provider: Provider,
    scratch: Path,
    device: str = "cpu",
    kernel_set: str = SET,
    root: Path | None = None,
    tries: int = TRIES,
    seed: int = 0,
    limits: ChildLimits | None = None,
    on_step: OnStep = lambda text: None,
) -> Welded | NotWelded:
    """Author `name`, and write its two files below `root` (the repository) once both gates passed.

    `reference_path`: an external PyTorch or NumPy file (see reference.py). `scratch`: a folder for
    candidates. Call ids are "weld-<name>-<try>" and "weld-<name>-polish", so a provider that keeps
    a log answers a resumed run from it. UserError for a name that is taken or no name, and for a
    reference that does not run. A model's failure is a NotWelded.
    """
    if tries < 1:
        raise UserError(f"{tries} tries: at least one is needed")
    root = root or settings.ROOT
    _check_name(name, kernel_set, root)
    external = None if reference_path is None else reference.read(reference_path)
    shown = {} if external is None else reference.describe(external, limits)
    job = _Job(
        name=name,
        description=" ".join(description.split()),
        kernel_set=kernel_set,
        reference=external,
        shown=shown,
        device=device,
        root=root,
        scratch=scratch,
        seed=seed,
        limits=limits or ChildLimits(),
    )
    return _weld(job, provider, tries, on_step)


def _weld(job: _Job, provider: Provider, tries: int, on_step: OnStep) -> Welded | NotWelded:
    tried: list[Tried] = []
    usage = Usage()
    for number in range(1, tries + 1):
        on_step(f"try {number} of {tries}: asking {provider.name}/{provider.model}")
        ask = Ask(
            call_id=f"weld-{job.name}-{number}",
            messages=messages(job, tried),
            tool=_AUTHOR,
            max_tokens=MAX_TOKENS,
        )
        answer = ask_for(provider, ask, AuthoredReply, lambda bad: _repair(bad, _AUTHOR))
        usage = usage + answer.usage
        found = answer.found
        if isinstance(found, Failure):
            return NotWelded(f"{found.kind}: {found.detail}", tuple(tried), usage)
        if isinstance(found, BadReply):
            tried.append(Tried("", f"{found.kind}: {found.detail}"))
        else:
            judged = _judged(job, found, number, on_step)
            if not isinstance(judged, Tried):
                return _written(job, provider, found, judged, tried, usage)
            tried.append(judged)
        on_step(f"try {number} refused: {tried[-1].reason}")
    return NotWelded(f"no reply passed in {tries} tries: {tried[-1].reason}", tuple(tried), usage)


def messages(job: _Job, tried: list[Tried]) -> tuple[Message, ...]:
    """The prompt of one try; of the refused ones only the last is shown whole."""
    system = {
        "example_definition": (FOLDER / "example_definition.txt").read_text("utf-8"),
        "example_source": (FOLDER / "example_source.txt").read_text("utf-8"),
    }
    turn = {
        "name": job.name,
        "description": job.description,
        "kernel_set": job.kernel_set,
        "reference": job.reference.text if job.reference else "",
        "shown": job.shown,
        "failed": [
            {
                "gate": one.gate,
                "reason": one.reason,
                "definition": one.definition if one is tried[-1] else "",
                "source": one.source if one is tried[-1] else "",
            }
            for one in tried
        ],
    }
    return (
        Message("system", render("welder_system", system), cache=True),
        Message("user", render("welder_turn", turn)),
    )


def require_name(name: str) -> None:
    """A UserError for what is no name of a kernel."""
    if not _NAME.fullmatch(name):
        hint = f"use a to z, 0 to 9 and _, from 2 to {MAX_NAME}"
        raise UserError(f"{name!r} is no kernel name", hint)


def _check_name(name: str, kernel_set: str, root: Path) -> None:
    require_name(name)
    if kernel_set not in SETS:
        raise UserError(f"unknown set {kernel_set!r}", f"sets are {', '.join(SETS)}")
    taken = {known for _, known in Catalog(root).names()}
    if name in taken:
        raise UserError(
            f"kernel {name!r} exists", "improve it with --kernel-name, or choose a name"
        )
    if root != settings.ROOT:
        _check_name(name, kernel_set, settings.ROOT)


def _judged(job: _Job, found: AuthoredReply, number: int, on_step: OnStep) -> Tried | list[str]:
    """Put one reply through the allow-list and both gates; the sizes that gate B held at."""
    refused = allow_list.problems(found.definition)
    if refused:
        shown = "; ".join(refused[:6])
        return Tried("definition", shown, found.definition, found.source)
    folder = job.scratch / f"weld-{job.name}-{number}"
    _write(folder, job.kernel_set, job.name, found)
    on_step("gates B and A, in a child process")
    answer = child.run(
        "gates",
        {
            "root": str(folder.absolute()),
            "name": job.name,
            "reference": None if job.reference is None else str(job.reference.path.absolute()),
            "device": job.device,
            "seed": job.seed,
        },
        job.limits,
    )
    if isinstance(answer, ChildFailed):
        return Tried("definition", answer.detail, found.definition, found.source)
    if not answer["passed"]:
        return Tried(answer["gate"], answer["reason"], found.definition, found.source)
    tried: list[str] = answer["tried"]
    return tried


def _write(root: Path, kernel_set: str, name: str, found: AuthoredReply) -> tuple[Path, Path]:
    """The two files of a problem below a root."""
    definition = root / "mlx" / "kernels" / kernel_set / f"{name}.py"
    source = root / "metal" / "kernels" / kernel_set / f"{name}.metal"
    # A problem exists by its definition: that comes last.
    for path, text in ((source, found.source), (definition, found.definition)):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(path, text.rstrip() + "\n")
    return definition, source


def _written(
    job: _Job,
    provider: Provider,
    found: AuthoredReply,
    held_at: list[str],
    tried: list[Tried],
    usage: Usage,
) -> Welded:
    """The pull request's text, a plain one without a model's; then the files in their place."""
    values = {
        "name": job.name,
        "kernel_set": job.kernel_set,
        "description": job.description,
        "tried": held_at,
        "external": job.reference is not None,
        "device": job.device,
        "definition": found.definition,
        "source": found.source,
        "notes": found.notes,
    }
    ask = Ask(
        call_id=f"weld-{job.name}-polish",
        messages=(Message("user", render("welder_polish", values)),),
        tool=_POLISH,
        max_tokens=4_000,
    )
    answer = ask_for(provider, ask, PolishReply, lambda bad: _repair(bad, _POLISH))
    said = answer.found
    if isinstance(said, BadReply | Failure):
        said = PolishReply(
            title=f"Add {job.name} to {job.kernel_set}", body=render("pull_request", values)
        )
    definition, source = _write(job.root, job.kernel_set, job.name, found)
    return Welded(
        name=job.name,
        set=job.kernel_set,
        definition=definition,
        source=source,
        title=" ".join(said.title.split())[:72],
        body=said.body,
        issues=tuple(said.issues),
        tried=tuple(tried),
        usage=usage + answer.usage,
    )


def _repair(bad: BadReply, tool: Tool) -> str:
    fields = list(tool.schema["properties"])
    return render("repair", {"detail": bad.detail, "tool": tool.name, "fields": fields})
