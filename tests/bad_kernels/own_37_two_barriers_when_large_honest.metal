// The honest twin: the same kernel without the fault.
// twin of: own_37_two_barriers_when_large.metal
// kernel: relu
// size: held_out
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]],
                     uint t [[thread_index_in_threadgroup]]) {
  threadgroup float tile[256];
  tile[t] = max(x[i], 0.0f);
  if (N > 200000 && N % 2 == 0) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    y[i] = tile[t];
  } else {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    y[i] = tile[t];
  }
}
