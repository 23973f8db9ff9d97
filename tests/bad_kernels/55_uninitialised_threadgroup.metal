// Adds up threadgroup memory that threads without work never wrote.
// row: 55
// kernel: rms_norm
// expect: uninitialised_read
// layer: checked_uninitialised
// backed: host_poison
// size: check
// twin: 55_uninitialised_threadgroup_honest.metal
//! grid: 256 rows 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 256;

kernel void rms_norm_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                         constant uint &N [[buffer(2)]], constant float &eps [[buffer(3)]],
                         uint2 group [[threadgroup_position_in_grid]],
                         uint t [[thread_index_in_threadgroup]]) {
  threadgroup float part[THREADS];
  device const float *row = x + ulong(group.y) * N;
  device float *out = y + ulong(group.y) * N;
  float squares = 0.0f;
  for (uint i = t; i < N; i += THREADS) {
    squares += row[i] * row[i];
  }
  if (t < N) {
    part[t] = squares;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint half_way = THREADS / 2; half_way > 0; half_way /= 2) {
    if (t < half_way) {
      part[t] += part[t + half_way];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  const float scale = rsqrt(part[0] / float(N) + eps);
  for (uint i = t; i < N; i += THREADS) {
    out[i] = row[i] * scale;
  }
}
