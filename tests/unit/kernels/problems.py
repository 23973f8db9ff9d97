"""The definitions at a point, as the tests beside this file use them: inputs, answers, verdicts."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.evaluation import Refusal
from harness.problem import oracle
from harness.problem.arguments import as_tuple, call_by_name
from harness.problem.bank import draw
from harness.problem.binding import rounded
from harness.problem.compare import Run, compare
from harness.spec import KernelSpec, Point

ROOT = Path(__file__).resolve().parents[3]
Values = npt.NDArray[Any]
SETS = {
    "common": (
        *("relu", "gelu", "softmax", "layer_norm", "rms_norm", "sqr_mm", "matvec", "dot_product"),
        *("cumsum", "transpose_2d", "argmax", "conv2d", "embedding"),
    ),
    "standard": ("softmax_attention", "swiglu"),
}
NAMES = {name: kernel_set for kernel_set, names in SETS.items() for name in names}


def definition(name: str) -> Path:
    """The file that defines a problem."""
    return ROOT / "mlx" / "kernels" / NAMES[name] / f"{name}.py"


def variants_of(kernel_set: str, name: str) -> list[Path]:
    """The files that solve a problem: one for all chips, or a folder of them."""
    folder = ROOT / "metal" / "kernels" / kernel_set
    flat = folder / f"{name}.metal"
    return [flat] if flat.exists() else sorted((folder / name).glob("*.metal"))


def load(name: str) -> KernelSpec:
    """The SPEC of a problem, loaded by path."""
    found = importlib.util.spec_from_file_location(f"tested_definition_{name}", definition(name))
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    spec = module.SPEC
    assert isinstance(spec, KernelSpec)
    return spec


SPECS = {name: load(name) for name in NAMES}


@dataclass(frozen=True)
class Case:
    """One problem at one point with one set of inputs."""

    spec: KernelSpec
    point: Point
    inputs: dict[str, Values]

    @property
    def expected(self) -> Values:
        """What the oracle says; every problem here has one output."""
        (values,) = oracle.expected(self.spec, self.point, self.inputs)
        return values

    def call(self, function: Callable[..., Any], inputs: Mapping[str, Any]) -> Values:
        """The one output of a function of the SPEC, called as the harness calls it."""
        names = oracle.names_at(self.spec, self.point)
        (result,) = as_tuple(call_by_name(function, {**names, **inputs}))
        return np.asarray(result)

    def refusal(self, got: Values) -> Refusal | None:
        """Why the harness refuses these values, None if it admits them."""
        (name,) = self.spec.outputs
        with np.errstate(over="ignore"):
            stored = np.ascontiguousarray(got, dtype=np.float32)
        (found,) = compare(self.spec, self.point, self.inputs, [Run({name: stored}, None)])
        return found.refusal


def widened(inputs: Mapping[str, Values]) -> dict[str, Values]:
    """Inputs as an oracle sees them."""
    return {name: values.astype(np.float64) for name, values in inputs.items()}


def case_of(spec: KernelSpec, point: Point, seed: int = 1) -> Case:
    """A problem at a point, with inputs as the harness draws them."""
    exact = rounded(point)
    return Case(spec, exact, draw(spec, exact, seed, "test", 0))


def case(name: str, point: Point, seed: int = 1) -> Case:
    """The same by name."""
    return case_of(SPECS[name], point, seed)


#: (name, number of the check point) of every problem.
CHECKS = [(name, index) for name, spec in SPECS.items() for index in range(len(spec.sizes.check))]
