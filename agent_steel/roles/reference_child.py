"""Loads and calls an external reference; runs in a child process only (child.py)."""

from __future__ import annotations

import importlib.util
import inspect
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from agent_steel.roles.reference import FUNCTIONS, Kind
from harness.problem.arguments import call_by_name
from harness.problem.dtypes import ELEMENTS

Values = npt.NDArray[Any]
#: What a file of somebody else's may raise when it is run.
FAULTS = (Exception,)
_SEEDS = (1, 2)


def load(path: str) -> ModuleType:
    """The module of a file."""
    spec = importlib.util.spec_from_file_location("external_reference", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {Path(path).name}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Called:
    """A reference that can be called with the inputs of a problem, by name."""

    def __init__(self, path: str) -> None:
        self._module = load(path)
        self.kind: Kind = "model" if hasattr(self._module, "Model") else "function"
        self.function: Callable[..., Any] | None = next(
            (getattr(self._module, n) for n in FUNCTIONS if hasattr(self._module, n)), None
        )
        self.model: Any = None

    def made(self) -> Any:
        """A fresh model, in evaluation mode, seeded."""
        seed(_SEEDS[0])
        found = self._module.Model(*self._module.get_init_inputs())
        return found.eval()

    def arguments(self, number: int) -> list[Any]:
        """What `get_inputs` gives with one of two seeds."""
        seed(_SEEDS[number])
        return list(self._module.get_inputs())

    def __call__(self, values: Mapping[str, Any]) -> tuple[Values, ...]:
        """Outputs for inputs, scalars and dims by name; floating inputs are float64."""
        if self.kind == "function":
            if self.function is None:
                raise TypeError("it defines no function to call")
            return as_arrays(call_by_name(self.function, self._converted(values)))
        import torch

        if self.model is None:
            self.model = self.made().double()
        bind_parameters(self.model, values)
        names = list(inspect.signature(self.model.forward).parameters)
        missing = [name for name in names if name not in values]
        if missing:
            raise KeyError(f"forward() takes {', '.join(missing)}, which is no input of the SPEC")
        given = [tensor_of(values[name]) for name in names]
        with torch.no_grad():
            return as_arrays(self.model(*given))

    def _converted(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Tensors for a function that is written with torch, arrays for any other."""
        if not hasattr(self._module, "torch"):
            return dict(values)
        return {n: tensor_of(v) if isinstance(v, np.ndarray) else v for n, v in values.items()}


def input_name(parameter: str) -> str:
    """The input of a problem that a parameter of a model is: `conv.weight` is `conv_weight`."""
    return parameter.replace(".", "_")


def tensors_of(model: Any) -> dict[str, Any]:
    """Parameters and buffers by the names of inputs."""
    found = [*model.named_parameters(), *model.named_buffers()]
    return {input_name(name): tensor for name, tensor in found}


def is_input(tensor: Any) -> bool:
    """Whether a problem has to have it; counters such as num_batches_tracked change no result."""
    return bool(tensor.is_floating_point())


def bind_parameters(model: Any, values: Mapping[str, Any]) -> None:
    """Put the problem's inputs in the place of a model's parameters and buffers."""
    for name, tensor in tensors_of(model).items():
        if name in values:
            tensor.data = tensor_of(values[name])
        elif is_input(tensor):
            shape = list(tensor.shape)
            raise KeyError(f"parameter {name} of shape {shape} is no input of the SPEC")


def tensor_of(value: Any) -> Any:
    """A tensor that owns its memory; numbers stay numbers."""
    import torch

    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value


def as_arrays(result: Any) -> tuple[Values, ...]:
    """One array or tensor or several, as arrays."""
    parts: Sequence[Any] = result if isinstance(result, tuple | list) else (result,)
    return tuple(
        np.asarray(part.detach().cpu().numpy() if hasattr(part, "detach") else part)
        for part in parts
    )


def seed(value: int) -> None:
    """Every generator that a reference may draw from."""
    random.seed(value)
    np.random.seed(value)
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.manual_seed(value)


def describe(path: str) -> dict[str, Any]:
    """Task: arguments, parameters and outputs with shapes and dtypes."""
    try:
        called = Called(path)
        if called.kind == "function":
            if called.function is None:
                return {"error": "it defines no function to call"}
            return {"kind": "function", "arguments": list(_names(called.function))}
        model = called.made()
        return _described(model, called.arguments(0))[0]
    except FAULTS as problem:
        return {"error": _told(problem)}


def _described(model: Any, arguments: list[Any]) -> tuple[dict[str, Any], tuple[Values, ...]]:
    import torch

    with torch.no_grad():
        outputs = as_arrays(model(*arguments))
    named = zip(_names(model.forward), arguments, strict=False)
    return {
        "kind": "model",
        "arguments": {name: _shape(value) for name, value in named},
        "parameters": {n: _shape(t) for n, t in tensors_of(model).items() if is_input(t)},
        "outputs": [{"shape": list(one.shape), "dtype": str(one.dtype)} for one in outputs],
    }, outputs


def _names(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def _shape(value: Any) -> dict[str, Any]:
    if hasattr(value, "shape"):
        return {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")}
    return {"value": value if isinstance(value, int | float | bool) else str(value)}


def survey(path: str) -> dict[str, Any]:
    """Task: whether a model file can be made a problem."""
    try:
        status, reason, description = _survey(Called(path))
    except FAULTS as problem:
        status, reason, description = "unsupported", _told(problem), {}
    return {"status": status, "reason": reason, "description": description}


def _survey(called: Called) -> tuple[str, str, dict[str, Any]]:
    if called.kind == "function":
        return "supported", "", {"kind": "function"}
    model = called.made()
    first, second = called.arguments(0), called.arguments(1)
    description, outputs = _described(model, first)
    unknown = [
        f"{name}: {shown['dtype']}"
        for name, shown in description["arguments"].items()
        if "dtype" in shown and shown["dtype"] not in ELEMENTS
    ]
    if unknown:
        return "unsupported", f"no buffer type for {', '.join(unknown)}", description
    again = _described(model, first)[1]
    if not _same(outputs, again):
        return "unsupported", "the same inputs give other results", description
    other = _described(model, second)[1]
    if _same(outputs, other):
        return "trivial", "the result does not depend on the inputs", description
    given = [value for value in as_arrays([a for a in first if hasattr(a, "shape")])]
    if len(outputs) == 1 and any(_same(outputs, (value,)) for value in given):
        return "trivial", "the result is one of the inputs", description
    return "supported", "", description


def _same(a: tuple[Values, ...], b: tuple[Values, ...]) -> bool:
    return len(a) == len(b) and all(
        x.shape == y.shape and bool(np.array_equal(x, y, equal_nan=x.dtype.kind == "f"))
        for x, y in zip(a, b, strict=True)
    )


def _told(problem: Exception) -> str:
    """One line, without the path of the file."""
    text = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {text[0][:300] if text else ''}".rstrip(": ")
