// expect: f mode=loop buffers=0,1
#include <metal_stdlib>
using namespace metal;

kernel void f(volatile device int* y [[buffer(0)]], device const int* const x [[buffer(1)]], const uint i [[thread_position_in_grid]]) {
  const int value = x[i] > 0 ? 1 : 2;
  y[i] = value;
}
