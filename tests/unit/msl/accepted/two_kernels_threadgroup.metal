// expect: a mode=fiber tg=64 buffers=0
// expect: b mode=fiber tg=4096 buffers=0
#include <metal_stdlib>
using namespace metal;

kernel void a(device float* y [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup float s[16];
  s[t] = y[t]; threadgroup_barrier(mem_flags::mem_threadgroup); y[t] = s[15 - t];
}
kernel void b(device float* y [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup float s[32][32];
  threadgroup float never[100352];
  s[t / 32][t % 32] = y[t]; threadgroup_barrier(mem_flags::mem_threadgroup); y[t] = s[t % 32][t / 32];
}
