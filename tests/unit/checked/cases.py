"""Small kernels for the checker: one output, one input, one dispatch; and how to check them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from harness import devices
from harness.checking import checked
from harness.checking.checked import CheckReport
from harness.devices.base import Limits, Source
from harness.devices.cpu import CpuDevice
from harness.evaluation import Refusal
from harness.problem.catalog import sha256_of
from harness.problem.header import parse_header
from harness.problem.schedule import Schedule, functions_of, resolve
from harness.spec import Array, Cost, Domain, KernelSpec, Range, Sizes, exact, integers, normal

HEADER = "#include <metal_stdlib>\nusing namespace metal;\n"


@dataclass(frozen=True)
class Case:
    """A kernel `f` from x (N elements) to y (M elements)."""

    body: str
    grid: int = 64
    threadgroup: int = 64
    x: int = 64
    y: int = 64
    dtype: str = "float32"
    header: str = ""
    parameters: str = ""
    before: str = ""  # schedule lines before the dispatch of f
    arguments: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """The whole source; the body starts at column 1 of its own lines."""
        element = {"float32": "float", "int32": "int", "uint32": "uint"}[self.dtype]
        signature = ",".join(
            [
                f"device const {element}* x [[buffer(0)]]",
                f"device {element}* y [[buffer(1)]]",
                *self.arguments,
                "uint gid [[thread_position_in_grid]]",
                "uint t [[thread_index_in_threadgroup]]",
                "uint lane [[thread_index_in_simdgroup]]",
                "uint group [[threadgroup_position_in_grid]]",
                "uint simd [[simdgroup_index_in_threadgroup]]",
            ]
        )
        return f"{HEADER}{self.header}\nkernel void f({signature}) {{\n{self.body}\n}}\n"

    @property
    def first_line(self) -> int:
        """The line on which the body starts."""
        return self.text.split("kernel void f(")[0].count("\n") + 2

    def spec(self) -> KernelSpec:
        """The problem; its oracle is never asked."""
        whole = self.dtype != "float32"
        low = 0 if self.dtype == "uint32" else -1000
        values = integers(low, 1000) if whole else normal()
        return KernelSpec(
            summary="a case",
            function="f",
            reference=lambda x: x,
            oracle=lambda x: np.zeros(self.y),
            inputs={"x": Array(self.x, dtype=self.dtype, values=values)},
            outputs={"y": Array(self.y, dtype=self.dtype)},
            scalars={},
            domain=Domain(ranges={"n": Range(1, 2)}),
            sizes=Sizes(published={"n": 1}, large={"n": 1}, check=[{"n": 1}]),
            tolerance=exact(),
            cost=lambda point: Cost(1, 1),
            schedule=(
                f"{self.before}\ndispatch f grid: {self.grid} 1 1"
                f" threadgroup: {self.threadgroup} 1 1{self.parameters}"
            ).strip(),
        )


def check(case: Case) -> CheckReport:
    """Build a case and check it."""
    device = devices.open_device("cpu")
    assert isinstance(device, CpuDevice)
    source = Source(case.text, "case.metal", sha256_of(case.text))
    spec = case.spec()
    opened = checked.open_checker(
        spec, source, list(functions_of(parse_header(source.text), spec)), device
    )
    assert not isinstance(opened, Refusal), opened
    try:
        header = parse_header(source.text)
        found = resolve(
            header, spec, {"n": 1}, dict.fromkeys(opened.program.functions, Limits(1024, 0))
        )
        assert isinstance(found, Schedule), found
        return opened.check(found, {"n": 1}, "check 0", 1234567)
    finally:
        opened.close()
