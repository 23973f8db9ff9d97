// Multiplies by a mask: wrong for minus infinity.
// row: own
// kernel: relu
// expect: nonfinite
// layer: values
// size: check
// twin: own_17_infinity_becomes_nan_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = x[i] * float(x[i] > 0.0f);
}
