"""`./bench --verify`: judges a pull request with this checkout's code, from the data it brings.

Sources and Records are read out of git; nothing of the pull request is checked out, imported or
executed, and whatever else it changes is listed for a person.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from harness import console, devices, settings
from harness.errors import UserError
from harness.problem import catalog
from harness.verification.changes import DERIVED, SESSION, Touched, kernel_of, line_of, sort
from harness.verification.git import Repository
from harness.verification.judging import Bench, DeviceBench
from harness.verification.kernel import Reviewed, Trees
from harness.verification.summary import Finding, Line, Report, Ruling, markdown, reject, text
from harness.verification.tree import DataTree

_HUMAN = Ruling.NEEDS_HUMAN


def run(base: str, head: str, *, device: str, threads: int, as_markdown: bool) -> int:
    """Verify and print; the exit code."""
    bench = DeviceBench(devices.open_device(device), threads)
    report = verify(settings.ROOT, base, head, bench)
    sys.stdout.write(markdown(report) if as_markdown else text(report))
    page = settings.step_summary()
    if page is not None and not as_markdown:
        with page.open("a", encoding="utf-8") as summary:
            summary.write(markdown(report))
    return report.exit_code


def verify(repository: Path, base: str, head: str, bench: Bench) -> Report:
    """What is to be done with the commits that `head` has and `base` has not."""
    git = Repository(repository)
    tip, top = git.commit(base or git.default_base()), git.commit(head)
    fork = git.merge_base(tip, top)
    changes = git.changes(fork, top)
    if not changes:
        raise UserError(
            f"{head} changes nothing against {base or 'the base'}: there is nothing to verify",
            "--head REF names the pull request's commit",
        )
    entries = git.tree(top)
    touched = sort(changes, entries)
    _refuse_to_judge_ourselves(git, touched, tip, top)
    names = {name for _, name in touched.sources} | {name for _, name, _ in touched.results}

    def wanted(path: str) -> bool:
        kernel = kernel_of(path)
        return path in DERIVED or path.startswith("results/") or kernel in names

    with tempfile.TemporaryDirectory(prefix="metal-bench-verify-") as folder:
        trees = Trees(
            head=DataTree.of(git, entries, Path(folder, "head"), wanted),
            fork=DataTree.of(git, git.tree(fork), Path(folder, "fork"), wanted),
            base=DataTree.of(git, git.tree(tip), Path(folder, "base"), wanted),
        )
        return Report(tip, top, tuple(_lines(touched, trees, bench)))


def _refuse_to_judge_ourselves(git: Repository, touched: Touched, tip: str, top: str) -> None:
    """The code that runs must not be what the pull request makes of it."""
    here = Repository(settings.ROOT)
    try:
        running = here.commit("HEAD")
        mine = here.own_commits(tip, running) & git.own_commits(tip, top)
    except UserError:
        return  # this checkout knows nothing of those commits, so it has none of their code
    if touched.code and mine:
        raise UserError(
            "this checkout runs the pull request's own code, which cannot judge itself",
            f"git worktree add ../trusted {tip[:12]}"
            f" && ../trusted/bench --verify {tip[:12]} --head {top[:12]}",
        )


def _lines(touched: Touched, trees: Trees, bench: Bench) -> list[Line]:
    """A line a kernel, then the board, then what only a person can judge."""
    known = dict((name, kernel_set) for kernel_set, name in catalog.default().names())
    wanted = {name: kernel_set for kernel_set, name in touched.sources}
    for _, name, _ in touched.results:
        wanted.setdefault(name, known.get(name, "results"))
    lines = []
    for name, kernel_set in sorted(wanted.items()):
        console.update(f"{name}: verifying")
        subject = f"{kernel_set}/{name}"
        if known.get(name) != kernel_set:
            lines.append(Line(subject, (_unknown(name, touched),)))
            continue
        judged = Reviewed(catalog.default().find(name), touched, trees, bench)
        lines.append(Line(subject, tuple(judged.findings())))
    lines += _derived(touched, trees.head, alone=not lines)
    lines += [Line(path, (reject(reason),)) for path, reason in touched.refused]
    if touched.code:
        files = tuple(Finding(_HUMAN, line_of(change)) for change in touched.code)
        lines.append(Line("files", files))
    return lines


def _derived(touched: Touched, head: DataTree, *, alone: bool) -> list[Line]:
    """Lines of files that code writes: each that is not what it would write here."""
    # A pull request that changes how they are written cannot match what is written here.
    writer = any(change.path.startswith("harness/") for change in touched.code)
    paths = [*touched.derived]
    if touched.results and SESSION not in paths:
        paths.append(SESSION)
    lines = []
    for path in paths:
        problem = head.derived_problem(path)
        if problem:
            lines.append(Line(path, (Finding(_HUMAN if writer else Ruling.REJECT, problem),)))
        elif alone:
            lines.append(Line(path, (Finding(Ruling.ACCEPT, "it is what the code writes"),)))
    return lines


def _unknown(name: str, touched: Touched) -> Finding:
    if name in touched.redefined:
        return Finding(_HUMAN, "new: its definition comes with the pull request, none was run")
    return reject("there is no kernel of this name in this set")
