"""The type of the `compile_msl` fixture."""

from __future__ import annotations

from collections.abc import Callable

import msl

PRELUDE = "#include <metal_stdlib>\nusing namespace metal;\n"

Compile = Callable[..., "msl.Library | msl.Rejection"]
