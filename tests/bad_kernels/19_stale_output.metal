// Writes nothing: on other boards freshly allocated memory held the reference's result.
// row: 19
// kernel: relu
// expect: not_written
// layer: poison
// backed: oracle
// says: was not written
// size: check
// twin: 19_stale_output_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = y[i];
}
