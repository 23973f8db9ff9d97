// expect: f mode=loop buffers=0,1
#include <metal_stdlib>
using namespace metal;

kernel void f(device half* y [[buffer(0)]], device bfloat* z [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  half a = 1.5h + y[i] * 0.5H;
  half4 v = half4(a, 1.0h, 2.h, .25h);
  bfloat b = bfloat(1.5f) * z[i];
  y[i] = dot(v, v) + half(float(b));
  z[i] = b + 2.0bf;
}
