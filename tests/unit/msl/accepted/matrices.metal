// expect: f mode=loop buffers=0,1
#include <metal_stdlib>
using namespace metal;

kernel void f(device float3* y [[buffer(0)]], constant float3x3& m [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  float3x3 t = transpose(m);
  t[1] = m[0] * 2.0f;
  float2x2 small(1.0f, 2.0f, 3.0f, 4.0f);
  y[i] = t * y[i] + m[2] + determinant(small);
}
