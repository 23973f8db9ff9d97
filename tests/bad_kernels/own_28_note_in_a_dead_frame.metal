// Keeps a note in the frame of a function that has returned.
// row: own
// kernel: relu
// expect: out_of_bounds
// layer: checked_bounds
// says: of the stack that no variable of this thread occupies
// size: check
// twin: own_28_note_in_a_dead_frame_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

volatile thread float *place(uint i) {
  volatile float deep[512];
  volatile thread float *note = deep + 2 * (i % 4);
  return note;
}

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  volatile thread float *note = place(i);
  const float key = x[i];
  if (note[0] == key) {
    y[i] = note[1];
    return;
  }
  note[0] = key;
  note[1] = max(key, 0.0f);
  y[i] = max(key, 0.0f);
}
