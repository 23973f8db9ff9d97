"""Turns the IR of one thread of a kernel into the IR of a SIMD-group of 32 lanes."""
