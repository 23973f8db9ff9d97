// expect: f mode=loop buffers=0,1,2,3
#include <metal_stdlib>
using namespace metal;

kernel void f(device float* a, device float* b [[buffer(1)]], constant float& s, constant int& n, uint i [[thread_position_in_grid]]) {
  if (int(i) < n) a[i] = b[i] * s;
}
