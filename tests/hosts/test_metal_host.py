"""The Metal host on the stand-in for Metal: every part, every fault, every planted mistake."""

from __future__ import annotations

import json
import mmap
import os
import platform
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "metal_stand_in"))

import make
import metal_exercise as exercise
from conformance_cases import metal, runner
from gnustep import NoGnustep

from harness.command import cli
from harness.devices.metal import MetalDevice
from harness.evaluator import evaluate
from harness.settings import ROOT, paths
from msl.host_client import HostError, Refused
from msl.signatures import signatures

pytestmark = pytest.mark.host
HOST = ROOT / "host" / "metal"


@pytest.fixture(scope="session")
def program() -> Path:
    """The host linked with the stand-in; skips with the line that gets what is missing."""
    try:
        return make.program()
    except NoGnustep as missing:
        pytest.skip(str(missing))


def outcome(job: str, program: Path) -> str:
    """What is wrong, the end of the host included."""
    try:
        return exercise.JOBS[job](program)
    except HostError as failure:
        return str(failure)


@pytest.mark.parametrize("job", exercise.JOBS)
def test_every_part_works(program: Path, job: str) -> None:
    assert outcome(job, program) == ""


#: A mistake in the host, as an edit; the job that has to notice it, and how it says so.
MISTAKES = json.loads((make.HERE / "mistakes.json").read_text())


def patched(mistake: dict[str, str], folder: Path) -> Path:
    """The host with one mistake in it."""
    copy = folder / "metal"
    shutil.copytree(HOST, copy)
    file = copy / mistake["file"]
    text = file.read_text()
    assert text.count(mistake["old"]) == 1, "the host reads otherwise now: plant it anew"
    file.write_text(text.replace(mistake["old"], mistake["new"]))
    return make.program(copy, folder=folder / "built")


@pytest.mark.parametrize("mistake", MISTAKES, ids=[row["name"] for row in MISTAKES])
def test_a_planted_mistake_is_noticed(
    program: Path, tmp_path: Path, mistake: dict[str, str]
) -> None:
    assert program.is_file()
    assert mistake["says"] in outcome(mistake["noticed_by"], patched(mistake, tmp_path))


VERDICTS = [
    ("compile", "compile_error"),
    ("pipeline", "pipeline_error"),
    ("buffer", "unsupported"),
    ("timeout", "timeout"),
    ("interactivity", "timeout"),
    ("page_fault", "crashed"),
    ("gpu_hang", "crashed"),
    ("stack", "crashed"),
    ("ignored", "crashed"),
    ("unsaid", "crashed"),
    ("resource", "launch_error"),
    ("memory", "unsupported"),
    ("memory_by_code", "unsupported"),
    ("permission", "unsupported"),
]


@pytest.mark.parametrize(("fault", "status"), VERDICTS, ids=[row[0] for row in VERDICTS])
def test_an_error_of_metal_has_its_status(program: Path, fault: str, status: str) -> None:
    assert exercise.verdict(program, fault) == status


def test_a_lost_device_is_no_fact_about_a_kernel(program: Path) -> None:
    with pytest.raises(HostError, match="command buffer error 11"):
        exercise.verdict(program, "removed")


def test_a_compilation_has_a_deadline(program: Path) -> None:
    with exercise.planted("slow_compile"), exercise.host(program) as h:
        reply = h.load("bind", deadline_ms=300)
        assert isinstance(reply, Refused) and reply.status == "timeout"


def test_a_validated_run_reports_what_the_layer_says(program: Path) -> None:
    layer = exercise.environment(MTL_SHADER_VALIDATION="1")
    with exercise.planted("validation"), layer, exercise.host(program) as h:
        h.load("bind")
        h.bind(exercise.BIND)
        reply = h.run()
        assert isinstance(reply, Refused) and reply.status == "out_of_bounds"
        assert "Invalid device store" in reply.reason


BAD_REQUESTS = [
    ("load", {}),
    ("load", {"library": "/nowhere.metal", "functions": []}),
    ("bind", {}),
    ("run", {"first": 0, "count": 1, "deadline_ms": 1}),
    ("hello", {"version": 2}),
    ("hello", {"version": 1, "more": 1}),
    ("load", {"library": "x", "functions": [], "checked": 1}),
    ("nothing", {}),
]


@pytest.mark.parametrize(("op", "fields"), BAD_REQUESTS)
def test_a_wrong_request_is_a_fault(program: Path, op: str, fields: dict[str, object]) -> None:
    with exercise.host(program) as h, pytest.raises(HostError):
        h.ask(op, **fields)


