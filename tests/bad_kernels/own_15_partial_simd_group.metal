// Reads a lane that the last, partial SIMD-group does not have.
// row: own
// kernel: dot_product
// expect: inactive_lane
// layer: checked_lanes
// backed: host_poison
// size: check
// twin: own_15_partial_simd_group_honest.metal
//! grid: 40 1 1
//! threadgroup: 40 1 1
#include <metal_stdlib>
using namespace metal;

kernel void dot_product_f32(device const float *x [[buffer(0)]], device const float *y [[buffer(1)]],
                            device float *out [[buffer(2)]], constant uint &N [[buffer(3)]],
                            uint t [[thread_index_in_threadgroup]]) {
  threadgroup float part[2];
  float sum = 0.0f;
  for (uint i = t; i < N; i += 40) {
    sum = fma(x[i], y[i], sum);
  }
  for (uint step = 16; step > 0; step /= 2) {
    sum += simd_shuffle_down(sum, step);
  }
  if (t % 32 == 0) {
    part[t / 32] = sum;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 0) {
    out[0] = part[0] + part[1];
  }
}
