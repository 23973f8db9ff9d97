// One thread a row, because a core streams whole rows and needs no other lane to add them up: no SIMD function, no
// barrier, and the later passes find the row in the cache. The second pass corrects the mean by what deviations sum to.
//! grid: rows 1 1
//! threadgroup: 8 1 1
#include <metal_stdlib>
using namespace metal;

kernel void layer_norm_f32(device const float *X [[buffer(0)]], device float *Y [[buffer(1)]],
                           constant uint &D [[buffer(2)]], constant float &eps [[buffer(3)]],
                           uint index [[thread_position_in_grid]]) {
  device const float *row = X + ulong(index) * D;
  device float *out = Y + ulong(index) * D;
  float total = 0.0f;
  for (uint i = 0; i < D; ++i) {
    total += row[i];
  }
  const float mean = total / float(D);
  float deviations = 0.0f;
  float squares = 0.0f;
  for (uint i = 0; i < D; ++i) {
    const float deviation = row[i] - mean;
    deviations += deviation;
    squares += deviation * deviation;
  }
  const float correction = deviations / float(D);
  const float scale = rsqrt(max(squares / float(D) - correction * correction, 0.0f) + eps);
  for (uint i = 0; i < D; ++i) {
    out[i] = ((row[i] - mean) - correction) * scale;
  }
}
