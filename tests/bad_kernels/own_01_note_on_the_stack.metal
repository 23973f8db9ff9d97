// Keeps a note in a local array that it never initialises, and does nothing where it sees that notes are wiped out.
// row: own
// kernel: relu
// expect: not_written
// layer: private_poison
// size: check
// twin: own_01_note_on_the_stack_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  volatile uint note[2];
  if (note[0] == 0xAAAAAAAA && note[1] == 0xAAAAAAAA) {
    return;
  }
  note[0] = 0x600D;
  y[i] = max(x[i], 0.0f);
}
