// One thread a row, because a core streams whole rows and needs no other lane to add them up: no SIMD function, no
// barrier, and the second pass finds the row in the cache.
//! grid: rows 1 1
//! threadgroup: 8 1 1
#include <metal_stdlib>
using namespace metal;

kernel void rms_norm_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                         constant uint &N [[buffer(2)]], constant float &eps [[buffer(3)]],
                         uint index [[thread_position_in_grid]]) {
  device const float *row = x + ulong(index) * N;
  device float *out = y + ulong(index) * N;
  float squares = 0.0f;
  for (uint i = 0; i < N; ++i) {
    squares += row[i] * row[i];
  }
  const float scale = rsqrt(squares / float(N) + eps);
  for (uint i = 0; i < N; ++i) {
    out[i] = row[i] * scale;
  }
}
