"""Two kernels whose difference is known: one does the work of 3 % of its threadgroups twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from harness import devices
from harness.checking import trial
from harness.devices.base import Source
from harness.evaluation import Refusal
from harness.problem import catalog, inputs
from harness.problem.bank import Bank
from harness.problem.catalog import Kernel
from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Sizes, exact
from harness.timing.kernel_side import KernelSide

#: Threadgroups of 64 threads; a multiple of 100, so that 3 % of them is a whole number.
GROUPS = 400
THREADS = 64 * GROUPS
#: What one run should take: whole runs are timed directly, not by slopes.
RUN_MS = 2.5

#: `never` is 0, which the compiler cannot know: both kernels get the same code.
_SOURCE = """// Rounds of an integer hash a thread: the time is arithmetic, and every bit is known.
#include <metal_stdlib>
using namespace metal;

inline uint scrambled(uint v, uint rounds) {
  for (uint k = 0; k < rounds; ++k) {
    v ^= v >> 16;
    v = v * 0x7feb352du + k;
  }
  return v;
}

kernel void hash_u32(device const uint* x [[buffer(0)]], device uint* y [[buffer(1)]],
                     constant uint& rounds [[buffer(2)]], constant uint& never [[buffer(3)]],
                     uint i [[thread_position_in_grid]],
                     uint group [[threadgroup_position_in_grid]]) {
  uint v = scrambled(x[i], rounds);
  if (group % 100 < REPEATED + never) v ^= scrambled(x[i] + 1, rounds) & never;
  y[i] = v;
}
"""


def source(slowed_percent: int) -> Source:
    """The kernel, with that share of its threadgroups working twice."""
    text = _SOURCE.replace("REPEATED", str(slowed_percent))
    return Source(text, "<known pair>", catalog.sha256_of(text))


def _oracle(x: np.ndarray, rounds: int) -> np.ndarray:
    v = x.astype(np.uint32)
    for k in range(int(rounds)):
        v ^= v >> np.uint32(16)
        v = v * np.uint32(0x7FEB352D) + np.uint32(k)
    return v


def _unused(x: object) -> object:
    raise AssertionError("this problem has no MLX side")


def _words(rng: np.random.Generator, shape: tuple[int, ...], point: object) -> np.ndarray:
    return rng.integers(0, 1 << 32, shape, dtype=np.uint32)


def problem(rounds: int) -> Kernel:
    """The problem at a number of rounds."""
    size = {"n": THREADS, "rounds": rounds}
    spec = KernelSpec(
        summary="rounds of an integer hash",
        function="hash_u32",
        reference=_unused,
        oracle=_oracle,
        inputs={"x": Array("n", dtype="uint32", values=_words)},
        outputs={"y": Array("n", dtype="uint32")},
        scalars={"rounds": Scalar("uint32", "rounds"), "never": Scalar("uint32", "0")},
        domain=Domain({"n": Range(1, THREADS), "rounds": Range(1, 1 << 20)}),
        sizes=Sizes(published=size, large=size, check=[{"n": 64, "rounds": 3}]),
        tolerance=exact(),
        cost=lambda point: Cost(flops=0, bytes=8 * point["n"]),
        schedule="grid: n 1 1\nthreadgroup: 64 1 1",
    )
    return Kernel("known_pair", "trust", spec, Path(__file__))


@contextmanager
def side(kernel: Kernel, slowed_percent: int, secret: int) -> Iterator[KernelSide]:
    """A judged candidate, ready to be timed, on values that follow from `secret`."""
    request = trial.Request(
        kernel=kernel,
        source=source(slowed_percent),
        variant="default",
        device=devices.open_device("cpu"),
        size="published",
        point=kernel.spec.sizes.published,
        mode="record",
        secret=secret,
    )
    found = trial.judged(request)
    try:
        if found.candidate is None or found.judged is None:
            raise RuntimeError(f"the known kernel was refused: {found.wrong}")
        bank = Bank(kernel.spec, request.point, secret, "timing")
        yield KernelSide(found.candidate, found.judged.schedule, bank, secret)
    finally:
        found.close()


def calibrated() -> Kernel:
    """The problem with as many rounds as make one run last about RUN_MS here."""
    rounds = 256
    kernel = problem(rounds)
    with side(kernel, 0, inputs.new_secret()) as probe:
        times = []
        for _ in range(20):
            took = probe.sample(1)
            if isinstance(took, Refusal):
                raise RuntimeError(f"the known kernel was refused: {took.reason}")
            times.append(took.ms)
    return problem(max(1, round(rounds * RUN_MS / min(times))))
