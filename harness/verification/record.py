"""Whether a row that a pull request adds can be true: what it says is held against itself, against
the tree it comes with and against the Record it replaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from harness import environment
from harness.board import documents, leaderboard, promotion, provenance
from harness.board.documents import EvaluationDocument
from harness.board.provenance import Attestation
from harness.board.records import Record
from harness.errors import UserError
from harness.evaluation import SCHEMA_VERSION, Evaluation, Status
from harness.gate import held_out
from harness.gate.points import Draw
from harness.problem import catalog, inputs
from harness.problem.catalog import Kernel, Variant
from harness.problem.tracks import track_of
from harness.timing import verdict
from harness.verification import samples as verify_samples
from harness.verification.summary import Finding, Ruling, reject

_DEVICES = {"apple": "metal", "nvidia": "cuda"}
#: Clocks of honest machines differ; a row further ahead would make every other row look stale.
_AHEAD = timedelta(hours=26)
_MOST_TEXT = 20_000


@dataclass(frozen=True)
class Row:
    """A new or changed row with what it is judged by."""

    chip: str
    kernel: Kernel
    track: str
    size: str
    record: Record
    variant: Variant | None  # what the resolver gives for the chip in the pull request's tree
    held: Record | None  # the Record of the base

    @property
    def name(self) -> str:
        """The row as a message names it."""
        track = "" if self.track == "exact" else f" {self.track}"
        return f"{self.chip}{track} {self.size}"

    @property
    def said(self) -> EvaluationDocument:
        """What the row says of the run."""
        return self.record.run.evaluation


#: The held-out points that a revealed secret gives for a row's source; None: it does not build.
Redraw = Callable[[Row, int], "Sequence[Draw] | None"]


def findings(row: Row, redraw: Redraw) -> list[Finding]:
    """Everything that keeps a row from being believed; nothing if its facts hold together."""
    if leaderboard.is_local(row.chip):
        return [reject(f"{row.name}: CPU rows stay local, none is on the committed board")]
    problems = [*_identity(row), *_environment(row)]
    if not problems:
        # What follows reads sizes and samples, which have to be there and in their place.
        problems = [
            *_source(row),
            *_eligibility(row),
            *_samples(row),
            *_gate(row, redraw),
            *_times(row),
        ]
        problems += _over_incumbent(row)
    found = [reject(f"{row.name}: {problem}") for problem in problems]
    return [*found, *_for_a_person(row)]


def _identity(row: Row) -> Iterator[str]:
    """Whether the row is about what its place says."""
    said = row.said
    wanted = {
        "schema_version": SCHEMA_VERSION,
        "kernel": row.kernel.name,
        "set": row.kernel.set,
        "chip": row.chip,
        "track": row.track,
        "size": row.size,
        "device": _DEVICES.get(row.chip.partition("-")[0]),
        "mode": "record",
        "status": "passed",
        "reason": "",
    }
    for name, value in wanted.items():
        stored = getattr(said, name)
        if stored != value:
            yield f"{name} is {stored!r}, not {value!r}"
    try:
        point = dict(catalog.point_of(row.kernel.spec, row.size))
    except UserError as error:
        yield error.message
    else:
        if dict(said.dims) != point:
            yield f"dims are {dict(said.dims)}, the SPEC's are {point}"
    if row.record.run.samples is None or said.figures is None:
        yield "it has no samples"
    long = [place for place, text in _texts(said.model_dump(mode="json")) if not _is_plain(text)]
    if long:
        yield f"{long[0]} holds text that no field of ours has"


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield f"a name in {place or 'the row'}", name
            yield from _texts(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{number}]")
    elif isinstance(value, str):
        yield place, value


def _is_plain(text: str) -> bool:
    return len(text) <= _MOST_TEXT and text.replace("\n", "").replace("\t", "").isprintable()


def _environment(row: Row) -> Iterator[str]:
    """Seeds and the chip that the device itself named."""
    env = row.said.environment
    secret = _secret(env.get("seed"))
    if secret is None or env.get("seed_sha256") != inputs.secret_hash(secret):
        yield "the revealed seed does not have the hash that was stored first"
    elif row.record.run.samples and row.record.run.samples.seed != secret & 0x7FFFFFFF:
        yield "the samples were not taken with the revealed seed"
    device = env.get("device")
    if not isinstance(device, Mapping) or device.get("chip") != row.chip:
        yield "the device that measured it names another chip"


def _secret(value: Any) -> int | None:
    """A revealed secret as a number; None if it is none."""
    if not isinstance(value, str) or not 1 <= len(value) <= 32:
        return None
    try:
        return int(value, 16)
    except ValueError:
        return None


def _source(row: Row) -> Iterator[str]:
    """One source everywhere: in the row, under its hash, and where the resolver looks."""
    run = row.record.run
    if row.said.source_sha256 != catalog.sha256_of(run.source):
        yield "source_sha256 is not the hash of the recorded source"
    if row.variant is None:
        yield "no .metal file of the pull request solves it on this chip"
        return
    if run.source != row.variant.source.recorded:
        yield f"the recorded source is not the pull request's {_file(row)}"
    if row.said.variant != row.variant.stem:
        yield f"it names Variant {row.said.variant!r}; this chip uses {row.variant.stem!r}"
    if track_of(run.source) != row.track:
        yield f"its source is for track {track_of(run.source)}"


def _file(row: Row) -> str:
    stem = "" if row.variant is None else row.variant.stem
    return f"metal/kernels/{row.kernel.set}/{row.kernel.name} ({stem})"


def _eligibility(row: Row) -> Iterator[str]:
    spec = row.kernel.spec
    reason = promotion.barred(
        _evaluation(row),
        ranked=spec.ranked,
        unranked_reason=spec.unranked_reason,
        sizes=spec.sizes.ranked,
    )
    if reason:
        yield reason.removeprefix("not saved: ")


def _evaluation(row: Row) -> Evaluation:
    return documents.from_run(row.record.run)


def _samples(row: Row) -> Iterator[str]:
    """Whether the samples are a record run's, and the figures theirs."""
    samples = row.record.run.samples
    if samples is None:
        return
    problem = verify_samples.not_taken(samples)
    if problem:
        yield f"samples: {problem}"
        return
    spec = row.kernel.spec
    cost = spec.cost(catalog.point_of(spec, row.size))
    different = verify_samples.not_following(row.said, samples.samples(), cost)
    if different:
        more = f", and {len(different) - 1} more" if len(different) > 1 else ""
        yield f"figures: {different[0]}{more}"
    above = verify_samples.above_physics(row.chip, samples.samples(), cost)
    if above:
        yield above


