// Rounds one of two factors to half precision.
// row: own
// kernel: matvec
// expect: wrong_values
// layer: tolerance
// through: oracle
// size: check
// twin: own_09_half_factor_honest.metal
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
    sum = fma(float(half(row[i])), x[i], sum);
  }
  sum = simd_sum(sum);
  if (lane == 0) {
    y[position.y] = sum;
  }
}
