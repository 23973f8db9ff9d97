// Floats outside, half precision inside.
// row: 40
// kernel: softmax
// expect: wrong_values
// layer: tolerance
// through: oracle
// size: check
// twin: 40_half_inside_honest.metal
//! grid: 32 rows 1
//! threadgroup: 32 1 1
#include <metal_stdlib>
using namespace metal;

kernel void softmax_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                        constant uint &N [[buffer(2)]], uint2 position [[thread_position_in_grid]]) {
  const uint lane = position.x;
  device const float *row = x + ulong(position.y) * N;
  device float *out = y + ulong(position.y) * N;
  float highest = -INFINITY;
  for (uint i = lane; i < N; i += 32) {
    highest = max(highest, row[i]);
  }
  highest = simd_max(highest);
  float total = 0.0f;
  for (uint i = lane; i < N; i += 32) {
    total += exp(row[i] - highest);
  }
  total = simd_sum(total);
  for (uint i = lane; i < N; i += 32) {
    out[i] = float(half(exp(row[i] - highest) / total));
  }
}
