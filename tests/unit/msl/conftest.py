"""What the front end's tests share: a way to compile a few lines in the run's cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msl_compile import PRELUDE, Compile

import msl


@pytest.fixture
def compile_msl(shared_cache: Path) -> Compile:
    """Compile text (after the usual two lines) in the run's cache."""

    def build(text: str, *, prelude: str = PRELUDE, **options: Any) -> msl.Library | msl.Rejection:
        options.setdefault("engine", "reference")  # whose modes tell what the front end found
        return msl.compile_source(prelude + text, cache_dir=shared_cache / "msl", **options)

    return build
