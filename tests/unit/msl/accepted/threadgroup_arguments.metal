// expect: f mode=fiber tga=0,1 buffers=0
#include <metal_stdlib>
using namespace metal;

kernel void f(device float* y [[buffer(0)]], threadgroup float* s [[threadgroup(0)]], threadgroup float4* v [[threadgroup(1)]],
              uint t [[thread_index_in_threadgroup]]) {
  s[t] = y[t];
  v[t] = float4(y[t]);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y[t] = s[0] + v[1].w;
}
