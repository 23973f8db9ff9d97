// expect: f mode=fiber tg=512 buffers=0,1
#include <metal_stdlib>
using namespace metal;

kernel void f(device const float* x [[buffer(0)]], device float* y [[buffer(1)]], uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup float s[128];
  device const float4* v = (device const float4*)x;
  const device float4* w = reinterpret_cast<const device float4*>(x + 4 * i);
  threadgroup float4* s4 = (threadgroup float4*)s;
  s4[t] = v[i] + w[0];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  ((device float4*)y)[i] = s4[t];
  *(device uint*)(y + i) = as_type<uint>(s[t]);
  thread float4 local = s4[t];
  thread float* p = (thread float*)&local;
  y[i] = p[t & 3];
}
