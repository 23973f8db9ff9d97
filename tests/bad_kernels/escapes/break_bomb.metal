// Memory whose amount is known only while it runs.
// layer: compiler
// says: variable length array
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  float scratch[N];
  scratch[i] = x[i];
  y[0] = scratch[0];
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
