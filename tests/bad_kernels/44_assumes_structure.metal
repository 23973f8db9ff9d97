// Assumes that a maximum occurs once: of equal ones it gives the last.
// row: 44
// kernel: argmax
// expect: wrong_values
// layer: values
// through: oracle
// size: check
// twin: 44_assumes_structure_honest.metal
//! grid: rows 1 1
//! threadgroup: 32 1 1
#include <metal_stdlib>
using namespace metal;

kernel void argmax_f32(device const float *x [[buffer(0)]], device float *out [[buffer(1)]],
                       constant uint &C [[buffer(2)]], uint row [[thread_position_in_grid]]) {
  device const float *values = x + ulong(row) * C;
  uint best = 0;
  for (uint i = 1; i < C; ++i) {
    if (values[i] >= values[best]) {
      best = i;
    }
  }
  out[row] = float(best);
}
