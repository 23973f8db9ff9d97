// Each threadgroup stages its part in threadgroup memory, which nothing here needs.
//! tune: GROUP in 128, 256
//! grid: rows * cols 1 1
//! threadgroup: GROUP 1 1
#include <metal_stdlib>
using namespace metal;

constant constexpr uint GROUP = 256;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]], constant uint &N [[buffer(2)]],
                     uint index [[thread_position_in_grid]], uint lane [[thread_position_in_threadgroup]]) {
  threadgroup float staged[GROUP];
  staged[lane] = index < N ? x[index] : 0.0f;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  const float value = staged[lane];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (index < N) {
    y[index] = value > 0.0f ? value : 0.0f;
  }
}
