// More threads in a threadgroup than any pipeline allows: on a GPU the dispatch fails, in no time.
// row: 69
// kernel: relu
// expect: launch_error
// layer: limits
// backed: host
// says: threadgroup.x
// size: check
// twin: 69_too_many_threads_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 2048 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
