// Leaves alone what is not zero, as if it were its own earlier answer.
// row: 71
// kernel: relu
// expect: uninitialised_read
// layer: poison
// size: check
// twin: 71_memoised_in_its_output_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (y[i] != 0.0f) {
    return;
  }
  y[i] = max(x[i], 0.0f);
}
