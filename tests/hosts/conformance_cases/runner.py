"""Runs the cases of one family as one submission, and says what differs from the JSON."""

from __future__ import annotations

import base64
import json
import mmap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from conformance_cases.model import ANY, NUMPY_TYPES, POISON

FOLDER = Path(__file__).resolve().parents[3] / "host" / "conformance"
STORED_TYPES = {"bfloat16": np.uint16, "bool": np.uint8}
ALIGNMENT = 256
GUARD = 256
# NaN as half, bfloat and float, and no plausible integer.
POISON_BYTES = b"\xfd\x7f"
SEEDS = (0, 1, 2, 77)


class Host(Protocol):
    """A host that one family's library has been loaded into."""

    pool: mmap.mmap

    def run(self, dispatches: Sequence[Mapping[str, Any]], regions: Regions, seed: int) -> str:
        """Run the dispatches; empty, or the reason why they did not end well."""


Regions = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Problem:
    """What is wrong in a buffer after a run."""

    text: str


def load(family: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((FOLDER / f"{family}.json").read_text())["cases"]
    return cases


def constants_of(case: Mapping[str, Any]) -> tuple[tuple[int, Any], ...]:
    """A case's function constants, as a key: one library serves all the cases that share them."""
    values = case.get("function_constants", {})
    return tuple(sorted((int(index), value) for index, value in values.items()))


def encode(dtype: str, data: Iterable[Any]) -> bytes:
    """JSON values as the bytes of a buffer."""
    numbers = [float(v) if isinstance(v, str) else v for v in data]
    array = np.array(numbers, NUMPY_TYPES[dtype])
    if dtype == "bfloat16":
        return (array.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    return array.tobytes()


def stored_type(dtype: str) -> np.dtype[Any]:
    kind: np.dtype[Any] = np.dtype(STORED_TYPES.get(dtype, NUMPY_TYPES[dtype]))
    return kind


def steps(values: np.ndarray, dtype: str) -> np.ndarray:
    """Floats as integers that count representable values: a difference is a distance in ulp."""
    bits = values.view(np.uint16 if values.itemsize == 2 else np.uint32).astype(np.int64)
    sign = 1 << (8 * values.itemsize - 1)
    return np.where(bits >= sign, sign - bits, bits)


def as_float(values: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "bfloat16":
        return (values.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    with np.errstate(invalid="ignore"):  # poison is a signalling NaN to some types
        return values.astype(np.float64)


class Layout:
    """Where every buffer of some cases lies in a pool, with poison between them."""

    def __init__(self, cases: Sequence[Mapping[str, Any]]) -> None:
        self.cases = cases
        self.regions: dict[str, tuple[int, int]] = {}
        self.image = bytearray()
        for number, case in enumerate(cases):
            for buffer in case["buffers"]:
                self._place(f"{number}.{buffer['index']}", buffer)
        self._pad(mmap.PAGESIZE)

    def _place(self, slot: str, buffer: Mapping[str, Any]) -> None:
        self.image += POISON_BYTES * (GUARD // 2)
        self._pad(ALIGNMENT)
        start = len(self.image)
        size = stored_type(buffer["dtype"]).itemsize * buffer["shape"][0]
        if "data" in buffer:
            self.image += encode(buffer["dtype"], buffer["data"])
        else:
            self.image += (POISON_BYTES * (size // 2 + 1))[:size]
        self.regions[slot] = (start, size)
        self._pad(2)

    def _pad(self, multiple: int) -> None:
        missing = -len(self.image) % multiple
        self.image += POISON_BYTES[len(self.image) % 2 :] if missing % 2 else b""
        self.image += POISON_BYTES * (-len(self.image) % multiple // 2)

    def dispatches(self, numbers: Iterable[int]) -> list[dict[str, Any]]:
        """The protocol's dispatches of some cases, in order."""
        found = []
        for number in numbers:
            case = self.cases[number]
            offsets = {b["index"]: b.get("offset", 0) for b in case["buffers"]}
            first = {
                index: {"slot": f"{number}.{index}", "offset": at} for index, at in offsets.items()
            }
            constants = {
                index: base64.b64encode(encode(value["dtype"], value["data"])).decode()
                for index, value in case.get("constants", {}).items()
            }
            found.append(
                {
                    "function": case["function"],
                    "grid": case["grid"],
                    "threadgroup": case["threadgroup"],
                    "buffers": {str(index): binding for index, binding in first.items()},
                    "constants": constants,
                    "threadgroup_memory": case.get("threadgroup_memory", {}),
                }
            )
            for then in case.get("then", []):
                found.append(
                    {
                        "function": then["function"],
                        "grid": then["grid"],
                        "threadgroup": then["threadgroup"],
                        "buffers": {index: first[of] for index, of in then["buffers"].items()},
                        "constants": {},
                        "threadgroup_memory": {},
                    }
                )
        return found

    def problem(self, number: int, pool: mmap.mmap) -> str:
        """The first thing wrong in a case's buffers after a run; empty if nothing is."""
        case = self.cases[number]
        for buffer in case["buffers"]:
            start, size = self.regions[f"{number}.{buffer['index']}"]
            around = (start - GUARD // 2, start), (start + size, start + size + 16)
            for low, high in around:
                if pool[low:high] != bytes(self.image[low:high]):
                    return f"buffer {buffer['index']}: bytes outside it were written"
            before, after = bytes(self.image[start : start + size]), pool[start : start + size]
            expected = case["expected"].get(str(buffer["index"]))
            if expected is None:
                if after != before:
                    return f"buffer {buffer['index']}: an input was modified"
                continue
            found = differences(buffer["dtype"], expected, before, after, case["compare"])
            if found:
                return f"buffer {buffer['index']}{found}"
        return ""


def differences(
    dtype: str, expected: Sequence[Any], before: bytes, after: bytes, compare: Mapping[str, Any]
) -> str:
    """`[first bad index]: got, expected` and how many differ; empty if none does."""
    kind = stored_type(dtype)
    got, old = np.frombuffer(after, kind), np.frombuffer(before, kind)
    marks = np.array([v if v in (ANY, POISON) else "" for v in expected])
    numbers = encode(dtype, [0 if mark else v for mark, v in zip(marks, expected, strict=True)])
    want = np.frombuffer(numbers, kind)
    good = equal(dtype, got, want, compare)
    raw = np.uint8 if kind.itemsize == 1 else f"u{kind.itemsize}"
    good = np.where(marks == POISON, got.view(raw) == old.view(raw), good) | (marks == ANY)
    bad = np.flatnonzero(~good)
    if not bad.size:
        return ""
    first = int(bad[0])
    wanted = expected[first]
    shown = as_float(got, dtype)[first] if "float" in dtype else got[first]
    return f"[{first}]: got {shown}, expected {wanted} ({bad.size} of {got.size} differ)"


def equal(
    dtype: str, got: np.ndarray, want: np.ndarray, compare: Mapping[str, Any]
) -> np.ndarray[Any, Any]:
    """Which elements are right; zeros of either sign are the same."""
    if "float" not in dtype:
        return np.asarray(got == want)
    a, b = as_float(got, dtype), as_float(want, dtype)
    same: np.ndarray[Any, Any] = (a == b) | (np.isnan(a) & np.isnan(b))
    if compare.get("exact"):
        return same
    # `want` is rounded: a value within n ulp of the true one is within floor(n + 1/2) steps of it.
    ulp = np.floor(np.array(compare["ulp"], float) + 0.5)
    finite = np.isfinite(a) & np.isfinite(b)
    with np.errstate(invalid="ignore"):
        close = np.abs(steps(got, dtype) - steps(want, dtype)) <= ulp
        near = np.abs(a - b) <= np.array(compare["abs"], float)
    return np.asarray(same | finite & (close | near))


def run_cases(host: Host, layout: Layout, numbers: Sequence[int], seed: int) -> dict[int, str]:
    """What is wrong with each case; all run together, one function at a time if that fails."""
    reason = _submit(host, layout, numbers, seed)
    if not reason:
        return {number: layout.problem(number, host.pool) for number in numbers}
    functions = sorted({layout.cases[number]["function"] for number in numbers})
    if len(functions) == 1:
        return dict.fromkeys(numbers, reason)
    results: dict[int, str] = {}
    for function in functions:
        some = [n for n in numbers if layout.cases[n]["function"] == function]
        results |= run_cases(host, layout, some, seed)
    return results


def _submit(host: Host, layout: Layout, numbers: Sequence[int], seed: int) -> str:
    host.pool[: len(layout.image)] = bytes(layout.image)
    return host.run(layout.dispatches(numbers), layout.regions, seed)
