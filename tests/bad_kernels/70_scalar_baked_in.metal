// Ignores eps: its usual value is baked in.
// row: 70
// kernel: layer_norm
// expect: wrong_values
// layer: check_sizes
// through: oracle
// size: check
// twin: 70_scalar_baked_in_honest.metal
//! grid: 32 rows 1
//! threadgroup: 32 1 1
#include <metal_stdlib>
using namespace metal;

kernel void layer_norm_f32(device const float *X [[buffer(0)]], device float *Y [[buffer(1)]],
                           constant uint &D [[buffer(2)]], constant float &eps [[buffer(3)]],
                           uint2 position [[thread_position_in_grid]]) {
  const uint lane = position.x;
  device const float *row = X + ulong(position.y) * D;
  device float *out = Y + ulong(position.y) * D;
  float total = 0.0f;
  for (uint i = lane; i < D; i += 32) {
    total += row[i];
  }
  const float mean = simd_sum(total) / float(D);
  float squares = 0.0f;
  for (uint i = lane; i < D; i += 32) {
    squares += (row[i] - mean) * (row[i] - mean);
  }
  const float variance = simd_sum(squares) / float(D);
  const float scale = rsqrt(variance + 1e-5f);
  for (uint i = lane; i < D; i += 32) {
    out[i] = (row[i] - mean) * scale;
  }
}
