// Fast at the published size, and 500 times the work at any other.
// row: 46
// kernel: relu
// expect: regression
// layer: held_out
// size: regression
// twin: 46_slow_elsewhere_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  const uint times = N == 16 * 16384 ? 1 : 60;
  volatile float value = x[i];
  for (uint k = 0; k < times; ++k) {
    value = max(value, 0.0f);
  }
  y[i] = value;
}
