// Leaves the process before anything is compared.
// row: 5
// kernel: relu
// expect: compile_error
// layer: lexical
// backed: compiler
// says: language linkage is not supported
// size: check
// twin: 05_early_exit_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

extern "C" void exit(int code);

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i == 0xFFFFFFFF) {
    exit(0);
  }
  y[i] = max(x[i], 0.0f);
}
