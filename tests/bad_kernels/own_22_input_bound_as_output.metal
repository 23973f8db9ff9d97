// Binds its input where the output belongs and works in place.
// row: own
// kernel: relu
// expect: pipeline_error
// layer: abi
// backed: checked_inputs, inputs, poison, oracle
// size: check
// twin: own_22_input_bound_as_output_honest.metal
//! dispatch relu_f32 grid: rows * cols threadgroup: 256 bind 1=x
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
