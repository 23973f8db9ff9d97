// Every last element of a SIMD-group is added to the atomic sum twice.
// row: own
// kernel: dot_product
// expect: wrong_values
// layer: oracle
// size: check
// twin: own_16_counts_twice_honest.metal
//! dispatch clear grid: 1 threadgroup: 1 bind 0=out
//! dispatch dot_product_f32 grid: 1024 threadgroup: 256
#include <metal_stdlib>
using namespace metal;

kernel void clear(device float *out [[buffer(0)]]) {
  out[0] = 0.0f;
}

kernel void dot_product_f32(device const float *x [[buffer(0)]], device const float *y [[buffer(1)]],
                            device atomic_float *out [[buffer(2)]], constant uint &N [[buffer(3)]],
                            uint index [[thread_position_in_grid]], uint lane [[thread_index_in_simdgroup]]) {
  float sum = 0.0f;
  for (uint i = index; i < N; i += 1024) {
    sum = fma(x[i], y[i], sum);
  }
  const float total = simd_sum(sum);
  if (lane == 0 || lane == 31) {
    atomic_fetch_add_explicit(out, lane == 0 ? total : sum, memory_order_relaxed);
  }
}
