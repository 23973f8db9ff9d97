// Takes NaN in its output for a sign that it is being checked, and works only then.
// row: own
// kernel: relu
// expect: uninitialised_read
// layer: poison_second
// size: check
// twin: own_04_watches_for_nan_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (as_type<uint>(y[i]) >> 23 != 0xFF) {
    return;
  }
  y[i] = max(x[i], 0.0f);
}
