// Uses its input as scratch through a cast, and puts every value back.
// row: own
// kernel: relu
// expect: input_modified
// layer: checked_inputs
// says: which is an input
// size: check
// twin: own_26_input_put_back_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  device float *work = (device float *)x;
  const float saved = x[i];
  work[i] = max(saved, 0.0f);
  threadgroup_barrier(mem_flags::mem_device);
  y[i] = work[i];
  work[i] = saved;
}
