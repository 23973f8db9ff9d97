// Asks for threads of the host, which could work after the clock has stopped.
// row: 2
// kernel: relu
// expect: compile_error
// layer: include
// backed: compiler
// says: 'thread' is no header of this track
// size: check
// twin: 02_background_thread_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
#include <thread>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
