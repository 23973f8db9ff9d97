// expect: f mode=loop max=128 buffers=0
#include <metal_stdlib>
using namespace metal;

constant constexpr uint kThreads = 128;
[[kernel, max_total_threads_per_threadgroup(kThreads)]] void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) { y[i] = 1.0f; }
