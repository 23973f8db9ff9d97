// Initialises a program-scope constant by code.
// layer: ELF check
// says: needs code to initialise it
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

constant float &alias(constant float &v) { return v; }
float now(float v) {
  volatile float w = v;
  return w;
}
constant float started = now(1);

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[0] = started;
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
