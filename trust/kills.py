"""Kills processes while they store things, at every point and at random, and looks at what is left.

After each kill: every acknowledged Record is there, none is torn or twice, a corrupt file is kept,
session.json can be folded again, no lock is held, and the next writer tidies up.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from harness import locks, settings
from harness.board import documents, leaderboard, records, runs
from harness.errors import UserError
from msl.cache import Store
from msl.library import Library
from trust.kill_child import CHIP, DEVICE, KERNEL, TRACK, evaluation, sha256_of
from trust.section import Section

CORRUPT = '{"schema_version": 1, "tracks": {"exact"'
OLD, NEW = "the old source", "the new source"
#: What lies there before a child starts: sizes with the old source, and whether it can be read.
SCENES: Mapping[str, tuple[str, ...] | None] = {
    "nothing": (),
    "the incumbent": ("published", "large"),
    "another size": ("large",),
    "a corrupt file": None,
}
TOTAL = 1000
#: A kill leaves what was written, on a disk or not, and a disk's fsync would take most of the time.
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
_TIMED_SIZES = tuple(f"s{number}" for number in range(40))


@dataclass
class Tally:
    """Kills so far: what went wrong after some, and how often each kind of point was hit."""

    kills: int = 0
    survived: int = 0
    problems: list[str] = field(default_factory=list)
    points: Counter[str] = field(default_factory=Counter)

    def count(self, where: str, problems: list[str]) -> None:
        """One more kill."""
        self.kills += 1
        self.survived += not problems
        self.points[where] += 1
        self.problems += [f"{where}: {problem}" for problem in problems]


class Killer:
    """A process that forks the children, and the folder they work in."""

    def __init__(self, folder: Path, weaken: str = "") -> None:
        self.folder, self.weaken = folder, weaken
        self._served = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trust.kill_child"],
            cwd=settings.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End it."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def home(self) -> Path:
        """A fresh home for the next child."""
        self._served += 1
        home = self.folder / f"home{self._served}"
        home.mkdir(mode=0o700)
        return home

    def ask(
        self,
        home: Path,
        children: list[dict[str, Any]],
        *,
        points: bool = False,
        kill_after_ms: float | None = None,
    ) -> list[dict[str, Any]]:
        """Run children in a home; how each ended."""
        assert self._process.stdin and self._process.stdout
        request = {
            "home": str(home),
            "weaken": self.weaken,
            "points": points,
            "kill_after_ms": kill_after_ms,
            "children": children,
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = self._process.stdout.readline()
        if not reply:
            raise RuntimeError("the process that forks the children ended")
        ends: list[dict[str, Any]] = json.loads(reply)
        broken = [end for end in ends if end["code"]]
        if broken and not self.weaken:
            raise RuntimeError(f"a child failed by itself: {broken}")
        return ends


@contextmanager
def killer(weaken: str = "") -> Iterator[Killer]:
    """One with a folder of its own; `weaken` takes a protection away from the children."""
    with tempfile.TemporaryDirectory(prefix="metal-bench-kills-", dir=_MEMORY) as folder:
        made = Killer(Path(folder), weaken)
        try:
            yield made
        finally:
            made.close()


@contextmanager
def at(home: Path) -> Iterator[None]:
    """This process in that home."""
    environment = {
        "METAL_BENCH_HOME": str(home),
        "METAL_BENCH_CACHE": str(home / "cache"),
        "XDG_RUNTIME_DIR": str(home),
    }
    with mock.patch.dict(os.environ, environment):
        yield


def prepare(home: Path, scene: str) -> dict[str, str]:
    """Set a scene; the Records in it, source by size."""
    sizes = SCENES[scene]
    with at(home):
        if sizes is None:
            path = settings.paths().results_file(CHIP, KERNEL)
            path.parent.mkdir(parents=True)
            path.write_text(CORRUPT, "utf-8")
            return {}
        for size in sizes:
            record = records.claimed(documents.to_run(evaluation(size, OLD)), None)
            records.put(record, expected=None, notes=[])
        leaderboard.refresh()
    return dict.fromkeys(sizes, OLD)


def stored() -> dict[str, str]:
    """The Records of this home, source by size."""
    document = records.load(settings.paths().results_file(CHIP, KERNEL))
    if document is None:
        return {}
    return {size: record.run.source for size, record in document.tracks.get(TRACK, {}).items()}


def found_wrong(
    home: Path, scene: str, before: Mapping[str, str], wrote: list[str], acknowledged: list[str]
) -> list[str]:
    """What a kill broke. `wrote` are sizes that the killed child may or may not have stored."""
    with at(home):
        try:
            return [
                *_records_wrong(before, wrote, acknowledged),
                *_files_wrong(scene),
                *_locks_wrong(home),
                *_session_wrong(),
                *_next_writer_wrong(home),
                *_cache_wrong(wrote),
            ]
        except (UserError, records.CorruptResults, ValueError, OSError) as error:
            return [f"{type(error).__name__}: {error}"]


def _records_wrong(
    before: Mapping[str, str], wrote: list[str], acknowledged: list[str]
) -> list[str]:
    try:
        now = stored()
    except records.CorruptResults as corrupt:
        path = settings.paths().results_file(CHIP, KERNEL)
        return [] if path.read_text("utf-8") == CORRUPT and not acknowledged else [str(corrupt)]
    problems = [f"{size} is lost" for size in acknowledged if now.get(size) != NEW]
    for size, source in before.items():
        if now.get(size) not in {source, NEW if size in wrote else source}:
            problems.append(f"{size} was {source!r}, is {now.get(size)!r}")
    problems += [f"{size} came from nowhere" for size in now.keys() - before.keys() - set(wrote)]
    return problems


def _files_wrong(scene: str) -> list[str]:
    """Every results file there should be, once; a corrupt one kept, once."""
    folder = settings.paths().results
    named = sorted(path.name for path in folder.glob("*/*.json"))
    kept = [p for p in folder.rglob("*") if p.is_file() and p.read_text("utf-8") == CORRUPT]
    problems = [] if named in ([], [f"{KERNEL}.json"]) else [f"files {named}"]
    if len(kept) != (1 if SCENES[scene] is None else 0):
        problems.append(f"the corrupt file is there {len(kept)} times")
    run = runs.path(KERNEL, DEVICE)
    if run.exists() and not runs.last(KERNEL, DEVICE):
        problems.append("the last run is torn")
    return problems


def _locks_wrong(home: Path) -> list[str]:
    problems = []
    for pattern in ("**/*.lock", "**/*.gate"):
        for path in home.glob(pattern):
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                problems.append(f"{path.name} is held")
            finally:
                os.close(descriptor)
    problems += [f"{held} is listed as a holder" for held in locks.holders(DEVICE)]
    return problems + [f"{note.name} stays behind" for note in home.rglob("*.holder")]


def _session_wrong() -> list[str]:
    """session.json is whole, and can be folded again to what it should be."""
    session = settings.paths().session
    if session.exists():
        json.loads(session.read_text("utf-8"))
    corrupt = leaderboard.refresh()
    problems = [problem for problem in leaderboard.check() if problem not in corrupt]
    return problems


def _next_writer_wrong(home: Path) -> list[str]:
    """Whoever writes next can, and leaves nothing lying about."""
    notes: list[str] = []
    record = records.claimed(documents.to_run(evaluation("next", NEW)), None)
    if not records.put(record, expected=None, notes=notes):
        return ["the next Record was not stored"]
    runs.keep([evaluation("next", NEW)])
    leaderboard.refresh()
    left = [p.name for p in home.rglob("*.tmp")]
    problems = [f"left lying about: {left}"] if left else []
    if stored().get("next") != NEW or leaderboard.check():
        problems.append("the next Record is not on the board")
    return problems


def _cache_wrong(wrote: list[str]) -> list[str]:
    """A stored build is whole or absent, and can be stored again."""
    problems = []
    cache = Store(settings.paths().build)
    for size in wrote:
        about = f"{size}-{NEW}"
        for again in (False, True):
            if again:
                building = cache.scratch()
                made = building / "library.so"
                made.write_text(about)
                cache.save(sha256_of(about), Library(made, {}, text=about), {})
                building.rmdir()
            found = cache.load(sha256_of(about))
            if isinstance(found, Library) and found.path.read_text() != about:
                problems.append(f"the build of {size} is torn")
            if again and not isinstance(found, Library):
                problems.append(f"the build of {size} cannot be stored")
        beside = settings.paths().build / "programs" / sha256_of(about)[:2]
        left = [*settings.paths().build.glob(".build-*"), *beside.glob(".result-*")]
        problems += [f"left in the build cache: {path.name}" for path in left]
    return problems


def spec(scene: str, sizes: tuple[str, ...], kill_at: int | None = None) -> dict[str, Any]:
    """What a child stores in a scene."""
    held = SCENES[scene] or ()
    expected = sha256_of(OLD) if sizes[0] in held else None
    return {"sizes": list(sizes), "source": NEW, "expected": expected, "kill_at": kill_at}


def at_every_point(killer: Killer, tally: Tally, every: int = 1, only: str = "") -> None:
    """Kill a child at each point of its way, in each scene: every point is hit in all of them.

    Less: at every n-th point, or at those whose label holds `only`.
    """
    for scene in SCENES:
        home = killer.home()
        prepare(home, scene)
        labels = killer.ask(home, [spec(scene, ("published",))], points=True)[0]["points"]
        shutil.rmtree(home)
        for number in [n for n, label in enumerate(labels) if only in label][::every]:
            home = killer.home()
            before = prepare(home, scene)
            end = killer.ask(home, [spec(scene, ("published",), number)], points=True)[0]
            problems = [] if end["killed"] else ["the child was not killed"]
            done = end["acknowledged"]
            problems += found_wrong(home, scene, before, ["published"], done)
            tally.count(labels[number], problems)
            shutil.rmtree(home)


def at_random(killer: Killer, tally: Tally, kills: int, seed: int) -> None:
    """Kill one of two writers after a random time; the other one's Records must all be there."""
    draw = random.Random(seed)
    for _ in range(kills):
        home = killer.home()
        scene = draw.choice(sorted(SCENES))
        before = prepare(home, scene)
        other = tuple(f"other{number}" for number in range(4))
        children = [spec(scene, _TIMED_SIZES), spec(scene, other)]
        after_ms = draw.uniform(0, 60)
        ended, finished = killer.ask(home, children, kill_after_ms=after_ms)
        done = ended["acknowledged"] + finished["acknowledged"]
        lost = [] if set(finished["acknowledged"]) == set(other) else ["the survivor stored less"]
        wrote = [*_TIMED_SIZES, *other]
        tally.count("at random", lost + found_wrong(home, scene, before, wrote, done))
        shutil.rmtree(home)


def run(full: bool) -> Section:
    """Every point in every scene, then random times, 1000 kills in all; or a few of both."""
    tally = Tally()
    with killer() as process:
        at_every_point(process, tally, every=1 if full else 11)
        at_random(process, tally, max(TOTAL - tally.kills, 100) if full else 10, seed=1)
    kinds: Counter[str] = Counter()
    for label, count in tally.points.items():
        kinds[" ".join(label.split()[:2])] += count
    rows = [("point", "kills"), *((kind, str(n)) for kind, n in sorted(kinds.items()))]
    summary = f"kills survived {tally.survived}/{tally.kills}"
    if tally.problems:
        summary += f"; first: {tally.problems[0]}"
    return Section("Kills", rows, tally.survived, tally.kills, summary, full)
