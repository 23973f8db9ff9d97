// expect: f mode=loop max=64 buffers=0
#include <metal_stdlib>
using namespace metal;

[[max_total_threads_per_threadgroup(64)]] kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) { y[i] = 1.0f; }
