"""The allow-list for Python that a model wrote: a definition passes, no escape does."""

from __future__ import annotations

import pytest

from agent_steel.prompts import FOLDER
from agent_steel.roles.allow_list import problems
from harness.problem import catalog
from tests.unit.agent_steel.authored import DEFINITION


def test_a_definition_passes() -> None:
    """Ours, and the one that a model is shown as an example."""
    assert problems(DEFINITION) == []
    assert problems((FOLDER / "example_definition.txt").read_text("utf-8")) == []


def test_of_a_kernel_of_ours_only_torch_is_refused() -> None:
    text = catalog.default().find("relu").path.read_text("utf-8")
    assert [one for one in problems(text) if "torch" not in one and ".relu" not in one] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os", "import os"),
        ("import numpy", "import numpy"),
        ("import numpy as sys", "import numpy"),
        ("from harness import settings", "from harness import"),
        ("from harness.spec import math", "has no math"),
        ("from . import x", "from . import"),
        ("x = open('f')", "name open"),
        ("x = eval('1')", "name eval"),
        ("x = getattr(np, 'load')", "name getattr"),
        ("x = __builtins__", "name __builtins__"),
        ("x = ().__class__", "attribute .__class__"),
        ("x = np.load('f')", "attribute .load"),
        ("x = np.lib.stride_tricks", "attribute .lib"),
        ("x = np.random.normal()", "attribute .random"),
        ("x = mx.fast.metal_kernel()", "attribute .metal_kernel"),
        ("x = '{0.a}'.format(np)", "attribute .format"),
        ("x.tofile('f')", "attribute .tofile"),
        ("class A: pass", "ClassDef"),
        ("while True: pass", "While"),
        ("def f():\n    while True:\n        pass", "While is not allowed"),
        ("def f():\n    try:\n        pass\n    except ValueError:\n        pass", "Try"),
        ("def f():\n    global g\n    g = 1", "Global"),
        ("def f():\n    yield 1", "Yield"),
        ("@np.sum\ndef f(): pass", "decorators"),
        ("def __getattr__(name): pass", "name __getattr__"),
        ("np = 1", "bound to something else"),
        ("f = lambda eval: eval", "name eval"),
        ("for x in y: pass", "For at the top"),
        ("x = [", "no Python"),
        ("x = 1  " + "#" * 50_000, "characters"),
    ],
)
def test_what_could_reach_further_is_refused(text: str, said: str) -> None:
    assert any(said in one for one in problems(text)), problems(text)
