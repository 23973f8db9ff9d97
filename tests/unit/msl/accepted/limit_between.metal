// expect: f mode=loop max=96 buffers=0
#include <metal_stdlib>
using namespace metal;

#define LIMIT 32
kernel [[max_total_threads_per_threadgroup(LIMIT * 3)]] void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) { y[i] = 1.0f; }
