// The honest twin: the same kernel without the fault.
// twin of: 36_law_of_large_numbers.metal
// kernel: dot_product
// size: check
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
    out[0] = total;
  }
}
