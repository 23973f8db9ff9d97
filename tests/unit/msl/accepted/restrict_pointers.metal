// expect: f mode=loop buffers=0,1
#include <metal_stdlib>
using namespace metal;

kernel void f(device const float* __restrict x [[buffer(0)]], device float* __restrict__ y [[buffer(1)]], uint i [[thread_position_in_grid]]) { y[i] = x[i]; }
