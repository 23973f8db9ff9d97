// expect: f mode=loop buffers=0,1
#include <metal_stdlib>
using namespace metal;

inline float sum(thread const float (&v)[4]) { return v[0] + v[1] + v[2] + v[3]; }
inline void fill(thread float* v, thread int& n) { for (n = 0; n < 4; ++n) v[n] = float(n); }
kernel void f(constant float (&w)[4] [[buffer(0)]], device float* y [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  float v[4]; int n;
  fill(v, n);
  y[i] = sum(v) + w[i & 3] + float(n);
}
