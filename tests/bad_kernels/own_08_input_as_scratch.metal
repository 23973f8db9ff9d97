// Uses its input as scratch through a cast, and forgets to put one value back.
// row: own
// kernel: relu
// expect: input_modified
// layer: checked_inputs
// backed: inputs
// size: check
// twin: own_08_input_as_scratch_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  device float *work = (device float *)x;
  const float saved = x[i];
  work[i] = max(saved, 0.0f);
  y[i] = work[i];
  work[i] = i == 7 ? y[i] : saved;
}
