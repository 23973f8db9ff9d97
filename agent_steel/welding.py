"""`--welder` and `--reference` of the command line: authors problems, and surveys references."""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_steel.calls import RecordedCalls
from agent_steel.providers import opening
from agent_steel.providers.base import Completion, Failure, Provider
from agent_steel.roles import reference, welder
from agent_steel.roles.welder import NotWelded
from agent_steel.settings import Folders
from harness.errors import EnvironmentFault, ExitCode, UserError

OFFLINE = "offline"
Say = Callable[[str], None]


def add_options(it: argparse.ArgumentParser) -> None:
    """What only authoring needs."""
    group = it.add_argument_group("authoring (--welder)")
    group.add_argument("--description", default="", help="what the new kernel computes")
    group.add_argument(
        "--reference",
        type=Path,
        metavar="PATH",
        help="ref(...) or a KernelBench file; a folder of them without --welder: what is supported",
    )
    group.add_argument("--tries", type=int, default=welder.TRIES, metavar="N")
    group.add_argument("--replies", type=Path, metavar="FILE", help="of --provider replay")


def command(
    given: argparse.Namespace,
    folders: Folders,
    say: Say,
    provider: Provider | None = None,
    account: Account | None = None,
) -> tuple[ExitCode, list[str]]:
    """Author, or survey; the exit code, and the names of the kernels that there are now.

    A call that an earlier run with the same name, description and reference logged is not paid
    again. `provider` stands in for the one that the options name; `account` is shared by the
    problems of a folder.
    """
    if not given.welder:
        _survey(given.reference, say)
        return ExitCode.PASSED, []
    if given.reference is not None and given.reference.is_dir():
        return _author_folder(given, folders, say, provider)
    if not given.description:
        raise UserError("--welder needs a --description of what is computed")
    _check_price(given)
    account = account or Account(given.budget_usd)
    folder = folders.run(f"weld-{given.welder}-{_digest(given)}")
    recorded = RecordedCalls(
        provider or _opened(given), folder, may_call=account.may_call, on_reply=account.bill
    )
    found = welder.weld(
        given.welder,
        given.description,
        given.reference,
        provider=recorded,
        scratch=folder / "candidates",
        device="cpu" if given.device == "auto" else given.device,
        tries=given.tries,
        seed=given.seed,
        on_step=say,
    )
    for one in found.tried:
        say(f"  refused{f' by gate {one.gate}' if one.gate else ''}: {one.reason}")
    if isinstance(found, NotWelded):
        say(f"{given.welder}: nothing was written: {found.reason}")
        return ExitCode.REFUSED, []
    say(f"{found.name}: wrote {found.definition} and {found.source}")
    for issue in found.issues:
        say(f"  to look at: {issue}")
    say(f"\n{found.title}\n\n{found.body}")
    return ExitCode.PASSED, [found.name]


@dataclass
class Account:
    """What was paid; the next call is taken to cost what the dearest one did."""

    cap: float | None
    spent: float = 0.0
    dearest: float = 0.0
    priced: bool = True

    def may_call(self) -> bool:
        """Whether one more call fits under the cap."""
        return self.cap is None or (self.priced and self.spent + self.dearest <= self.cap)

    def bill(self, call_id: str, reply: Completion | Failure) -> None:
        """Count a reply."""
        usd = reply.usage.usd
        self.priced = self.priced and usd is not None
        self.spent += usd or 0.0
        self.dearest = max(self.dearest, usd or 0.0)


def _survey(path: Path, say: Say) -> list[reference.Surveyed]:
    """Which references of a folder, or whether one file, could be authored from."""
    if not path.is_dir():
        described = reference.describe(reference.read(path))
        say(f"{path.name}: supported; {', '.join(sorted(described))}")
        return []
    found = reference.survey(path, on_each=lambda one: say(f"{one.path.name}: {one.status}"))
    say(found.text())
    return [one for one in found.problems if one.status == "supported"]


def _author_folder(
    given: argparse.Namespace, folders: Folders, say: Say, provider: Provider | None
) -> tuple[ExitCode, list[str]]:
    """Each supported problem of a folder, as <NAME>_<file>, under one account."""
    problems = _survey(given.reference, say)
    account, names = Account(given.budget_usd), []
    for one in problems:
        slug = re.sub(r"[^a-z0-9]+", "_", one.path.stem.lower()).strip("_")
        told = f"{given.description} {one.path.stem.replace('_', ' ')}".strip()
        changed = {
            "welder": f"{given.welder}_{slug}"[:48],
            "description": told,
            "reference": one.path,
        }
        single = argparse.Namespace(**{**vars(given), **changed})
        names += command(single, folders, say, provider, account)[1]
    whole = bool(problems) and len(names) == len(problems)
    return (ExitCode.PASSED if whole else ExitCode.REFUSED), names


def _check_price(given: argparse.Namespace) -> None:
    if given.budget_usd is not None and given.provider not in (None, OFFLINE):
        opening.require_price(given.provider, given.model)


def _opened(given: argparse.Namespace) -> Provider:
    name = given.provider or ("anthropic" if opening.has_key("anthropic") else OFFLINE)
    if name == OFFLINE:
        raise EnvironmentFault(
            "authoring needs a model", "set ANTHROPIC_API_KEY, or name a --provider that has a key"
        )
    return opening.open_provider(name, given.model, replies=given.replies)


def _digest(given: argparse.Namespace) -> str:
    """Tells one order from another of the same name."""
    text = "" if given.reference is None else reference.read(given.reference).text
    parts = (given.description, text, given.provider or "", given.model)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
