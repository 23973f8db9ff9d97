// Declares the clock of the host, to replace or to read it.
// row: 4
// kernel: relu
// expect: compile_error
// layer: lexical
// says: language linkage is not supported
// size: check
// twin: 04_own_clock_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

extern "C" ulong clock();

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
