"""The measuring core: from a kernel's definition and its source to an Evaluation and a Record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.evaluator import evaluate as evaluate

__all__ = ["evaluate"]


def __getattr__(name: str) -> Any:
    """`harness.evaluate` on first use, so that `import harness` stays light."""
    if name == "evaluate":
        from harness.evaluator import evaluate

        return evaluate
    raise AttributeError(f"module 'harness' has no attribute {name!r}")
