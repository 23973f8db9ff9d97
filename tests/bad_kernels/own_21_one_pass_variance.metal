// The mean of the squares less the square of the mean: fine near zero, nothing left far from it.
// row: own
// kernel: layer_norm
// expect: wrong_values
// layer: values
// size: check
// twin: own_21_one_pass_variance_honest.metal
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
    squares += row[i] * row[i];
  }
  const float variance = simd_sum(squares) / float(D) - mean * mean;
  const float scale = rsqrt(variance + eps);
  for (uint i = lane; i < D; i += 32) {
    out[i] = (row[i] - mean) * scale;
  }
}
