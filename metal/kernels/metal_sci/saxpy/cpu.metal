// One thread many elements in a row, so that the loop fills the vector unit.
//! tune: EACH in 4096, 16384, 65536, 262144
//! dispatch saxpy grid: ceil_div(N, EACH) threadgroup: 1
#include <metal_stdlib>
using namespace metal;

constant constexpr uint EACH = 65536;

kernel void saxpy(device const float *x [[buffer(0)]], device float *y [[buffer(1)]], constant float &a [[buffer(2)]],
                  constant uint &N [[buffer(3)]], uint part [[thread_position_in_grid]]) {
  const uint first = part * EACH, last = min(first + EACH, N);
  const float scale = a;
  for (uint i = first; i < last; ++i) {
    y[i] = scale * x[i] + y[i];
  }
}
