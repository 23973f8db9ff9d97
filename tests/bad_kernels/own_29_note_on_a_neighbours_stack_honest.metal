// The honest twin: the same kernel without the fault.
// twin of: own_29_note_on_a_neighbours_stack.metal
// kernel: relu
// size: check
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  float own[2] = {NAN, 0.0f};
  threadgroup_barrier(mem_flags::mem_none);
  if (i % 256 != 0) {
    y[i] = max(x[i], 0.0f);
    return;
  }
  volatile thread float *note = own;
  const float key = x[i];
  if (note[0] == key) {
    y[i] = note[1];
    return;
  }
  note[0] = key;
  note[1] = max(key, 0.0f);
  y[i] = max(key, 0.0f);
}
