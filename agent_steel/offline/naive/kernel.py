"""The plain kernel of a SPEC: which thread makes what, its signature, its header lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agent_steel.offline.naive import tracing
from agent_steel.offline.naive.tensors import Tensor, ravelled
from agent_steel.offline.naive.terms import Term, Unsupported, free_indices, walk
from agent_steel.offline.naive.writing import Writer
from agent_steel.offline.view import same_extent
from harness.problem.binding import binding_table, depends_on_geometry
from harness.problem.dtypes import element_of
from harness.spec import KernelSpec

#: element: no loop; row: what a row's elements share, or the one number that it comes to; nest:
#: every element of a plane or volume has loops of its own, as in products, convolutions, pools.
Family = Literal["element", "row", "nest"]
_LINE, _PLANE = "256 1 1", "32 8 1"
_NAMES = "xyz"


@dataclass(frozen=True)
class Naive:
    """A plain kernel, and to which family it belongs."""

    source: str
    family: Family


def naive_kernel(spec: KernelSpec) -> Naive:
    """One thread an element, or a row where elements share a fold; straight loops, nothing clever.

    Raises Unsupported with the operation, extent or scalar that stands in the way.
    """
    if len(spec.outputs) != 1:
        raise Unsupported("more than one output")
    ((name, tensor),) = tracing.traced(spec).items()
    shape = spec.outputs[name].shape
    if len(shape) != tensor.ndim:
        raise Unsupported("an output of another rank than the reference's")
    made = _linear(spec, name, tensor) or _Threads(spec, name, tensor).written()
    return made


class Dims:
    """What in a kernel's arguments tells a dim: a scalar, or a quotient of two."""

    def __init__(self, spec: KernelSpec) -> None:
        self.spec = spec
        self.known = tracing.dims_in_arguments(spec)
        named = {"published": spec.sizes.published, "large": spec.sizes.large_point()}
        self.sizes: Mapping[str, Mapping[str, float]] = named

    def scalar_for(self, extent: str) -> str:
        """The scalar that always has the value of an expression, "" if none has."""
        found = (n for n, value in self.known.items() if same_extent(value, extent, self.sizes))
        return next(found, "")

    def __call__(self, dim: str) -> str:
        """The text of a dim in the kernel."""
        direct = self.scalar_for(dim)
        if direct:
            return direct
        for whole, value in self.known.items():
            for part, other in self.known.items():
                if same_extent(value, f"({other}) * {dim}", self.sizes):
                    return f"({whole} / {part})"
        raise Unsupported(f"no scalar of the kernel tells {dim}")


def _linear(spec: KernelSpec, name: str, tensor: Tensor) -> Naive | None:
    """Element by element in memory order, where shapes do not matter."""
    if tensor.flat is None or not tensor.shape:
        return None
    item = Term("index", (), "i", "int")
    value = tensor.flat(item)
    if any(one.op in ("fold", "scan") for one in walk(value)):
        return None
    dims = Dims(spec)
    extent = " * ".join(_grouped(str(one)) for one in spec.outputs[name].shape)
    writer = Writer(dims, {*binding_table(spec), "i"})
    guard = dims.scalar_for(extent)
    if guard:
        writer.say(f"if (i >= {guard}) return;")
    text = _converted(spec, name, writer.settled(value, frozenset((item,))))
    writer.say(f"{name}[i] = {text};")
    kernel = _assembled(spec, ("uint", "i"), (extent,), writer.lines, "One thread an element.")
    return Naive(kernel, "element")


