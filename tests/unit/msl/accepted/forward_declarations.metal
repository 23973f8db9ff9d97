// expect: f mode=fiber buffers=0
#include <metal_stdlib>
using namespace metal;

float reduce(float v, uint n);
float later(device const float* p, uint i);
kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) { y[i] = reduce(y[i], 2) + later(y, i); }
float reduce(float v, uint n) { for (uint k = 0; k < n; k++) v = simd_sum(v); return v; }
float later(device const float* p, uint i) { return p[i] + simd_max(p[i]); }
