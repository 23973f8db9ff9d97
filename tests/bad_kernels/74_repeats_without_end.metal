// A number of dispatches that no host should be asked for.
// row: 74
// kernel: relu
// expect: launch_error
// layer: limits
// backed: host
// says: limit 65536
// size: check
// twin: 74_repeats_without_end_honest.metal
//! dispatch relu_f32 grid: rows * cols threadgroup: 256 repeat: 1000000
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
