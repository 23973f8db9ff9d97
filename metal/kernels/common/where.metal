// One float4 a thread.
// Both sides are read: their lines would be fetched anyway.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Where {
  template <typename T> T operator()(T cond, T a, T b) const { return select(b, a, cond > 0.5f); }
};

kernel void where_f32(device const float *cond [[buffer(0)]], device const float *a [[buffer(1)]],
                      device const float *b [[buffer(2)]], device float *y [[buffer(3)]],
                      constant uint &N [[buffer(4)]], uint index [[thread_position_in_grid]]) {
  map(Where(), index, N, y, cond, a, b);
}
