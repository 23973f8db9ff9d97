"""What every test of the agents gets: no waiting for a disk, which no kill of a process needs."""

from __future__ import annotations

import os

import pytest

from agent_steel.report.charts import Chart


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def pictures() -> None:
    """Asked for by a test that looks at pictures: they are drawn."""


@pytest.fixture(autouse=True)
def no_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than most searches here; a blank stands for each picture."""
    if "pictures" not in request.fixturenames:
        monkeypatch.setattr(Chart, "png", lambda self: b"\x89PNG\r\n\x1a\n")
        monkeypatch.setattr(Chart, "data_uri", lambda self: "data:image/svg+xml;base64,")
