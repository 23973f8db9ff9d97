"""The Metal Shading Language front end: text in; a verified library, or the reason why not, out.
Knows nothing of benchmarks."""

from msl.compile import compile_source
from msl.diagnostics import Diagnostic
from msl.lanes_build import DEFAULT as DEFAULT_ENGINE
from msl.lanes_build import ENGINES
from msl.library import KernelFunction, Library, Parameter, Rejection

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "Diagnostic",
    "KernelFunction",
    "Library",
    "Parameter",
    "Rejection",
    "compile_source",
]
