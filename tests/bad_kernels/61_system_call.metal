// A bare system call. tests/bad_kernels/escapes has this and its kin run without the front end.
// row: 61
// kernel: relu
// expect: compile_error
// layer: lexical
// says: inline assembly is not supported
// size: check
// twin: 61_system_call_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  asm volatile("" ::: "memory");
  y[i] = max(x[i], 0.0f);
}
