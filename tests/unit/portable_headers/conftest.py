"""One compiler and one folder for all tests of the headers."""

from __future__ import annotations

from pathlib import Path

import pytest
from header_compiler import Headers


@pytest.fixture(scope="session")
def headers(tmp_path_factory: pytest.TempPathFactory, shared_cache: Path) -> Headers:
    """The headers with the compiler of a real build."""
    return Headers(tmp_path_factory.mktemp("headers"), shared_cache)
