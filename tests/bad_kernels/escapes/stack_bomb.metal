// Recurses.
// layer: stack guard
// says: stack overflow
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

float deeper(float v, int n) {
  volatile float local[1024];
  local[n % 1024] = v;
  return n > 0 ? deeper(v, n - 1) + local[n % 1024] : v;
}

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[0] = deeper(x[0], 1 << 20);
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