def _gate(row: Row, redraw: Redraw) -> Iterator[str]:
    """Whether the held-out gate was passed at points that its revealed secret draws."""
    found = row.said.held_out
    try:
        reason = held_out.bar(found, row.track)
        if reason or found is None:
            yield reason
            return
        secret = _secret(found["seed"])
        if secret is None or inputs.secret_hash(secret) != found["commitment"]:
            yield "held out: the revealed seed does not have the committed hash"
            return
        if f"{secret:032x}" == row.said.environment["seed"]:
            yield "held out: its seed is that of the timed run"
        if _time(found["committed_at"]) > _time(row.record.provenance.recorded_at):
            yield "held out: committed after the Record was made"
        points = [_listed(point) for point in found["points"] if point["kind"] != "earlier"]
        unpassed = [p for p in found["points"] if p["status"] not in ("passed", "unsupported")]
        if found["status"] == "passed" and unpassed:
            yield f"held out: passed, with a point that is {unpassed[0]['status']}"
        drawn = redraw(row, secret)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        yield f"held out: malformed ({type(error).__name__}: {error})"
        return
    if drawn is not None and points != [_drawn(draw) for draw in drawn]:
        yield "held out: its points are not those that the revealed seed draws"


def _listed(point: Mapping[str, Any]) -> tuple[Any, ...]:
    return point["kind"], dict(point["dims"]), list(point["of_kind"])


def _drawn(draw: Draw) -> tuple[Any, ...]:
    return draw.kind, dict(draw.point), list(draw.dims)


