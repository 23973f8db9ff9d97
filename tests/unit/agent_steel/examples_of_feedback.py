"""Feedback objects as harness/feedback.py makes them, with figures that a test can know."""

from __future__ import annotations

from typing import Any


def passed(**changed: Any) -> dict[str, Any]:
    """Of a right kernel. `changed`: empty_run_ms, roofline_fraction, roof,
    threadgroups_launched, and any count by name."""
    measured = {
        "device_loaded_bytes": 4096,
        "device_distinct_loaded_bytes": 4096,
        "device_stored_bytes": 4096,
        "device_distinct_stored_bytes": 4096,
        "threadgroup_loaded_bytes": 0,
        "threadgroup_stored_bytes": 0,
        "barriers": 0,
        "simd_operations": 0,
        "partial_simd_fraction": 0.0,
        "atomics": 0,
        "float_atomics": 0,
        "flops": 2048,
        "threadgroups": 4,
        "threads": 1024,
    }
    derived = {"geometry": "128 B lines", "coalescing": 1.0, "lanes_active_fraction": 1.0}
    for counts in (measured, derived):
        counts.update({name: value for name, value in changed.items() if name in counts})
    if "bank_conflict_factor" in changed:
        derived["bank_conflict_factor"] = changed["bank_conflict_factor"]
    groups = changed.get("threadgroups_launched", 128)
    return {
        "schema_version": 1,
        "kernel": "softmax",
        "chip": "nvidia-h200",
        "status": "passed",
        "reason": "",
        "diagnostics": [],
        "warnings": "",
        "sizes": [
            {
                "size": "published",
                "dims": {"rows": 1024.0, "cols": 1024.0},
                "status": "passed",
                "reason": "",
                "max_abs_err": 1e-7,
                "first_bad": None,
                "wrong": {},
                "dispatches": [
                    {
                        "function": "softmax_f32",
                        "grid": [256 * groups, 1, 1],
                        "threadgroup": [256, 1, 1],
                        "repeats": 1,
                        "max_threads": 1024,
                        "static_threadgroup_bytes": 128,
                        "threadgroups": [groups, 1, 1],
                        "threads_per_threadgroup": 256,
                        "simdgroups_per_threadgroup": 8,
                    }
                ],
                "times": {
                    "clock": "wall",
                    "kernel": {
                        "median_ms": 1.25,
                        "min_ms": 1.2,
                        "iqr_ms": 0.05,
                        "quartiles_ms": [1.23, 1.28],
                        "samples": 20,
                    },
                    "mlx": {"median_ms": 2.5, "quartiles_ms": [2.4, 2.6]},
                    "speedup": 2.0,
                    "empty_run_ms": changed.get("empty_run_ms", 0.05),
                    "work": {
                        "gflops": 4.0,
                        "gbps": 6.5,
                        "flops_per_byte": 0.6,
                        "roof": changed.get("roof", "memory"),
                        "roofline_fraction": changed.get("roofline_fraction", 0.4),
                    },
                },
                "flags": ["noisy"],
            }
        ],
        "checker": {
            "reports": [],
            "warnings": [],
            "counts": {"point": {"rows": 4, "cols": 259}, "measured": measured, "derived": derived},
        },
    }


WRONG: dict[str, Any] = {
    "kernel": "softmax",
    "chip": "nvidia-h200",
    "status": "wrong_values",
    "reason": "check size (rows=1, cols=1): y[0, 0] is -2.3, expected 1",
    "diagnostics": [],
    "sizes": [
        {
            "size": "published",
            "dims": {"rows": 1024.0, "cols": 1024.0},
            "dispatches": [],
            "times": None,
            "first_bad": {"output": "y", "index": [0, 0], "got": -2.3, "expected": 1.0},
            "max_abs_err": 3.3,
            "wrong": {
                "y": {
                    "shape": [1, 1],
                    "bad": 1,
                    "bad_fraction": 1.0,
                    "not_written": 0,
                    "nonfinite": 0,
                    "at_edges_fraction": 0.0,
                    "by_axis": [[1.0], [1.0]],
                }
            },
            "flags": [],
        }
    ],
    "checker": {"reports": [], "warnings": ["threads write the same value"], "counts": None},
}

NOT_COMPILED: dict[str, Any] = {
    "kernel": "softmax",
    "chip": "nvidia-h200",
    "status": "compile_error",
    "reason": "4:9: error: unknown type name 'restrict'",
    "diagnostics": [
        {"severity": "error", "line": 4, "column": 9, "text": "unknown type name 'restrict'"}
    ],
    "sizes": [],
    "checker": {"reports": [], "warnings": [], "counts": None},
}
