"""Finds definitions and Variants; the one resolver, whose text is what runs and is recorded."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import chip_metrics
from harness import settings
from harness.devices.base import Source
from harness.errors import UserError
from harness.problem.binding import SpecError, depends_on_geometry, problem_slots
from harness.problem.expressions import ExpressionError, parse
from harness.problem.schedule import default_header
from harness.spec import KernelSpec, Point
from msl.flatten import flattened

SETS = ("common", "standard", "full", "corrected", "metal_sci", "extra")
#: The sets of the public board, whose names and ABI stay as published.
PUBLIC = SETS[:3]
#: The stem of the plain kernel that a search starts from and is compared with; it also solves chips
#: that have no other.
SEED = "seed"
#: The size that stands for all check sizes and nothing else; it cannot be timed.
CHECK = "check"
MAX_SOURCE_BYTES = 1 << 20


@dataclass(frozen=True)
class Kernel:
    """A problem with its name, its set and the file that defines it."""

    name: str
    set: str
    spec: KernelSpec
    path: Path


@dataclass(frozen=True)
class Variant:
    """The source chosen for a chip, and the stem that says for whom it is."""

    stem: str
    source: Source


def sha256_of(text: str) -> str:
    """The hash that identifies a source everywhere."""
    return hashlib.sha256(text.encode()).hexdigest()


def source_of(text: str, path: str = "<text>") -> Source:
    """A source with the headers of metal/include that it reaches."""
    recorded = flattened(text, [settings.ROOT / "metal" / "include"])
    return Source(text, path, sha256_of(recorded), recorded)


def read_source(path: Path) -> Source:
    """A `.metal` file as text, or why it is none."""
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise UserError(f"cannot read {path}: {problem.strerror}") from None
    if len(raw) > MAX_SOURCE_BYTES:
        raise UserError(f"{path}: {len(raw)} bytes > limit {MAX_SOURCE_BYTES}")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text", "a .metal file is UTF-8") from None
    if "\0" in text:
        raise UserError(f"{path} is not text", "it holds a zero byte")
    if not text.strip():
        raise UserError(f"{path} is empty")
    return source_of(text, str(path))


class Catalog:
    """The definitions and Variants under one root folder."""

    def __init__(self, root: Path) -> None:
        self.definitions = root / "mlx" / "kernels"
        self.variants = root / "metal" / "kernels"
        self._loaded: dict[str, Kernel] = {}

    def names(self, in_set: str | None = None) -> list[tuple[str, str]]:
        """(set, name) of every kernel, in the order of the sets. Loads nothing."""
        if in_set is not None and in_set not in SETS:
            raise UserError(f"unknown set {in_set!r}", f"sets are {', '.join(SETS)}")
        found = list(self._files())
        seen: dict[str, str] = {}
        for kernel_set, name in found:
            if name in seen:
                raise UserError(f"kernel {name!r} is in sets {seen[name]} and {kernel_set}")
            seen[name] = kernel_set
        return [(s, name) for s, name in found if in_set in (None, s)]

    def _files(self) -> Iterator[tuple[str, str]]:
        for kernel_set in SETS:
            for path in sorted((self.definitions / kernel_set).glob("*.py")):
                if not path.stem.startswith("_"):
                    yield kernel_set, path.stem

    def find(self, name: str) -> Kernel:
        """The kernel of this name."""
        for kernel_set, known in self.names():
            if known == name:
                return self._load(kernel_set, name)
        nearest = difflib.get_close_matches(name, [known for _, known in self.names()], n=3)
        hint = f"did you mean {', '.join(nearest)}?" if nearest else "./bench --list shows them all"
        raise UserError(f"unknown kernel {name!r}", hint)

    def kernels(self, in_set: str | None = None) -> list[Kernel]:
        """Every kernel, loaded. One that fails to load is an error, never left out."""
        return [self._load(kernel_set, name) for kernel_set, name in self.names(in_set)]

    def _load(self, kernel_set: str, name: str) -> Kernel:
        if name in self._loaded:
            return self._loaded[name]
        path = self.definitions / kernel_set / f"{name}.py"
        module_name = f"kernel_definitions.{kernel_set}.{name}"
        module_spec = importlib.util.spec_from_file_location(module_name, path)
        if module_spec is None or module_spec.loader is None:
            raise UserError(f"cannot load {path}")
        module = importlib.util.module_from_spec(module_spec)
        sys.modules[module_name] = module
        try:
            module_spec.loader.exec_module(module)
        except Exception as problem:
            del sys.modules[module_name]
            what = f"{type(problem).__name__}: {problem}"
            raise UserError(f"definition {path} does not load: {what}") from problem
        spec = getattr(module, "SPEC", None)
        if not isinstance(spec, KernelSpec):
            raise UserError(f"definition {path} holds no SPEC")
        try:
            check_definition(spec)
        except (SpecError, ExpressionError, ValueError) as problem:
            raise UserError(f"definition {path}: {problem}") from problem
        self._loaded[name] = Kernel(name, kernel_set, spec, path)
        return self._loaded[name]

    def variant(self, kernel: Kernel, chip: str) -> Variant:
        """The source that solves `kernel` on `chip`."""
        folder = self.variants / kernel.set
        for stem in (*chip_metrics.variant_stems(chip), "default", SEED):
            path = folder / kernel.name / f"{stem}.metal"
            if path.is_file():
                return Variant(stem, read_source(path))
        flat = folder / f"{kernel.name}.metal"
        if flat.is_file():
            return Variant("default", read_source(flat))
        raise UserError(f"no .metal file solves {kernel.name}", f"write {flat}")

    def seed(self, kernel: Kernel) -> Source:
        """The plain kernel that a search starts from, where the problem has one."""
        path = self.variants / kernel.set / kernel.name / f"{SEED}.metal"
        if not path.is_file():
            raise UserError(f"{kernel.name} has no seed", f"there is no {path}")
        return read_source(path)

    def solutions(self, kernel_set: str, name: str) -> list[Variant]:
        """Every source that solves a kernel, the one for all chips first."""
        folder = self.variants / kernel_set
        flat = folder / f"{name}.metal"
        paths = [flat, *sorted((folder / name).glob("*.metal"))]
        found = [
            Variant("default" if path == flat else path.stem, read_source(path))
            for path in paths
            if path.is_file()
        ]
        return sorted(found, key=lambda variant: variant.stem not in ("default", SEED))


def summary(kernels: Sequence[Kernel]) -> str:
    """`116 published (90 ranked) + 12 corrected`, and other sets if there are any."""
    ranked = [kernel.spec.ranked for kernel in kernels if kernel.set in PUBLIC]
    text = f"{len(ranked)} published ({sum(ranked)} ranked)"
    for name in SETS[len(PUBLIC) :]:
        count = sum(kernel.set == name for kernel in kernels)
        if count or name == "corrected":
            text += f" + {count} {name}"
    return text


def check_definition(spec: KernelSpec) -> None:
    """Refuse a SPEC whose shapes, scalars, schedule or sizes do not hold together."""
    default_header(spec)
    for label, point in named_points(spec):
        problem_slots(spec, point)
        for name, scalar in spec.scalars.items():
            if not depends_on_geometry(scalar):
                parse(scalar.value).evaluate(point)
            if scalar.dtype not in ("uint32", "int32", "float32"):
                raise SpecError(f"scalar {name}: dtype {scalar.dtype} has not four bytes")
        outside = outside_domain(spec, point)
        if outside:
            raise SpecError(f"size {label} is outside the domain: {outside}")
    unknown = set(spec.chunked) - set(spec.inputs)
    if unknown:
        raise SpecError(f"chunked names no input: {', '.join(sorted(unknown))}")


def named_points(spec: KernelSpec) -> list[tuple[str, Point]]:
    """Every size that a SPEC names, with a label; the check sizes come first."""
    checks = [(f"check {i}", p) for i, p in enumerate(spec.sizes.check_points())]
    series = [*spec.sizes.held_out.items(), *spec.sizes.series.items()]
    ranked = [("published", spec.sizes.published), ("large", spec.sizes.large_point())]
    return [*checks, *series, *ranked]


def outside_domain(spec: KernelSpec, point: Point) -> str:
    """Why a point is not in the domain; empty if it is."""
    for name, allowed in spec.domain.ranges.items():
        if name not in point:
            return f"{name} is missing"
        if point[name] not in allowed:
            multiple = f" in multiples of {allowed.multiple}" if allowed.multiple > 1 else ""
            return f"{name} = {point[name]:g}, not {allowed.low:g} to {allowed.high:g}{multiple}"
    for constraint in spec.domain.constraints:
        if not parse(constraint).evaluate(point):
            return f"not {constraint}"
    return ""


def point_of(spec: KernelSpec, size: str) -> Point:
    """A size by name, or as `k=v,…` with every other dim as published. For `check`, of which there
    are several, the last."""
    if size == "published":
        return spec.sizes.published
    if size == "large":
        return spec.sizes.large_point()
    if size == CHECK:
        return spec.sizes.check_points()[-1]
    labelled = {**spec.sizes.series, **spec.sizes.held_out}
    if size in labelled:
        return labelled[size]
    if "=" not in size:
        known = ", ".join(["published", "large", "check", *labelled])
        raise UserError(f"unknown size {size!r}", f"{known}, or k=v,…")
    point = dict(spec.sizes.published)
    for part in size.split(","):
        name, _, value = part.partition("=")
        name = name.strip()
        if name not in point:
            raise UserError(f"--size: no dim {name!r}", f"dims are {', '.join(point)}")
        try:
            point[name] = int(value) if float(value).is_integer() else float(value)
        except ValueError:
            raise UserError(f"--size: {name} = {value!r} is no number") from None
    outside = outside_domain(spec, point)
    if outside:
        raise UserError(f"--size is outside the domain: {outside}")
    return point


def default() -> Catalog:
    """The catalog of this repository."""
    return Catalog(settings.ROOT)
