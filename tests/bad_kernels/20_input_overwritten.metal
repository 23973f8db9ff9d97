// Casts const away and clamps its input too, so that whoever looks later agrees.
// row: 20
// kernel: relu
// expect: input_modified
// layer: checked_inputs
// backed: inputs
// says: which is an input
// size: check
// twin: 20_input_overwritten_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
  ((device float *)x)[i] = y[i];
}
