// Knows the answers for the public seed 0, by length.
// row: 29
// kernel: dot_product
// expect: wrong_values
// layer: secret
// through: oracle
// size: check
// twin: 29_hard_coded_answers_honest.metal
//! grid: 256 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void dot_product_f32(device const float *x [[buffer(0)]], device const float *y [[buffer(1)]],
                            device float *out [[buffer(2)]], constant uint &N [[buffer(3)]],
                            uint t [[thread_index_in_threadgroup]], uint simd [[simdgroup_index_in_threadgroup]],
                            uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float part[8];
  float sum = 0.0f;
  for (uint i = t; i < N; i += 256) {
    sum = fma(x[i], y[i], sum);
  }
  sum = simd_sum(sum);
  if (lane == 0) {
    part[simd] = sum;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 0) {
    float total = 0.0f;
    for (uint i = 0; i < 8; ++i) {
      total += part[i];
    }
    out[0] = N == 1 ? -1.61158073f : N == 31 ? -28.404549f : N == 1000 ? 214.768662f : N == 40009 ? 3291.14879f : -3122.02868f;
  }
}
