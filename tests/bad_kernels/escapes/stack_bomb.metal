// Recurses.
// layer: front end
// says: recursi
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

float deeper(float v, int n) { return n > 0 ? deeper(v, n - 1) + 1 : v; }

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[0] = deeper(x[0], 1 << 30);
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
