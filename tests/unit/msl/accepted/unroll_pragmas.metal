// expect: f mode=fiber buffers=0
#include <metal_stdlib>
using namespace metal;

kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  float s = 0;
#pragma unroll
  for (int k = 0; k < 4; ++k) s += simd_sum(y[i + k]);
#pragma unroll(4)
  for (int k = 0; k < 4; ++k) s += y[k];
#pragma unroll 2
  for (int k = 0; k < 4; ++k) s += y[k];
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; ++k) s += y[k];
  _Pragma("clang loop unroll(disable)") for (int k = 0; k < 4; ++k) s += y[k];
  {
#pragma METAL fp math_mode(safe)
    y[i] = s;
  }
}
