"""Three pull requests, honest, forged and with a changed SPEC; and every forgery we thought of."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples_of_pull_requests import (
    CHIP,
    NEW,
    OLD,
    RELU,
    RELU_M4,
    ROW,
    WRONG,
    FakeBench,
    PullRequest,
    comparison,
    evaluation,
    honest,
    repository,
    samples,
)

from harness import devices, settings
from harness.atomic import strict_json
from harness.board import documents, records, rules
from harness.command import cli
from harness.devices.base import Source
from harness.errors import ExitCode, UserError
from harness.problem import catalog
from harness.verification import record as verify_record
from harness.verification import verify
from harness.verification.judging import DeviceBench
from harness.verification.record import Row
from harness.verification.summary import Finding, Report, Ruling, text


@pytest.fixture
def pull(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PullRequest:
    return repository(tmp_path, monkeypatch)


def judged(pull: PullRequest, bench: Any = None) -> Report:
    pull.commit()
    return verify.verify(pull.folder, "main", "pr", bench or FakeBench())


def rulings(report: Report) -> dict[str, str]:
    return {line.subject: line.ruling.value for line in report.lines}


def test_an_honest_record_of_another_chip_needs_its_device(pull: PullRequest) -> None:
    honest(pull)
    report = judged(pull, DeviceBench(devices.open_device("cpu")))
    assert rulings(report) == {"common/relu": "NEEDS-DEVICE"}
    assert report.exit_code == ExitCode.NEEDS_DEVICE
    assert report.lines[0].reasons == [
        f"right here, time claimed on {CHIP} published, 1.80x:"
        " ./bench --reproduce relu on that chip"
    ]


def test_a_first_record_is_judged_as_the_claim_it_is(pull: PullRequest) -> None:
    pull.record(evaluation(OLD, 1.4, chip="apple-m2-max"))
    bench = FakeBench()
    assert rulings(judged(pull, bench)) == {"common/relu": "NEEDS-DEVICE"}
    assert bench.judged == [("the recorded source", "exact")]


def test_a_right_variant_without_a_record_is_accepted(pull: PullRequest) -> None:
    pull.write("metal/kernels/common/relu/m1.metal", NEW)
    report = judged(pull, DeviceBench(devices.open_device("cpu")))
    assert rulings(report) == {"common/relu": "ACCEPT"}
    assert report.exit_code == ExitCode.PASSED
    assert "held-out draws" in report.lines[0].reasons[0]


def test_a_wrong_variant_is_rejected_by_running_it(pull: PullRequest) -> None:
    pull.write("metal/kernels/common/relu/m1.metal", WRONG)
    report = judged(pull, DeviceBench(devices.open_device("cpu")))
    assert report.exit_code == ExitCode.REFUSED
    assert "m1.metal: wrong_values: check size" in report.lines[0].reasons[0]


def test_a_time_on_this_chip_is_measured_again(pull: PullRequest) -> None:
    honest(pull)
    here = FakeBench(chip=CHIP, timed=[Finding(Ruling.ACCEPT, "reproduced")])
    assert judged(pull, here).exit_code == ExitCode.PASSED
    here.timed = [Finding(Ruling.REJECT, "not reproduced")]
    assert verify.verify(pull.folder, "main", "pr", here).exit_code == ExitCode.REFUSED


def change_row(pull: PullRequest, change: Callable[[dict[str, Any]], None]) -> None:
    """Forge the row of the pull request, and fold the board so that it fits."""
    document = json.loads(pull.read(ROW))
    change(document["tracks"]["exact"]["published"])
    pull.write(ROW, strict_json(document))
    pull.refold()


def forge(pull: PullRequest, path: str, value: Any) -> None:
    """An honest pull request with one value of its row replaced."""
    honest(pull)

    def change(row: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for name in parents:
            row = row[int(name) if name.isdigit() else name]
        old = row[last]
        row[last] = value(old) if callable(value) else value
        assert row[last] != old

    change_row(pull, change)


FORGED = [
    ("run.source", lambda s: s + "// other\n", "not the hash of the recorded source"),
    ("run.evaluation.source_sha256", "0" * 64, "not the hash of the recorded source"),
    ("run.evaluation.figures.speedup", 9.0, "figures: figures.speedup is 9, the samples give"),
    ("run.evaluation.figures.speedup_ci", [1.7, 1.9], "figures: figures.speedup_ci[0]"),
    ("run.evaluation.figures.kernel_ms_median", 0.001, "figures.kernel_ms_median"),
    ("run.evaluation.score", 9.0, "score is 9"),
    ("run.evaluation.verdict", "SAME", "verdict is SAME"),
    ("run.evaluation.flags", ["noisy"], "flags"),
    ("run.evaluation.size", "large", "size is 'large', not 'published'"),
    ("run.evaluation.track", "relaxed", "track is 'relaxed'"),
    ("run.evaluation.mode", "report", "mode is 'report'"),
    ("run.evaluation.dims.rows", 8.0, "the SPEC's are"),
    ("run.evaluation.device", "cpu", "device is 'cpu'"),
    ("run.evaluation.variant", "default", "this chip uses 'm4_max'"),
    ("run.evaluation.engine", "air\x1b[2K", "text that no field of ours has"),
    ("run.evaluation.environment.seed", "5", "does not have the hash that was stored first"),
    ("run.evaluation.environment.device.chip", "apple-m1", "names another chip"),
    ("run.evaluation.held_out", None, "the held-out gate was not run"),
    ("run.evaluation.held_out.status", "failed", "held out failed"),
    ("run.evaluation.held_out.commitment", "0" * 64, "not have the committed hash"),
    ("run.evaluation.held_out.points", lambda p: p[1:], "not those that the revealed seed draws"),
    ("run.evaluation.held_out.points.0.status", "wrong_values", "a point that is wrong_values"),
    ("run.evaluation.held_out.points.0.dims.rows", 1, "not those that the revealed seed draws"),
    ("run.evaluation.held_out.points", 7, "malformed"),
    ("run.samples.blocks", lambda b: b[:12], "12 blocks; a record run takes 24 or 48"),
    ("run.samples.blocks", lambda b: b[:12] + b[:12], "does not follow from the seed"),
    ("run.samples.blocks.0.visits.0.times_ns", [], "at least 1 item"),
    ("run.samples.blocks.0.visits.0.side", "left", "'baseline' or 'candidate'"),
    ("run.samples.blocks.0.visits.0.times_ns", lambda t: [[1.0], *t[1:]], "a sample is one time"),
    ("run.samples.seed", 7, "not taken with the revealed seed"),
    ("run.samples.mode", "report", "taken in mode report"),
    ("run.samples.alpha", 0.2, "judged at level 0.2"),
    ("run.samples.overhead_ns", {}, "the empty run of each side"),
    ("provenance.recorded_at", "2031-01-01T00:00:00+00:00", "in the future"),
    ("provenance.recorded_at", "2020-01-01T00:00:00+00:00", "before the Record that it replaces"),
    ("provenance.recorded_at", "yesterday", "is no time"),
    ("provenance.over_incumbent", None, "was not measured beside it"),
    ("provenance.over_incumbent.incumbent_sha256", "0" * 64, "beside another source"),
    ("provenance.over_incumbent.speedup", 2.0, "comparison: speedup is 2"),
]


@pytest.mark.parametrize(("path", "value", "says"), FORGED, ids=[p for p, _, _ in FORGED])
def test_a_forged_row_is_rejected(pull: PullRequest, path: str, value: Any, says: str) -> None:
    forge(pull, path, value)
    report = judged(pull)
    assert rulings(report)["common/relu"] == "REJECT"
    assert says in "; ".join(report.lines[0].reasons), text(report)


def test_what_was_not_forged_is_not_rejected(pull: PullRequest) -> None:
    """The rows above are refused for their fault alone: rewriting a row changes nothing."""
    honest(pull)
    before = pull.read(ROW)
    change_row(pull, lambda row: None)
    assert pull.read(ROW) == before
    assert judged(pull).ruling is Ruling.NEEDS_DEVICE


def store(pull: PullRequest, found: Any, over: Any, source: str = NEW) -> None:
    pull.write(RELU_M4, source)
    pull.record(replace(found, variant="m4_max"), over, replaces=OLD)


def test_another_source_than_the_file_is_rejected(pull: PullRequest) -> None:
    store(pull, evaluation(NEW, 1.8), comparison(OLD, 1.2), source=NEW + "// a word more\n")
    assert "is not the pull request's metal/kernels/common/relu" in reasons(judged(pull))


def reasons(report: Report) -> str:
    return "; ".join(reason for line in report.lines for reason in line.reasons)


def test_times_above_the_chip_are_rejected(pull: PullRequest) -> None:
    """Forged samples from which every figure follows."""
    found = evaluation(NEW, 1.8)
    assert found.samples is not None
    fast = evaluation(NEW, 1.8, samples=samples(found.samples.seed, 1.8, us=0.05))
    fast = replace(fast, environment=found.environment)
    store(pull, fast, comparison(OLD, 1.2))
    assert "faster than the chip's ceilings allow" in reasons(judged(pull))


def test_copied_samples_are_rejected(pull: PullRequest) -> None:
    found = evaluation(NEW, 1.8)
    assert found.samples is not None
    blocks = [json.loads(json.dumps(block)) for block in found.samples.blocks]
    for block in blocks[6:]:
        for visit in block["visits"]:
            same = next(v for v in blocks[0]["visits"] if v["side"] == visit["side"])
            visit["times_ns"] = same["times_ns"]
    taken = replace(found.samples, blocks=tuple(blocks))
    forged = replace(evaluation(NEW, 1.8, samples=taken), environment=found.environment)
    store(pull, forged, comparison(OLD, 1.2))
    assert "are copies of others" in reasons(judged(pull))


def test_a_record_has_to_beat_the_one_of_the_base(pull: PullRequest) -> None:
    store(pull, evaluation(NEW, 1.8), comparison(OLD, 1.0))
    assert "does not beat the Record of the base" in reasons(judged(pull))


def test_a_confirmation_needs_a_seed_of_its_own(pull: PullRequest) -> None:
    found = evaluation(NEW, 1.8)
    assert found.samples is not None
    store(pull, found, comparison(OLD, 1.2, seed=found.samples.seed))
    assert "used the seed of the run beside MLX" in reasons(judged(pull))


def test_a_base_that_moved_on_has_to_be_beaten_too(pull: PullRequest) -> None:
    honest(pull)
    pull.commit()
    pull.git("checkout", "-q", "main")
    third = NEW.replace("One element", "One float")
    third = third.replace("max(x[i], 0.0f)", "fmax(x[i], 0.0f)")
    pull.write(RELU_M4, third)
    found = evaluation(third, 1.9, variant="m4_max")
    pull.record(found, comparison(OLD, 1.3), replaces=OLD)
    pull.commit()
    report = verify.verify(pull.folder, "main", "pr", FakeBench())
    assert "merge the base, run again" in reasons(report)


def test_a_comment_makes_no_new_record(pull: PullRequest) -> None:
    copy = OLD + "// faster\n"
    store(pull, evaluation(copy, 1.8), comparison(OLD, 1.2), source=copy)
    assert "but for comments and white space" in reasons(judged(pull))


def test_cpu_rows_are_rejected(pull: PullRequest) -> None:
    pull.record(evaluation(OLD, 1.8, chip="cpu-amd-avx2-2"))
    assert "CPU rows stay local" in reasons(judged(pull))


def test_a_chip_that_nothing_is_known_of_needs_a_person(pull: PullRequest) -> None:
    pull.record(evaluation(OLD, 1.8, chip="apple-m9"))
    assert "bounds its figures" in reasons(judged(pull))


def test_a_row_that_vanishes_is_rejected(pull: PullRequest) -> None:
    (pull.folder / ROW).unlink()
    pull.refold()
    report = judged(pull)
    assert rulings(report) == {"common/relu": "REJECT"}
    assert "its Records are removed" in reasons(report)


def test_a_removed_size_is_rejected(pull: PullRequest) -> None:
    document = json.loads(pull.read(ROW))
    document["tracks"] = {}
    pull.write(ROW, strict_json(document))
    pull.refold()
    assert "its Record is removed" in reasons(judged(pull))


@pytest.mark.parametrize(
    "content",
    ["", "{", "[" * 100_000, '{"schema_version": 99}', b"\xff", b"\0", '{"schema_version": NaN}'],
)
def test_results_that_are_none_are_rejected(pull: PullRequest, content: str | bytes) -> None:
    pull.write(ROW, content)
    assert judged(pull).ruling is Ruling.REJECT


def test_results_edited_by_hand_are_rejected(pull: PullRequest) -> None:
    honest(pull)
    pull.write(ROW, pull.read(ROW).replace("\n", "\n "))
    assert "edited by hand" in reasons(judged(pull))


def test_a_board_edited_by_hand_is_rejected(pull: PullRequest) -> None:
    honest(pull)
    board = pull.read("session.json")
    assert '"speedup": 1.' in board
    pull.write("session.json", board.replace('"speedup": 1.', '"speedup": 2.'))
    report = judged(pull)
    assert rulings(report) == {"common/relu": "NEEDS-DEVICE", "session.json": "REJECT"}
    assert "not the public fold" in reasons(report)


def test_a_board_that_was_not_folded_is_rejected(pull: PullRequest) -> None:
    before = pull.read("session.json")
    honest(pull)
    pull.write("session.json", before)
    assert rulings(judged(pull))["session.json"] == "REJECT"


def test_attestations_are_for_a_person(pull: PullRequest) -> None:
    found = evaluation(OLD, 1.5)
    figures, taken = found.figures, found.samples
    assert figures is not None and taken is not None
    one = {
        "machine": "cd" * 16,
        "attested_at": "2026-01-01T00:00:00+00:00",
        "environment": {"os": "Darwin"},
        "status": "passed",
        "speedup": figures.speedup,
        "speedup_ci": list(figures.speedup_ci or ()),
        "agrees": True,
        "seed_sha256": "0" * 64,
        "samples": {**vars(taken), "blocks": list(taken.blocks)},
    }
    change_row(pull, lambda row: row["provenance"]["attestations"].append(one))
    report = judged(pull)
    assert report.ruling is Ruling.NEEDS_HUMAN and "1 attested" in reasons(report)
    for name, value in [("agrees", False), ("speedup", 3.0), ("attested_at", "2031-01-01")]:
        forged = {**one, name: value}
        change_row(pull, lambda row, it=forged: row["provenance"].update(attestations=[it]))
        assert judged(pull).ruling is Ruling.REJECT, name


def test_a_new_row_brings_no_attestations(pull: PullRequest) -> None:
    attestation = {
        "machine": "cd" * 16,
        "attested_at": "2026-01-01T00:00:00+00:00",
        "environment": {},
        "status": "crashed",
        "speedup": None,
        "speedup_ci": None,
        "agrees": False,
        "seed_sha256": "",
        "samples": None,
    }
    forge(pull, "provenance.attestations", [attestation])
    assert "can only be claimed" in reasons(judged(pull))


def test_a_record_is_not_orphaned_silently(pull: PullRequest) -> None:
    pull.write(RELU, NEW)
    report = judged(pull)
    assert rulings(report) == {"common/relu": "NEEDS-HUMAN"}
    assert "keep it as this chip's Variant" in reasons(report)


def test_a_comment_orphans_nothing(pull: PullRequest) -> None:
    pull.write(RELU, OLD + "// by somebody\n")
    assert judged(pull).ruling is Ruling.ACCEPT


def test_the_last_source_stays(pull: PullRequest) -> None:
    (pull.folder / RELU).unlink()
    assert "nothing solves the kernel" in reasons(judged(pull))


def test_a_copy_is_no_variant(pull: PullRequest) -> None:
    pull.write("metal/kernels/common/relu/m1.metal", NEW)
    pull.write("metal/kernels/common/relu/m2.metal", NEW)
    assert "m1.metal is a copy of" in reasons(judged(pull))


def test_a_kernel_that_nobody_defined_is_rejected(pull: PullRequest) -> None:
    pull.write("metal/kernels/common/no_such.metal", NEW)
    report = judged(pull)
    assert rulings(report) == {"common/no_such": "REJECT"}


MALICIOUS = "import pathlib\npathlib.Path({marker!r}).write_text('run')\n"


def test_a_changed_definition_is_listed_and_never_run(pull: PullRequest, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    bad = MALICIOUS.format(marker=str(marker))
    spec = "mlx/kernels/common/relu.py"
    pull.write(spec, bad + pull.read(spec))
    pull.write("mlx/kernels/common/novel.py", bad)
    pull.write("metal/kernels/common/novel.metal", NEW)
    pull.write("harness/__init__.py", bad)
    pull.write("sitecustomize.py", bad)
    pull.write("setup.py", bad)
    honest(pull)
    report = judged(pull, DeviceBench(devices.open_device("cpu")))
    assert report.exit_code == ExitCode.NEEDS_HUMAN
    assert rulings(report) == dict.fromkeys(["common/novel", "common/relu", "files"], "NEEDS-HUMAN")
    assert f"{spec} changed" in reasons(report) and "harness/__init__.py added" in reasons(report)
    assert "time claimed on" in reasons(report), "the kernel was judged all the same"
    assert not marker.exists()
    compile(bad, spec, "exec")
    exec(bad)
    assert marker.exists(), "the marker is written where the definition is run"


def test_harness_code_with_a_wrong_kernel_is_rejected(pull: PullRequest) -> None:
    pull.write("harness/problem/compare.py", "def compare(*a): return []\n")
    pull.write("metal/kernels/common/relu/m1.metal", WRONG)
    report = judged(pull, DeviceBench(devices.open_device("cpu")))
    assert rulings(report) == {"common/relu": "REJECT", "files": "NEEDS-HUMAN"}
    assert report.exit_code == ExitCode.REFUSED


def test_nothing_changed_is_an_error(pull: PullRequest) -> None:
    with pytest.raises(UserError, match="nothing to verify") as error:
        verify.verify(pull.folder, "main", "pr", FakeBench())
    assert error.value.exit_code == ExitCode.USAGE


def test_code_does_not_judge_itself(pull: PullRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    pull.write("harness/new.py", "")
    pull.commit()
    monkeypatch.setattr(settings, "ROOT", pull.folder)
    with pytest.raises(UserError, match="cannot judge itself") as error:
        verify.verify(pull.folder, "main", "pr", FakeBench())
    assert "git worktree add" in error.value.hint
    pull.git("checkout", "-q", "main")
    with monkeypatch.context() as patch:
        patch.setattr(verify, "_lines", lambda *given: [])
        assert verify.verify(pull.folder, "main", "pr", FakeBench()).lines == ()


def test_the_command(
    pull: PullRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    honest(pull)
    pull.commit()
    page = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    run = verify.verify
    monkeypatch.setattr(
        verify, "verify", lambda root, base, head, bench: run(pull.folder, base, head, FakeBench())
    )
    assert cli.main(["--verify", "main", "--head", "pr"]) == ExitCode.NEEDS_DEVICE
    shown = capsys.readouterr().out
    assert shown.startswith("NEEDS-DEVICE  common/relu  ") and "\nverdict: NEEDS-DEVICE" in shown
    assert "| NEEDS-DEVICE | <code>common/relu</code> |" in page.read_text()
    assert cli.main(["--verify", "--head", "pr", "--markdown"]) == ExitCode.NEEDS_DEVICE
    assert capsys.readouterr().out.startswith("### Verdict: NEEDS-DEVICE")
    for wrong in (["--verify", "a b"], ["--head", "pr"], ["relu", "--markdown"]):
        assert cli.main(wrong) == ExitCode.USAGE


def test_the_samples_of_another_row_are_rejected(pull: PullRequest) -> None:
    """The M4 Max's honest row under the name of another chip."""
    document = json.loads(pull.read(ROW))
    row = document["tracks"]["exact"]["published"]
    document["chip"] = row["run"]["evaluation"]["chip"] = "apple-m2-max"
    row["run"]["evaluation"]["environment"]["device"]["chip"] = "apple-m2-max"
    pull.write("results/apple-m2-max/relu.json", strict_json(document))
    pull.refold()
    report = judged(pull)
    assert report.lines[0].reasons == [
        "apple-m2-max published: its secret seeds are those of another row"
    ]


