"""Element types of buffers: how NumPy stores them, what MSL calls them, which poison they get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Element:
    """One element type. `storage` is what NumPy holds (bfloat16 has no NumPy type: raw bits)."""

    name: str
    storage: np.dtype[Any]
    msl: tuple[str, ...]  # spellings of the scalar type in MSL, canonical one first
    floating: bool

    @property
    def bytes(self) -> int:
        """Size of one element."""
        return self.storage.itemsize


def _element(name: str, storage: str, msl: str, *, floating: bool = False) -> Element:
    return Element(name, np.dtype(storage), tuple(msl.split("|")), floating)


ELEMENTS = {
    element.name: element
    for element in (
        _element("float32", "<f4", "float", floating=True),
        _element("float16", "<f2", "half", floating=True),
        _element("bfloat16", "<u2", "bfloat", floating=True),
        _element("int8", "<i1", "char|int8_t|signed char"),
        _element("uint8", "<u1", "uchar|uint8_t|unsigned char"),
        _element("int16", "<i2", "short|int16_t"),
        _element("uint16", "<u2", "ushort|uint16_t|unsigned short"),
        _element("int32", "<i4", "int|int32_t"),
        _element("uint32", "<u4", "uint|uint32_t|unsigned int|unsigned"),
        _element("int64", "<i8", "long|int64_t|ptrdiff_t"),
        _element("uint64", "<u8", "ulong|uint64_t|size_t|unsigned long"),
        _element("bool", "?", "bool"),
    )
}

_MSL = {spelling: element for element in ELEMENTS.values() for spelling in element.msl}


def element_of(name: str) -> Element:
    """The element type that a SPEC names."""
    if name not in ELEMENTS:
        raise ValueError(f"unknown dtype {name!r}; one of {', '.join(ELEMENTS)}")
    return ELEMENTS[name]


def element_of_msl(spelling: str) -> Element | None:
    """The element type that MSL spells so, None for structs and whatever else is no scalar."""
    return _MSL.get(spelling)


def widen(raw: npt.NDArray[Any], element: Element) -> npt.NDArray[Any]:
    """Stored values as the oracle sees them: float64, or integers as they are."""
    if element.name == "bfloat16":
        bits = raw.astype(np.uint32) << np.uint32(16)
        return np.asarray(bits.view(np.float32), dtype=np.float64)
    return raw.astype(np.float64) if element.floating else raw


def narrow(values: npt.NDArray[Any], element: Element) -> npt.NDArray[Any]:
    """Values as `element` stores them, rounded to nearest even."""
    if element.name == "bfloat16":
        single = np.ascontiguousarray(values, dtype=np.float32)
        bits = single.view(np.uint32)
        rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
        stored = (rounded >> np.uint32(16)).astype(np.uint16)
        stored[np.isnan(single)] = 0x7FC0
        return np.asarray(stored)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(values, dtype=element.storage)


def round_to(values: npt.NDArray[Any], element: Element) -> npt.NDArray[Any]:
    """float64 values as they read after being stored: what overflows becomes infinite."""
    return widen(narrow(values, element), element)


#: Poison bytes by element size: a NaN with a payload, and a large finite value (1e30 as a float).
_POISON: dict[int, tuple[int, int]] = {
    1: (0xA5, 0x5A),
    2: (0x7EDE, 0x7BC0),
    4: (0x7FEDC0DE, 0x7149F2CA),
    8: (0x7FFDC0DE7FEDC0DE, 0x46293E5939A08CEA),
}


def poison(element_bytes: int, which: int) -> np.unsignedinteger[Any]:
    """The bits that fill an unwritten element; `which` 0: a NaN, 1: about 1e30."""
    bits = _POISON[element_bytes][which % 2]
    return np.dtype(f"<u{element_bytes}").type(bits)  # type: ignore[no-any-return]


def poison_value(element: Element, which: int) -> npt.NDArray[Any]:
    """One poisoned element as stored."""
    bits = np.array([poison(element.bytes, which)])
    if element.name == "bool":
        return np.array([bits[0] != 0])
    return bits.view(element.storage)
