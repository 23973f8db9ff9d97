// The honest twin: the same kernel without the fault.
// twin of: own_28_note_in_a_dead_frame.metal
// kernel: relu
// size: check
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

volatile thread float *place(volatile thread float *deep, uint i) {
  volatile thread float *note = deep + 2 * (i % 4);
  return note;
}

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  volatile float deep[8] = {NAN, 0.0f, NAN, 0.0f, NAN, 0.0f, NAN, 0.0f};
  volatile thread float *note = place(deep, i);
  const float key = x[i];
  if (note[0] == key) {
    y[i] = note[1];
    return;
  }
  note[0] = key;
  note[1] = max(key, 0.0f);
  y[i] = max(key, 0.0f);
}
