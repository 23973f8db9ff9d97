// expect: f mode=fiber buffers=0
#include <metal_stdlib>
using namespace metal;

#define SHARED(T, name, n) threadgroup T name[n]
kernel void f(device float* y [[buffer(0)]], uint t [[thread_index_in_threadgroup]], uint n [[threads_per_threadgroup]]) {
  if (n == 0) return;
  threadgroup float a[4][8], b, *p = &a[0][0];
  SHARED(half, c, 32);
  alignas(16) threadgroup uchar raw[64];
  threadgroup volatile int flag[1];
  threadgroup atomic_uint hits;
  threadgroup float (*rows)[8] = a;
  threadgroup float* halves[2] = {p, p + 16};
  if (t == 0) { b = 2.0f; flag[0] = 1; atomic_store_explicit(&hits, 0u, memory_order_relaxed); }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  { threadgroup float inner[32]; inner[t] = b; c[t] = half(inner[t]); raw[t] = uchar(t); rows[t / 8][t % 8] = y[t]; }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_add_explicit(&hits, 1u, memory_order_relaxed);
  y[t] = a[t / 8][t % 8] + float(c[31 - t]) + halves[1][0] + raw[t] + flag[0];
}
