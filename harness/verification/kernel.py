"""One kernel of a pull request: its rows, the sources it brings, the Records it endangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.board.records import Record
from harness.errors import UserError
from harness.problem.catalog import Kernel, source_of
from harness.timing.verdict import same_source
from harness.verification import record as verify_record
from harness.verification.changes import Touched
from harness.verification.git import Change
from harness.verification.judging import Bench
from harness.verification.record import Row
from harness.verification.summary import Finding, Ruling, reject
from harness.verification.tree import DataTree, Rows, Unreadable

_HUMAN, _DEVICE = Ruling.NEEDS_HUMAN, Ruling.NEEDS_DEVICE


@dataclass(frozen=True)
class Trees:
    """The data of the pull request, of the commit it left, and of the base as it is now."""

    head: DataTree
    fork: DataTree
    base: DataTree


@dataclass
class Reviewed:
    """One kernel under verification."""

    kernel: Kernel
    touched: Touched
    trees: Trees
    bench: Bench

    @property
    def name(self) -> str:
        return self.kernel.name

    def findings(self) -> list[Finding]:
        """What its sources and rows come to."""
        changes = self.touched.sources.get((self.kernel.set, self.name), [])
        found: list[Finding] = []
        rows: list[Row] = []
        for chip, name, change in self.touched.results:
            if name == self.name:
                more, changed = self._rows(chip, change)
                found += more
                rows += changed
        believed = []
        for row in rows:
            problems = verify_record.findings(row, self.bench.redraw) + self._borrowed(row)
            found += problems
            if not any(problem.ruling is Ruling.REJECT for problem in problems):
                believed.append(row)
        found += self._orphaned(changes, rows)
        found += self._judged(changes, believed)
        if not any(finding.ruling is Ruling.REJECT for finding in found):
            found += [finding for row in believed for finding in self._timed(row)]
        if self.name in self.touched.redefined:
            found.append(Finding(_HUMAN, "its definition changes too; judged by the one here"))
        return found

    def _rows(self, chip: str, change: Change) -> tuple[list[Finding], list[Row]]:
        """What is wrong with a results file as a whole, and its new or changed rows."""
        if change.after is None:
            return [reject(f"{chip}: its Records are removed")], []
        try:
            before = self.trees.fork.rows(chip, self.name)
            held = self.trees.base.rows(chip, self.name)
        except Unreadable as problem:
            return [Finding(_HUMAN, f"of the base: {problem}")], []
        try:
            document = self.trees.head.results(chip, self.name, exact=True)
            after = self.trees.head.rows(chip, self.name)
        except Unreadable as problem:
            return [reject(str(problem))], []
        found = self._removed(chip, before, after)
        if document is None or document.set != self.kernel.set:
            found.append(reject(f"{chip}: its set is not {self.kernel.set}"))
        rows = []
        for key, record in sorted(after.items()):
            old = before.get(key)
            if old == record:
                continue
            track, size = key
            if old is not None and _same_run(old, record):
                name = f"{chip} {size}"
                found += verify_record.attested(self.kernel, name, old, record)
                continue
            variant = self.trees.head.variant(self.kernel, chip)
            rows.append(Row(chip, self.kernel, track, size, record, variant, held.get(key)))
        if not found and not rows:
            found = [reject(f"results/{chip}/{self.name}.json changed without a change of a row")]
        return found, rows

    def _borrowed(self, row: Row) -> list[Finding]:
        """Secrets are of one run: one that stands elsewhere came with somebody else's samples."""
        env, gate = row.said.environment, row.said.held_out or {}
        secrets = {str(env.get("seed")), str(gate.get("seed"))}
        trees = self.trees
        if trees.head.mentions(secrets) <= len(secrets) and not trees.base.mentions(secrets):
            return []
        return [reject(f"{row.name}: its secret seeds are those of another row")]

    def _removed(self, chip: str, before: Rows, after: Rows) -> list[Finding]:
        gone = sorted(set(before) - set(after))
        return [reject(f"{chip} {track} {size}: its Record is removed") for track, size in gone]

    def _orphaned(self, changes: Sequence[Change], rows: Sequence[Row]) -> list[Finding]:
        """Records whose source the pull request takes out of the tree without a new one."""
        if not changes:
            return []
        renewed = {(row.chip, row.track, row.size) for row in rows}
        found = []
        for chip in self.trees.head.chips_of(self.name):
            try:
                kept = self.trees.head.rows(chip, self.name)
            except (Unreadable, UserError):
                continue  # told where the file itself is judged, and none of this change's if not
            for (track, size), record in sorted(kept.items()):
                if (chip, track, size) not in renewed and self._lost(chip, record):
                    reason = (
                        f"{chip} {size}: the file that holds its Record changes, and was not"
                        f" measured there; keep it as this chip's Variant"
                    )
                    found.append(Finding(_HUMAN, reason))
        return found

    def _lost(self, chip: str, record: Record) -> bool:
        """Whether a Record's source was what its chip runs, and no longer is."""
        before = self.trees.fork.variant(self.kernel, chip)
        after = self.trees.head.variant(self.kernel, chip)
        source = record.run.source
        if before is None or not same_source(before.source.recorded, source):
            return False
        return after is None or not same_source(after.source.recorded, source)

    def _judged(self, changes: Sequence[Change], rows: Sequence[Row]) -> list[Finding]:
        """Every source that the change brings, judged here."""
        found: list[Finding] = []
        sources: dict[str, tuple[str, str]] = {}  # as recorded -> text, path
        for change in changes:
            problem = self.trees.head.unreadable.get(change.path, "")
            if change.after is None:
                found.append(self._taken_away(change))
            elif problem:
                found.append(reject(f"{change.path}: {problem}"))
            else:
                text = self.trees.head.texts[change.path]
                sources.setdefault(source_of(text).recorded, (text, change.path))
                found += self._copies(change.path)
        claimed = {row.record.run.source: row.track for row in rows}
        for source in claimed:
            sources.setdefault(source, (source, "the recorded source"))
        for recorded, (text, path) in sources.items():
            track = claimed.get(recorded, "")
            judged = self.bench.judge(self.kernel, text, path, claimed=track)
            found += [self._softened(finding) for finding in judged]
        return found

    def _softened(self, finding: Finding) -> Finding:
        """A source for another definition than ours may well fail ours."""
        if self.name in self.touched.redefined and finding.ruling is Ruling.REJECT:
            return Finding(_HUMAN, f"by the definition here: {finding.reason}")
        return finding

    def _taken_away(self, change: Change) -> Finding:
        texts = self.trees.head.texts
        flat = f"metal/kernels/{self.kernel.set}/{self.name}.metal"
        if flat in texts or flat.replace(".metal", "/default.metal") in texts:
            return Finding(Ruling.ACCEPT, f"{change.path} is removed, another file takes its place")
        return reject(f"{change.path} is removed, and nothing solves the kernel everywhere")

    def _copies(self, path: str) -> list[Finding]:
        """A Variant that equals another is none."""
        folder = path.rpartition("/")[0] + "/"
        texts = self.trees.head.texts
        if not folder.endswith(f"/{self.name}/"):
            return []
        equal = [p for p in texts if p != path and p.startswith(folder) and texts[p] == texts[path]]
        return [reject(f"{path} is a copy of {equal[0]}")] if equal else []

    def _timed(self, row: Row) -> list[Finding]:
        """A row's time: measured here if this is its chip, left to somebody else if not."""
        if row.chip == self.bench.chip:
            return self.bench.measure(row)
        figures = row.said.figures
        speedup = "no speedup" if figures is None else f"{figures.speedup or 0.0:.2f}x"
        reason = f"right here, time claimed on {row.name}, {speedup}"
        return [Finding(_DEVICE, f"{reason}: ./bench --reproduce {self.name} on that chip")]


def _same_run(old: Record, new: Record) -> bool:
    """Whether two rows differ in their attestations at most."""
    bare = [one.provenance.model_copy(update={"attestations": []}) for one in (old, new)]
    return old.run == new.run and bare[0] == bare[1]