def test_rows_of_another_set_are_rejected(pull: PullRequest) -> None:
    pull.write(ROW, pull.read(ROW).replace('"set": "common"', '"set": "standard"'))
    pull.refold()
    assert "its set is not common" in reasons(judged(pull))


def test_what_nests_without_end_is_rejected(pull: PullRequest) -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = {"deeper": deep}
    forge(pull, "run.evaluation.environment", lambda env: {**env, "note": deep})
    assert "nested deeper than" in reasons(judged(pull))


def leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of everything in a document, in the order in which it stands there."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*at, key)
        if isinstance(one, dict | list):
            yield from leaves(one, (*at, key))


def test_no_row_makes_the_verifier_fail(pull: PullRequest) -> None:
    """Anything put anywhere in a row gives findings, never an exception."""
    held = records.claimed(documents.to_run(evaluation(NEW, 1.2)), None)
    found = documents.to_run(evaluation(OLD, 1.5))
    row = records.claimed(found, comparison(NEW, 1.2)).model_dump(mode="json")
    kernel, bench, draw = catalog.default().find("relu"), FakeBench(), random.Random(5)
    variant = catalog.Variant("default", Source(OLD, RELU, catalog.sha256_of(OLD)))
    honest_row = Row(
        CHIP, kernel, "exact", "published", records.Record.model_validate(row), variant, held
    )
    assert verify_record.findings(honest_row, bench.redraw) == []
    places = list(leaves(row))
    few = [place for place in places if "blocks" not in place]
    tried = 0
    for _ in range(150):
        changed = copy.deepcopy(row)
        *parents, last = draw.choice(few if draw.random() < 0.7 else places)
        target = changed
        for key in parents:
            target = target[key]
        target[last] = draw.choice([None, "", "x", -1, 0, 1e-300, 1e300, [], {}, [1], {"a": 1}])
        try:
            record = records.Record.model_validate(changed)
        except ValueError:
            continue
        tried += 1
        about = replace(honest_row, record=record)
        findings = verify_record.findings(about, bench.redraw)
        assert all(isinstance(finding, Finding) for finding in findings)
    assert tried > 50


def test_generated_pages_edited_by_hand_are_rejected(pull: PullRequest) -> None:
    pull.write("docs/RULES.md", rules.page())
    assert rulings(judged(pull)) == {"docs/RULES.md": "ACCEPT"}
    pull.write("docs/RULES.md", rules.page() + "CPU rows are welcome.\n")
    report = judged(pull)
    assert rulings(report) == {"docs/RULES.md": "REJECT"}
    assert "not what the code generates" in reasons(report)
    pull.write("harness/board/rules.md", "CPU rows are welcome.\n")
    assert rulings(judged(pull)) == {"docs/RULES.md": "NEEDS-HUMAN", "files": "NEEDS-HUMAN"}


def test_a_board_that_was_stale_is_mended(pull: PullRequest) -> None:
    pull.git("checkout", "-q", "main")
    board = pull.read("session.json")
    pull.write("session.json", "{}")
    pull.commit()
    pull.git("checkout", "-q", "-b", "mended")
    pull.write("session.json", board)
    pull.commit()
    report = verify.verify(pull.folder, "main", "mended", FakeBench())
    assert rulings(report) == {"session.json": "ACCEPT"}
