// Casts the address of a scalar to device memory, to count its runs there.
// row: own
// kernel: relu
// expect: compile_error
// layer: compiler
// says: converts between mismatching address spaces
// size: check
// twin: own_32_casts_a_constant_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  device uint *runs = (device uint *)&N;
  if (i == 0) {
    *runs += 1;
  }
  y[i] = max(x[i], 0.0f);
}
