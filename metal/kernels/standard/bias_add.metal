// A thread takes one float4 of four rows, for which it reads the bias once, and no division finds a column.
//! grid: ceil_div(cols, 4) ceil_div(rows, 4) 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct BiasAdd {
  template <typename T> T operator()(T x, T bias) const { return x + bias; }
};

kernel void bias_add_f32(device const float *X [[buffer(0)]], device const float *B [[buffer(1)]],
                         device float *Y [[buffer(2)]], constant uint &N [[buffer(3)]], constant uint &C [[buffer(4)]],
                         uint2 position [[thread_position_in_grid]]) {
  map_rows(BiasAdd(), position, N / C, C, Y, X, B);
}
