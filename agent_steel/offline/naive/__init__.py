"""Plain kernels written mechanically from a SPEC alone: one thread an element or a row."""

from agent_steel.offline.naive.kernel import Naive, naive_kernel
from agent_steel.offline.naive.terms import Unsupported

__all__ = ["Naive", "Unsupported", "naive_kernel"]
