"""`--welder` and `--reference` of the command line: authors problems, and surveys references."""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent_steel import budget
from agent_steel.calls import RecordedCalls
from agent_steel.providers import opening
from agent_steel.providers.base import Ask, Completion, Failure, Provider
from agent_steel.providers.pricing import Price
from agent_steel.roles import reference, welder
from agent_steel.roles.reference import Surveyed
from agent_steel.roles.welder import NotWelded, Welded
from agent_steel.settings import Folders
from harness import atomic, locks
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
    welder.require_name(given.welder)
    if given.reference is not None and given.reference.is_dir():
        return _author_folder(given, folders, say, provider)
    if not given.description:
        raise UserError("--welder needs a --description of what is computed")
    _check_price(given)
    account = account or account_of(given)
    folder = folders.run(f"weld-{given.welder}-{_digest(given)}")
    recorded = RecordedCalls(
        provider or _opened(given), folder, admit=account.admit, on_reply=account.bill
    )
    # Two that author one name would else both find it free, and both write it.
    with locks.file(f"weld-{given.welder}"):
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
    return _told(given.welder, found, folder, say)


def _told(
    name: str, found: Welded | NotWelded, folder: Path, say: Say
) -> tuple[ExitCode, list[str]]:
    """Say what came of it, and keep the pull request's text with the run."""
    for one in found.tried:
        say(f"  refused{f' by gate {one.gate}' if one.gate else ''}: {one.reason}")
    if isinstance(found, NotWelded):
        say(f"{name}: nothing was written: {found.reason}")
        return ExitCode.REFUSED, []
    say(f"{found.name}: wrote {found.definition} and {found.source}")
    for issue in found.issues:
        say(f"  to look at: {issue}")
    text = f"{found.title}\n\n{found.body.rstrip()}\n"
    path = folder / "pull_request.md"
    atomic.write_text(path, text)
    say(f"\n{text}\n  {path}")
    return ExitCode.PASSED, [found.name]


@dataclass
class Account:
    """What was paid of a cap in dollars; a call is reserved at the most that it can cost."""

    cap: float | None
    price: Price | None = None
    spent: float = 0.0
    dearest: float = 0.0
    priced: bool = True

    def admit(self, ask: Ask) -> Ask | None:
        """The call as the cap allows it, or None."""
        if self.cap is None:
            return ask
        left = self.cap - self.spent
        return budget.affordable(ask, left, self.price, self.dearest) if self.priced else None

    def bill(self, call_id: str, reply: Completion | Failure) -> None:
        """Count a reply."""
        usd = reply.usage.usd
        self.priced = self.priced and usd is not None
        self.spent += usd or 0.0
        self.dearest = max(self.dearest, usd or 0.0)


def account_of(given: argparse.Namespace) -> Account:
    """The account of one command, at the prices of the model that it names."""
    name = _chosen(given)
    known = name != OFFLINE
    model = given.model or opening.default_model(name)
    return Account(given.budget_usd, opening.price_of(name, model) if known else None)


def _survey(path: Path, say: Say) -> list[Surveyed]:
    """Which references of a folder, or whether one file, could be authored from."""
    if not path.is_dir():
        described = reference.describe(reference.read(path))
        say(f"{path.name}: supported; {', '.join(sorted(described))}")
        return []

    def each(one: Surveyed) -> None:
        level = "" if one.level is None else f"level {one.level}, "
        say(f"{level}{one.path.name}: {one.status}")

    found = reference.survey(path, on_each=each)
    say(found.text())
    return [one for one in found.problems if one.status == "supported"]


def _author_folder(
    given: argparse.Namespace, folders: Folders, say: Say, provider: Provider | None
) -> tuple[ExitCode, list[str]]:
    """Each supported problem of a folder under one account; one that fails keeps no other back."""
    problems = _survey(given.reference, say)
    account, names = account_of(given), []
    for one in problems:
        changed = {
            "welder": name_of(given.welder, one),
            "description": f"{given.description} {one.path.stem.replace('_', ' ')}".strip(),
            "reference": one.path,
        }
        single = argparse.Namespace(**{**vars(given), **changed})
        try:
            names += command(single, folders, say, provider, account)[1]
        except EnvironmentFault:
            raise
        except UserError as problem:
            say(f"{single.welder}: {problem.message}")
    say(f"{len(names)} of {len(problems)} supported problems authored")
    whole = bool(problems) and len(names) == len(problems)
    return (ExitCode.PASSED if whole else ExitCode.REFUSED), names


def name_of(prefix: str, one: Surveyed) -> str:
    """A kernel's name from a file's: `kb_l1_19_relu`; what is too long ends in a hash."""
    slug = re.sub(r"[^a-z0-9]+", "_", one.path.stem.lower()).strip("_")
    name = "_".join([prefix, *([] if one.level is None else [f"l{one.level}"]), slug])
    if len(name) <= welder.MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:4]
    return f"{name[: welder.MAX_NAME - 5]}_{digest}"


def _check_price(given: argparse.Namespace) -> None:
    if given.budget_usd is not None and given.provider not in (None, OFFLINE):
        opening.require_price(given.provider, given.model)


def _chosen(given: argparse.Namespace) -> str:
    return given.provider or ("anthropic" if opening.has_key("anthropic") else OFFLINE)


def _opened(given: argparse.Namespace) -> Provider:
    name = _chosen(given)
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
