"""`--json`: one strict JSON object a kernel, on one line."""

from __future__ import annotations

from typing import Any

from harness.atomic import strict_json
from harness.board.documents import EvaluationDocument, to_document
from harness.evaluation import Evaluation


def line(evaluation: Evaluation) -> str:
    """The Evaluation as one line."""
    return strict_json(to_document(evaluation).model_dump(mode="json"), indent=None)


def schema() -> dict[str, Any]:
    """The JSON schema of such a line."""
    return EvaluationDocument.model_json_schema()
