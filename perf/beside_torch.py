"""Kernels beside torch on the same cores and the same bits of input, in turns.

torch is no part of the environment: where it is not installed, this part says so. It runs in a
process of its own, so that its threads and its allocator are no business of the harness.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from harness import settings
from harness.clock import Duration, Wall
from harness.evaluation import Refusal, Status
from harness.problem import catalog
from harness.problem.bank import Bank, Guise
from harness.problem.oracle import expected
from harness.spec import KernelSpec, Point
from perf import timing
from perf.store import Entry

#: torch's process may have an environment of its own: the folder that `pip --target` filled.
FOLDER = settings.ROOT / ".bench" / "torch"
INSTALL = "python3 setup.py --run -m pip install --target .bench/torch 'torch==2.13.*'"
_LARGEST_ERROR = 1e-3


@dataclass(frozen=True)
class Case:
    """A problem at a size, and the least share of torch's speed that it is to have, if it has a
    bound of its own."""

    kernel: str
    size: str
    point: Mapping[str, float] | None = None
    bound: float | None = None

    @property
    def key(self) -> str:
        """Its name in the data."""
        return f"{self.kernel} {self.size}"

    def at(self, spec: KernelSpec) -> Point:
        """Its dims and parameters."""
        return self.point or catalog.point_of(spec, self.size)


_BOTH = (
    "softmax",
    "layer_norm",
    "rms_norm",
    "gelu",
    "cumsum",
    "conv2d",
    "max_pool2d",
    "group_norm",
)
CASES = (
    *(Case(name, size) for name in _BOTH for size in ("published", "large")),
    Case("softmax_attention", "1024 x 64", {"S": 1024, "D": 64}),
    Case("sqr_mm", "published", bound=0.4),
    Case("sqr_mm", "large", bound=0.4),
)


def measure(case: Case) -> Entry:
    """How many times torch's speed a kernel has."""
    if not _is_installed():
        return {"unable": f"torch is not installed: {INSTALL}"}
    kernel = catalog.default().find(case.kernel)
    with timing.bench(kernel, case.at(kernel.spec), case.size) as found:
        if not isinstance(found, timing.Bench):
            return found
        with TorchSide(kernel.name, found.spec, found.bank) as torch:
            wrong = torch.wrong()
            if wrong:
                return {"unable": wrong}
            return {**found.beside(torch), "version": torch.version}


def _is_installed() -> bool:
    return FOLDER.exists() or importlib.util.find_spec("torch") is not None


class TorchSide:
    """The torch form of a problem at one point, in a process of its own."""

    name = "torch"
    max_instances = 1

    def __init__(self, kernel: str, spec: KernelSpec, bank: Bank) -> None:
        self._spec, self._bank = spec, bank
        self._inputs = bank.inputs(Guise(0, 0))
        self._folder = tempfile.TemporaryDirectory(prefix="performance-")
        for name, values in self._inputs.items():
            np.save(Path(self._folder.name) / f"{name}.npy", values)
        path = os.pathsep.join([str(settings.ROOT), str(FOLDER)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "perf.torch_worker"],
            cwd=settings.ROOT,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = self._ask(kernel=kernel, point=dict(bank.point), folder=self._folder.name)
        self.version = str(ready["version"])

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process that runs torch has ended; it says why above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def wrong(self) -> str:
        """Why torch's form does not compute this problem; empty if it does."""
        due = expected(self._spec, self._bank.point, self._inputs)
        for number, values in enumerate(due):
            got = np.load(Path(self._folder.name) / f"{number}.npy").reshape(values.shape)
            finite = np.isfinite(values)
            if not np.array_equal(got[~finite], values[~finite], equal_nan=True):
                return "torch's form gives other infinities"
            wide = values[finite].astype(np.float64)
            size = float(np.sqrt(np.mean(np.square(wide)))) if wide.size else 0.0
            error = float(np.max(np.abs(got[finite] - wide), initial=0.0))
            if not error <= _LARGEST_ERROR * size:
                return f"torch's form is off by {error:.2g} where values are about {size:.2g}"
        return ""

    def sample(self, instances: int) -> Duration[Wall] | Refusal:
        """The time of one run, as the process that runs it takes it."""
        try:
            return Duration(int(self._ask()["ns"]), Wall)
        except RuntimeError as problem:
            return Refusal(Status.CRASHED, str(problem))

    def overhead(self) -> Duration[Wall]:
        """The time of the smallest operation there is."""
        return Duration(int(self._ask(empty=True)["ns"]), Wall)

    def __enter__(self) -> TorchSide:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        self._process.wait()
        self._folder.cleanup()
