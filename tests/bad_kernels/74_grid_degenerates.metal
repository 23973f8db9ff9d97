// Launches nothing at all where there is a single row.
// row: 74
// kernel: relu
// expect: launch_error
// layer: limits
// backed: host
// says: = 0 < 1
// size: check
// twin: 74_grid_degenerates_honest.metal
//! grid: (rows - 1) * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
