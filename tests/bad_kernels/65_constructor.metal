// Initialises a variable by a function that would run when the library is opened.
// row: 65
// kernel: relu
// expect: compile_error
// layer: compiler
// size: check
// twin: 65_constructor_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

inline float start() {
  float v = 1.0f;
  for (int k = 0; k < 9; ++k) {
    v = sin(v);
  }
  return v;
}
constant float first = start();

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f * first);
}
