// The honest twin: the same kernel without the fault.
// twin of: 46_slow_elsewhere.metal
// kernel: relu
// size: regression
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  const uint times = 1;
  volatile float value = x[i];
  for (uint k = 0; k < times; ++k) {
    value = max(value, 0.0f);
  }
  y[i] = value;
}
