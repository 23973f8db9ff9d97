// expect: g mode=fiber max=256 tg=1024 buffers=0
#include <metal_stdlib>
using namespace metal;

template <int WM, int WN>
[[kernel, max_total_threads_per_threadgroup(WM * WN * 32)]] void g(device float* y [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup float s[WM * WN * 32];
  s[t] = y[t];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y[t] = s[WM * WN * 32 - 1 - t];
}
template [[host_name("g")]] [[kernel]] decltype(g<2, 4>) g<2, 4>;
