"""An OpenEvolve evaluator for Metal kernels: the fitness is the speedup over MLX, 0 if it is wrong.

KERNEL=relu openevolve-run metal/kernels/common/relu.metal examples/openevolve_evaluator.py \
    --config config.yaml     which says `language: metal` and `file_suffix: ".metal"`
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import evaluate as judge
from harness.feedback import feedback


def evaluate(program_path):
    """Metrics of one program; where OpenEvolve is installed, with what its next prompt may show."""
    kernel = os.environ.get("KERNEL", "relu")
    found = judge(kernel, Path(program_path), device="auto", mode="screen")
    speedup = found.figures.speedup if found.figures else None
    metrics = {"combined_score": speedup or 0.0, "correct": float(found.passed)}
    try:
        from openevolve.evaluation_result import EvaluationResult
    except ImportError:
        return metrics
    shown = {"status": found.status.value, "feedback": json.dumps(feedback(found))}
    return EvaluationResult(metrics=metrics, artifacts=shown)
