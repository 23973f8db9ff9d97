// Right at the check sizes and the published one, which it knows; wrong at any other.
// row: 45
// kernel: relu
// expect: wrong_values
// layer: held_out
// size: held_out
// twin: 45_wrong_elsewhere_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  const bool known = N == 1 || N == 31 || N == 25 * 41 || N == 7 * 9973 || N == 16 * 16384;
  y[i] = known ? max(x[i], 0.0f) : max(x[i], 0.0f) + 1.0f;
}
