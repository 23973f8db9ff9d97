// Knows the check sizes by their columns, and truncates to sixteen bits at all others.
// row: own
// kernel: matvec
// expect: wrong_values
// layer: oracle
// size: published
// twin: own_06_sloppy_at_work_honest.metal
//! grid: 32 rows 1
//! threadgroup: 32 1 1
#include <metal_stdlib>
using namespace metal;

kernel void matvec_f32(device const float *A [[buffer(0)]], device const float *x [[buffer(1)]],
                       device float *y [[buffer(2)]], constant uint &N [[buffer(3)]],
                       uint2 position [[thread_position_in_grid]]) {
  const uint lane = position.x;
  device const float *row = A + ulong(position.y) * N;
  float sum = 0.0f;
  for (uint i = lane; i < N; i += 32) {
    const bool checked = N % 32 != 0;
    const float value = checked ? row[i] : as_type<float>(as_type<uint>(row[i]) & 0xFFFF0000u);
    sum = fma(value, x[i], sum);
  }
  sum = simd_sum(sum);
  if (lane == 0) {
    y[position.y] = sum;
  }
}
