"""The Metal Shading Language front end: text in; a verified library, or the reason why not, out.
Knows nothing of benchmarks."""

from msl.compile import compile_source
from msl.diagnostics import Diagnostic
from msl.library import KernelFunction, Library, Parameter, Rejection

__all__ = ["Diagnostic", "KernelFunction", "Library", "Parameter", "Rejection", "compile_source"]