def _times(row: Row) -> Iterator[str]:
    """Whether the dates can be: a row from the future would make all others look stale."""
    try:
        recorded = _time(row.record.provenance.recorded_at)
        if recorded > datetime.now(timezone.utc) + _AHEAD:
            yield f"recorded at {row.record.provenance.recorded_at}, in the future"
        if row.held is not None and recorded < _time(row.held.provenance.recorded_at):
            yield "recorded before the Record that it replaces"
    except ValueError:
        yield f"recorded_at is no time: {row.record.provenance.recorded_at!r}"
    if row.record.provenance.attestations:
        yield "a new row can only be claimed, and this one brings attestations"


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("no time zone")
    return found


def _over_incumbent(row: Row) -> Iterator[str]:
    """Whether it beats the Record of the base, by a confirmation on seeds of its own."""
    comparison, run = row.record.provenance.over_incumbent, row.record.run
    if row.held is None:
        if comparison is not None:
            yield "it compares itself with a Record that the base does not have"
        return
    if verdict.same_source(run.source, row.held.run.source):
        if promotion.renews(_evaluation(row), row.held) and comparison is None:
            return
        yield "its source is that of the Record it replaces, but for comments and white space"
        return
    if comparison is None:
        yield "the base has a Record, and it was not measured beside it"
        return
    if comparison.incumbent_sha256 != row.held.source_sha256:
        yield "it was measured beside another source than the Record's: merge the base, run again"
        return
    problem = verify_samples.not_taken(comparison.samples)
    if problem:
        yield f"comparison: {problem}"
        return
    samples = comparison.samples.samples()
    different = verify_samples.comparison_differs(
        comparison.speedup, comparison.speedup_ci, samples, row.said.environment
    )
    if different:
        yield f"comparison: {different[0]}"
    if run.samples is not None and samples.seed == run.samples.seed:
        yield "comparison: it used the seed of the run beside MLX"
    if run.samples is not None and samples.blocks == tuple(run.samples.blocks):
        yield "comparison: its samples are those of the run beside MLX"
    lost = verdict.not_a_win(samples, verdict.FAMILY_ALPHA)
    if lost:
        yield f"it does not beat the Record of the base: {lost}"


def _for_a_person(row: Row) -> Iterator[Finding]:
    """What is no fault and still not for a program to decide."""
    if not verify_samples.is_bounded(row.chip):
        reason = f"{row.name}: nothing is known of this chip that bounds its figures"
        yield Finding(Ruling.NEEDS_HUMAN, reason)
    measured = row.said.environment.get("harness")
    if measured != environment.HARNESS_VERSION:
        reason = f"harness version {measured} measured it, this is {environment.HARNESS_VERSION}"
        yield Finding(Ruling.NEEDS_HUMAN, f"{row.name}: {reason}")


def attested(kernel: Kernel, name: str, before: Record, after: Record) -> list[Finding]:
    """What to do with a row of which only the attestations changed."""
    old, new = before.provenance.attestations, after.provenance.attestations
    if new[: len(old)] != old:
        return [reject(f"{name}: attestations of others were changed or removed")]
    for one in new[len(old) :]:
        problem = _false_attestation(kernel, one, after)
        if problem:
            return [reject(f"{name}: attestation: {problem}")]
    reason = f"{name}: {len(new) - len(old)} attested; a person has to know whose machine that is"
    return [Finding(Ruling.NEEDS_HUMAN, reason)]


def _false_attestation(kernel: Kernel, one: Attestation, record: Record) -> str:
    """What in an attestation contradicts itself or its Record."""
    try:
        if _time(one.attested_at) > datetime.now(timezone.utc) + _AHEAD:
            return f"attested at {one.attested_at}, in the future"
    except ValueError:
        return f"attested_at is no time: {one.attested_at!r}"
    passed = one.status is Status.PASSED
    if one.agrees != (passed and provenance.meet(one.speedup_ci, record.interval)):
        return "`agrees` does not follow from its interval"
    if one.speedup is None or one.speedup_ci is None or one.samples is None:
        return "" if not passed else "it passed, and has no samples"
    problem = verify_samples.not_taken(one.samples)
    if problem:
        return f"samples: {problem}"
    point = catalog.point_of(kernel.spec, record.run.evaluation.size)
    different = verify_samples.speedup_differs(
        (one.speedup, one.speedup_ci),
        one.samples.samples(),
        kernel.spec.cost(point),
        one.environment,
    )
    return different[0] if different else ""
