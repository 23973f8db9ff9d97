// expect: f mode=fiber tg=128 buffers=0
#include <metal_stdlib>
using namespace metal;

inline float sum2(device const float* p) { return p[0] + p[1]; }
inline float sum2(threadgroup const float* p) { return p[0] + p[1]; }
inline float sum2(thread const float* p) { return p[0] + p[1]; }
template <typename T> inline T twice(device const T& v) { return v + v; }
template <typename T> inline T twice(thread const T& v) { return v + v; }
kernel void f(device float* y [[buffer(0)]], uint t [[thread_position_in_threadgroup]]) {
  threadgroup float s[32];
  s[t] = y[t];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float own[2] = {1.0f, 2.0f};
  y[t] = sum2(s) + sum2(y) + sum2(own) + twice(own[0]);
}
