// Asks for a cache window that would survive a flush.
// row: 8
// kernel: relu
// expect: compile_error
// layer: header
// says: unknown header line 'persist'
// size: check
// twin: 08_cache_window_honest.metal
//! persist: x
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
