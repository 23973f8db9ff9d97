"""The kernels that a source declares and their buffers, without compiling it: for devices whose own
compiler judges the text."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from msl.diagnostics import ERROR
from msl.library import KernelFunction, Parameter
from msl.preprocess import preprocess
from msl.reflect import Kernel, reflect
from msl.scanner import scan
from msl.syntax import Code, Unbalanced
from msl.toolchain import find_toolchain

_MAX_THREADS = 1024


def signatures(
    text: str, *, name: str, include_roots: Sequence[Path], cache_dir: Path
) -> Mapping[str, KernelFunction] | str:
    """Functions by name, or why the front end cannot tell. Limits are the language's own: the
    device knows its own better."""
    cache_dir = cache_dir.resolve()
    cache_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="signatures-", dir=cache_dir))
    try:
        source = preprocess(
            text,
            name,
            folder=folder,
            cache=cache_dir,
            toolchain=find_toolchain(),
            roots=tuple(include_roots),
        )
        errors = [item for item in source.diagnostics if item.severity == ERROR]
        if errors:
            return f"{errors[0].file}:{errors[0].line}:{errors[0].column}: {errors[0].text}"
        reflection = reflect(scan(Code(source.tokens)))
    except Unbalanced:
        return f"{name}: brackets do not match"
    except RecursionError:
        return f"{name}: statements or brackets are nested too deeply"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {kernel.name: _function(kernel) for kernel in reflection.kernels}


def _function(kernel: Kernel) -> KernelFunction:
    return KernelFunction(
        name=kernel.name,
        entry=kernel.name,
        mode="loop",
        max_threads=_MAX_THREADS,
        static_threadgroup_bytes=0,
        threadgroup_arguments=tuple(a.index for a in kernel.arguments if a.kind == "threadgroup"),
        parameters={a.index: Parameter(a.name, a.type, a.space, a.const) for a in kernel.buffers},
    )