class _Threads:
    """A thread for every place on the axes that folds depend on; the other axes are loops."""

    def __init__(self, spec: KernelSpec, name: str, tensor: Tensor) -> None:
        self.spec, self.name, self.tensor = spec, name, tensor
        self.dims = Dims(spec)
        self.extents = [str(one) for one in spec.outputs[name].shape]
        self.axes = [
            Term("index", (), f"at_{extent}" if extent.isidentifier() else f"at_{axis}", "int")
            for axis, extent in enumerate(self.extents)
        ]
        if len(set(self.axes)) < len(self.axes):
            self.axes = [Term("index", (), f"at_{n}", "int") for n in range(len(self.axes))]
        self.value = tensor.at(self.axes)

    def written(self) -> Naive:
        """The kernel."""
        outside = [one for one in walk(self.value, into_folds=False) if one.op in ("fold", "scan")]
        scans = [one for one in outside if one.op == "scan"]
        if len(scans) > 1 or any(one.op == "scan" for f in outside for one in walk(f.parts[2])):
            raise Unsupported("more than one scan, or a scan inside a fold")
        chosen = self._chosen(outside, scans)
        if not chosen:
            raise Unsupported("one result for the whole array, which one thread would have to sum")
        loops = [n for n in range(len(self.axes)) if n not in chosen]
        taken = {*binding_table(self.spec), *(one.text for one in self.axes), "position"}
        writer = Writer(self.dims, taken)
        position = self._positions(writer, chosen)
        self._body(writer, loops, scans)
        family: Family = "row" if outside else "element"
        if outside and not loops and len(chosen) > 1:
            family = "nest"
        across = bool(loops) and loops[-1] != len(self.axes) - 1
        what = "a column" if across else "a row" if family == "row" else "an element"
        extents = tuple(self.extents[n] for n in chosen)
        source = _assembled(self.spec, position, extents, writer.lines, f"One thread {what}.")
        return Naive(source, family)

    def _chosen(self, outside: Sequence[Term], scans: Sequence[Term]) -> list[int]:
        """The axes over which threads lie."""
        needed: set[Term] = set()
        for one in outside:
            needed |= free_indices(one)
        if scans:
            if scans[0].parts[3] != self.axes[-1]:
                raise Unsupported("a scan that is read elsewhere")
            if any(self.axes[-1] in free_indices(f) for f in outside if f.op == "fold"):
                raise Unsupported("a fold for every place of a scan")
            needed = set(self.axes[:-1])
        elif not outside:
            needed = set(self.axes)
        return [n for n, axis in enumerate(self.axes) if axis in needed]

    def _positions(self, writer: Writer, chosen: Sequence[int]) -> tuple[str, str]:
        """The parameter that tells a thread its place; the last axis lies along x."""
        if len(chosen) == 1:
            return "uint", self.axes[chosen[0]].text
        *outer, y, x = chosen
        writer.say(f"const uint {self.axes[x].text} = position.x;")
        writer.say(f"const uint {self.axes[y].text} = position.y;")
        rest = "position.z"
        for n in reversed(outer):
            extent = writer.text(tracing.expression(self.extents[n])) if n != outer[0] else ""
            text = f"{rest} % ({extent})" if extent else rest
            writer.say(f"const uint {self.axes[n].text} = {text};")
            rest = f"{rest} / ({extent})"
        return ("uint3" if outer else "uint2"), "position"

    def _body(self, writer: Writer, loops: Sequence[int], scans: Sequence[Term]) -> None:
        bound = frozenset(axis for n, axis in enumerate(self.axes) if n not in loops)
        shape = tuple(tracing.expression(one) for one in self.extents)
        place = writer.text(ravelled(self.axes, shape))

        def store(value: str) -> str:
            return f"{self.name}[{place}] = {_converted(self.spec, self.name, value)};"

        if scans:
            writer.scan(self.value, bound, scans[0], store)
            return
        writer.folds(self.value, bound)
        for n in loops:
            writer.open(self.axes[n], shape[n])
            bound |= {self.axes[n]}
        writer.say(store(writer.settled(self.value, bound)))
        for _ in loops:
            writer.close()


def _converted(spec: KernelSpec, name: str, value: str) -> str:
    kind = element_of(spec.outputs[name].dtype).msl[0]
    return value if kind == "float" else f"{kind}({value})"


def _grouped(extent: str) -> str:
    return extent if extent.isalnum() or extent.isidentifier() else f"({extent})"


def _assembled(
    spec: KernelSpec,
    position: tuple[str, str],
    extents: Sequence[str],
    lines: Sequence[str],
    idea: str,
) -> str:
    """Header lines, signature and body."""
    *outer, last = extents if position[0] != "uint" else (extents[-1],)
    grid = [last, outer[-1] if outer else "1", "1"]
    if len(outer) > 1:
        grid[2] = " * ".join(_grouped(one) for one in outer[:-1])
    parameters = []
    for number, name in enumerate(binding_table(spec)):
        if name in spec.scalars:
            scalar = spec.scalars[name]
            kind = f"constant {element_of(scalar.dtype).msl[0]} &{name}"
            if depends_on_geometry(scalar) and "grid" not in scalar.value:
                raise Unsupported(f"scalar {name} follows the dispatch")
        else:
            const = "const " if name not in spec.outputs else ""
            array = spec.outputs.get(name) or spec.inputs[name]
            kind = f"device {const}{element_of(array.dtype).msl[0]} *{name}"
        parameters.append(f"{kind} [[buffer({number})]]")
    parameters.append(f"{position[0]} {position[1]} [[thread_position_in_grid]]")
    head = f"kernel void {spec.function}("
    signature = f",\n{' ' * len(head)}".join(parameters)
    return (
        f"// {idea}\n//! grid: {' '.join(grid)}\n"
        f"//! threadgroup: {_LINE if position[0] == 'uint' else _PLANE}\n"
        "#include <metal_stdlib>\nusing namespace metal;\n\n"
        f"{head}{signature}) {{\n" + "\n".join(lines) + "\n}\n"
    )
