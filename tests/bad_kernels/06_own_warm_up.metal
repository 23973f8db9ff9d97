// Sets its own warm-up, so as to tell warm-up runs from timed ones.
// row: 6
// kernel: relu
// expect: compile_error
// layer: header
// says: unknown header line 'warmup'
// size: check
// twin: 06_own_warm_up_honest.metal
//! warmup: 3
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
