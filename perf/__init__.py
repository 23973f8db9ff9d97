"""The benchmark of the benchmark: what `make perf` measures and reports. It tests nothing."""
