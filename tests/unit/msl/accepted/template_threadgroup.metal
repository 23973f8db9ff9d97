// expect: sum_32 mode=fiber tg=128 buffers=0
// expect: sum_64 mode=fiber tg=256 buffers=0
#include <metal_stdlib>
using namespace metal;

template <typename T, int N>
kernel void sum(device T* y [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup T s[N];
  s[t] = y[t];
  for (int k = N / 2; k > 0; k /= 2) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (t < uint(k)) s[t] += s[t + k];
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 0) y[0] = s[0];
}
template [[host_name("sum_32")]] kernel void sum<float, 32>(device float*, uint);
template [[host_name("sum_64")]] kernel void sum<float, 64>(device float*, uint);
