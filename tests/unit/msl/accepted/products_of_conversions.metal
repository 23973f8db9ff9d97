// expect: products mode=loop buffers=0
// A conversion times something in brackets is no cast to a pointer.
#include <metal_stdlib>
using namespace metal;

kernel void products(device uint* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  y[i] = (uint(7) * (uint(31) * i)) & 7u;
  switch ((uint(i) * (i + 1u)) & 1u) {
    case 1u: y[i] = 1; break;
    default: y[i] += 2; break;
  }
}
