// Reads the processor's clock by a builtin of the host's compiler.
// row: 65
// kernel: relu
// expect: compile_error
// layer: lexical
// says: use of undeclared identifier '__builtin_readcyclecounter'
// size: check
// twin: 65_builtin_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = __builtin_readcyclecounter() == 0 ? 1.0f : max(x[i], 0.0f);
}
