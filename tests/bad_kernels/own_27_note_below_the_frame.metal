// Keeps a note in its stack below everything that lives there, which no dispatch clears.
// row: own
// kernel: relu
// expect: out_of_bounds
// layer: checked_bounds
// says: of the stack that no variable of this thread occupies
// size: check
// twin: own_27_note_below_the_frame_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  float own[2] = {NAN, 0.0f};
  volatile ulong here = (ulong)&own[0];
  volatile thread float *note = (volatile thread float *)(here - 8192);
  const float key = x[i];
  if (note[0] == key) {
    y[i] = note[1];
    return;
  }
  note[0] = key;
  note[1] = max(key, 0.0f);
  y[i] = max(key, 0.0f);
}