def test_it_compiles_for_an_apple_silicon_mac_and_a_misspelt_selector_does_not(
    tmp_path: Path,
) -> None:
    for source in HOST.glob("*.m"):
        make.for_apple(source, tmp_path / f"{source.stem}.o")
        magic = (tmp_path / f"{source.stem}.o").read_bytes()[:8]
        assert magic == bytes.fromhex("cffaedfe0c000001")  # Mach-O, arm64
    bad = tmp_path / "dispatch.m"
    text = (HOST / "dispatch.m").read_text()
    bad.write_text(text.replace("threadsPerThreadgroup:", "threadsPerThreadGroup:", 1))
    with pytest.raises(make.CompileError, match="threadsPerThreadGroup"):
        make.for_apple(bad, tmp_path / "bad.o")


#: A sample; `make mac-dry-run` runs every family.
FAMILIES = ("atomics", "function_constants", "matrices", "simd_divergent")


@pytest.mark.parametrize("family", FAMILIES)
def test_conformance(program: Path, family: str) -> None:
    assert metal.problems_of(program, family) == {}


def test_bench_judges_and_saves_nothing(program: Path, home: Path) -> None:
    options = ("--device", "metal", "--check-only", "--json")
    done = subprocess.run(
        [ROOT / "bench", "relu,softmax", *options], capture_output=True, text=True, timeout=200
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    for row in rows:
        assert (row["device"], row["chip"], row["status"]) == ("metal", "stand-in", "passed")
        assert row["flags"] == ["virtual"]
        assert len(row["environment"]["device"]["host_sha256"]) == 64
        assert len(row["environment"]["transcript_sha256"]) == 64
    assert not paths().results.exists() and not paths().session.exists()


#: What Linux has and a Mac has not, as far as any of it is used anywhere here.
LINUX = ((os, "memfd_create"), (os, "sched_getaffinity"), (resource, "prlimit"))
LINUX += ((mmap, "MADV_HUGEPAGE"),)


def test_nothing_of_linux_is_needed_on_a_mac(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judging and timing with the host alone: a Mac has neither memfd nor the portable host."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setenv("METAL_BENCH_METAL_HOST", str(program))
    for module, name in LINUX:
        monkeypatch.delattr(module, name)
    found = evaluate(
        "softmax", None, device=MetalDevice(), mode="screen", sizes=("rows=3,cols=37",)
    )
    assert (found.status.value, found.chip) == ("passed", "stand-in"), found.reason
    assert found.figures is not None and found.figures.device is not None
    assert found.warnings == ("unsupported: the checked build runs on Linux alone",)


def test_a_capture_is_named_and_holds_the_schedule(
    program: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METAL_BENCH_METAL_HOST", str(program))
    options = ["--gputracer", "relu,dot_product", "--device", "metal", "--size", "check"]
    assert cli.main(options) == 0
    said = capsys.readouterr()
    assert "wrote .bench/traces/relu-check.gputrace" in said.out
    assert "MTL_CAPTURE_ENABLED=1" in said.err and "virtual: no GPU ran this" in said.err
    found = json.loads(
        (home / ".bench/traces/dot_product-check.gputrace/commands.json").read_text()
    )
    assert [command["function"] for command in found] == ["dot_product_f32", "dot_product_finish"]


def test_a_wrong_kernel_is_refused(program: Path, tmp_path: Path) -> None:
    text = (ROOT / "metal" / "kernels" / "common" / "relu.metal").read_text()
    bad = tmp_path / "bad.metal"
    bad.write_text(text.replace("kernel void", "kernel voyd", 1))
    options = ("--file", str(bad), "--device", "metal", "--check-only", "--json")
    done = subprocess.run(
        [ROOT / "bench", "relu", *options], capture_output=True, text=True, timeout=200
    )
    row = json.loads(done.stdout)
    assert (row["status"], done.returncode) == ("compile_error", 1)


def test_without_the_means_the_exit_code_is_3(tmp_path: Path) -> None:
    variables = {**os.environ, "METAL_BENCH_METAL_HOST": str(tmp_path / "absent")}
    done = subprocess.run(
        [ROOT / "bench", "relu", "--device", "metal"],
        capture_output=True, text=True, timeout=100, env=variables,
    )  # fmt: skip
    assert done.returncode == 3 and "METAL_BENCH_METAL_HOST" in done.stderr


def test_reflection_agrees_with_the_compiler() -> None:
    for family in ("barriers", "function_constants"):
        path = runner.FOLDER / f"{family}.metal"
        found = signatures(
            path.read_text(), name=path.name, include_roots=[], cache_dir=paths().build
        )
        assert not isinstance(found, str)
        assert set(found) >= {case["function"] for case in runner.load(family)}
