// Pragmas that take fast math back, for the file's rest or for one block.
#include <metal_stdlib>
using namespace metal;

kernel void safe_block(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
#pragma METAL fp math_mode(safe)
  float big = 1.0e8f;
  out[i] = (x[i] + big) - big;
}

kernel void compensated_sum(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                            constant uint& n [[buffer(2)]]) {
#pragma METAL fp math_mode(safe)
  float sum = 0, lost = 0;
  for (uint k = 0; k < n; ++k) {
    float y = x[k] - lost;
    float t = sum + y;
    lost = (t - sum) - y;
    sum = t;
  }
  out[0] = sum;
}

kernel void uncontracted_block(device const float2* x [[buffer(0)]], device float* out [[buffer(1)]],
                               uint i [[thread_position_in_grid]]) {
#pragma METAL fp contract(off)
  out[i] = x[i].x * x[i].x + x[i].y;
}
