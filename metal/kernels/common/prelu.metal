// A thread takes one float4 of four rows, for which it reads the slopes once, and no division finds a column.
//! grid: ceil_div(cols, 4) ceil_div(rows, 4) 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Prelu {
  template <typename T> T operator()(T x, T slope) const { return max(x, T(0.0f)) + slope * min(x, T(0.0f)); }
};

kernel void prelu_f32(device const float *x [[buffer(0)]], device const float *alpha [[buffer(1)]],
                      device float *y [[buffer(2)]], constant uint &N [[buffer(3)]], constant uint &C [[buffer(4)]],
                      uint2 position [[thread_position_in_grid]]) {
  map_rows(Prelu(), position, N / C, C, y, x, alpha);
}
