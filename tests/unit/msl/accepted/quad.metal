// expect: f mode=fiber buffers=0
#include <metal_stdlib>
using namespace metal;

kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  y[i] = quad_sum(y[i]) + quad_shuffle_xor(y[i], 1) + quad_broadcast(y[i], 0);
}
