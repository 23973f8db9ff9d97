// The tanh approximation in place of the exact form.
// row: 72
// kernel: gelu
// expect: wrong_values
// layer: tolerance
// through: oracle
// size: check
// twin: 72_approximation_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void gelu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     uint index [[thread_position_in_grid]]) {
  const float value = x[index];
  const float a = fabs(value);
  const float t = 1.0f / (1.0f + 0.2316419f * a);
  float tail = t * 0.5307027145f - 0.7265760135f;
  tail = t * tail + 0.7107068705f;
  tail = t * tail - 0.142248368f;
  tail = t * tail + 0.127414796f;
  y[index] = 0.5f * value * (1.0f + precise::tanh(0.7978845608f * (value + 0.044715f * value * value * value))) + 0.0f * tail;
}
