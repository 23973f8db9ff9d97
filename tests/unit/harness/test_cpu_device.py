"""The `cpu` device: MSL compiled and run for real, and faults of the supervisor."""

from __future__ import annotations

import os
import signal
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from examples_of_kernels import double_spec, kernel, source

from harness import devices, evaluate
from harness.checking.judge import Candidate, prepare
from harness.devices import cpu, host_client
from harness.devices.cpu import CpuDevice
from harness.devices.host_client import Supervisor
from harness.errors import HostFailure
from harness.evaluation import Evaluation, Refusal, Status
from harness.problem import catalog

DOUBLE = """//! threadgroup: 32
#include <metal_stdlib>
using namespace metal;
kernel void double_f32(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                       constant uint& N [[buffer(2)]], uint i [[thread_position_in_grid]])
{
    if (i < N) y[i] = 2.0f * x[i];
}
"""


@pytest.fixture(scope="module")
def device() -> CpuDevice:
    opened = devices.open_device("cpu")
    assert isinstance(opened, CpuDevice)
    return opened


def check(text: str, device: CpuDevice) -> Evaluation:
    return evaluate(kernel(), source(text), device=device, mode="check")


@pytest.mark.host
class TestReal:
    """What needs the host's programs and a compiler."""

    def test_facts(self, device: CpuDevice) -> None:
        facts = device.facts()
        assert str(facts["chip"]).startswith("cpu-")
        assert facts["clock"] == "wall" and facts["threads"] >= 1 and facts["engine"] == "auto"

    def test_an_honest_kernel_passes(self, device: CpuDevice) -> None:
        found = check(DOUBLE, device)
        assert found.status is Status.PASSED, found.reason
        assert found.engine == "fast"

    @pytest.mark.parametrize(
        ("old", "new", "status"),
        [
            ("i < N", "i + 1 < N", Status.NOT_WRITTEN),
            ("2.0f", "2.001f", Status.WRONG_VALUES),
            ("2.0f * x[i]", "sqrt(-1.0f - x[i] * x[i])", Status.NONFINITE),
            ("if (i < N) y[i]", "if (i < N) y[i + 1] = y[i]", Status.OUT_OF_BOUNDS),
            ("y[i] =", "while (true) *(volatile device float*)(y + i) =", Status.TIMEOUT),
            ("y[i] = 2.0f", "*(device float*)(size_t(i)) = 2.0f", Status.CRASHED),
            ("float* y", "half* y", Status.PIPELINE_ERROR),
            ("double_f32", "triple_f32", Status.PIPELINE_ERROR),
            ("x[i];", "x[i]", Status.COMPILE_ERROR),
            ("threadgroup: 32", "threadgroup: 2048", Status.LAUNCH_ERROR),
            ("threadgroup: 32", "thredgroup: 32", Status.COMPILE_ERROR),
        ],
    )
    def test_faults_get_their_status(
        self,
        old: str,
        new: str,
        status: Status,
        device: CpuDevice,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("harness.checking.judge.CHECK_DEADLINE_MS", 500)
        assert old in DOUBLE
        found = check(DOUBLE.replace(old, new, 1), device)
        assert found.status is status, found.reason
        assert found.reason

    def test_compile_errors_have_a_place(self, device: CpuDevice) -> None:
        found = check(DOUBLE.replace("x[i];", "x[i]"), device)
        assert "double.metal:7:" in found.reason
        found = check(DOUBLE.replace("double_f32", "triple_f32"), device)
        assert found.reason == "no kernel function 'double_f32'; the source has triple_f32"

    def test_a_source_without_a_kernel(self, device: CpuDevice) -> None:
        found = check("float f(float x) { return x; }", device)
        assert found.status is Status.PIPELINE_ERROR
        assert "the source has no kernel" in found.reason

    def test_the_supervisors_death_is_a_failure_of_the_host(self, device: CpuDevice) -> None:
        candidate = prepare(double_spec(), source(DOUBLE), device)
        assert isinstance(candidate, Candidate)
        session = candidate.session
        assert isinstance(session, host_client.HostSession)
        os.kill(session._supervisor.pid, signal.SIGKILL)
        with pytest.raises(HostFailure, match="the host failed"):
            session.freeze()
        candidate.close()

    def test_a_build_is_cached_by_content(self, device: CpuDevice) -> None:
        first = device.build(source(DOUBLE + "// a"), ["double_f32"])
        again = device.build(source(DOUBLE + "// a"), ["double_f32"])
        assert not isinstance(first, Refusal) and not isinstance(again, Refusal)
        assert again.cached and again.library == first.library
        assert again.functions["double_f32"].parameters[0] == ("x", "device const float *")

    def test_a_kernel_of_the_catalog_at_a_size_of_ones_own(self, device: CpuDevice) -> None:
        known = catalog.default().find("relu")
        found = evaluate(known, device=device, mode="check", sizes=("rows=3,cols=11",))
        assert found.status is Status.PASSED, found.reason
        assert np.isfinite(found.max_abs_err or 0.0)


def script(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "host"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("read line; echo '{\"ok\": tru'", "answered nonsense"),
        ("read line; echo '[]'", "answered nonsense"),
        ('read line; echo \'{"ok": false, "status": "quux", "reason": ""}\'', "nonsense"),
        ('read line; echo \'{"ok": false, "fault": "out of cheese"}\'', "out of cheese"),
        ("read line; exit 3", "ended during 'hello'"),
        ("read line; echo 'a word for people' >&2; exit 3", "ended during 'hello'"),
        ("exec sleep 30", "did not answer 'hello' in time"),
    ],
)
def test_nonsense_is_a_failure_of_the_host(
    body: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("msl.host_client.GRACE_S", 0.2)
    supervisor = Supervisor(script(tmp_path, body))
    with pytest.raises(HostFailure) as caught:
        supervisor.request("hello", 100, version=1)
    assert said in caught.value.message
    if "people" in body:
        assert caught.value.hint == "a word for people"
    supervisor.close()


def test_a_refusal_is_a_value(tmp_path: Path) -> None:
    reply = 'echo \'{"ok": false, "status": "timeout", "reason": "late"}\''
    supervisor = Supervisor(script(tmp_path, f"read line; {reply}; read line"))
    assert supervisor.request("run", 1000) == Refusal(Status.TIMEOUT, "late")
    supervisor.close()


def test_a_missing_program_is_a_failure_of_the_host(tmp_path: Path) -> None:
    with pytest.raises(HostFailure, match="cannot start"):
        Supervisor(tmp_path / "none")


def test_two_threads_never_get_one_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches side by side share the device, which keeps a supervisor ready."""
    shared = CpuDevice()
    shared.facts()
    both = threading.Barrier(2, timeout=20)
    given: list[Supervisor] = []

    class Session:
        def __init__(self, supervisor: Supervisor) -> None:
            given.append(supervisor)

        def load(self, program: object, **options: object) -> None:
            both.wait()

    monkeypatch.setattr(cpu, "HostSession", Session)
    program: Any = None
    with ThreadPoolExecutor(2) as pool:
        opened = [
            pool.submit(shared.open, program, threads=1, memory_limit_bytes=1) for _ in range(2)
        ]
        for one in opened:
            one.result()
    assert given[0] is not given[1]
    for supervisor in given:
        supervisor.close()
