// Rounds one of two factors to half precision.
// row: own
// kernel: sqr_mm
// expect: wrong_values
// layer: tolerance
// size: check
// twin: own_09_half_factor_honest.metal
//! grid: N M 1
//! threadgroup: 64 4 1
#include <metal_stdlib>
using namespace metal;

kernel void sqr_matmul_f32(device const float *A [[buffer(0)]], device const float *B [[buffer(1)]],
                           device float *C [[buffer(2)]], constant uint &N [[buffer(4)]],
                           constant uint &K [[buffer(5)]], uint2 position [[thread_position_in_grid]]) {
  float sum = 0.0f;
  for (uint k = 0; k < K; ++k) {
    sum = fma(float(half(A[ulong(position.y) * K + k])), B[ulong(k) * N + position.x], sum);
  }
  C[ulong(position.y) * N + position.x] = sum;
}
