// The honest twin: the same kernel without the fault.
// twin of: own_26_input_put_back.metal
// kernel: relu
// size: check
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  const float saved = x[i];
  threadgroup_barrier(mem_flags::mem_device);
  y[i] = max(saved, 0.0f);
}
