// Four elements a thread: a mask of four bytes chooses between two float4s.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct WhereMask {
  template <typename U, typename T> T operator()(U mask, T a, T b) const { return select(b, a, mask); }
};

kernel void where_mask_f32(device const bool *mask [[buffer(0)]], device const float *a [[buffer(1)]],
                           device const float *b [[buffer(2)]], device float *y [[buffer(3)]],
                           constant uint &N [[buffer(4)]], uint index [[thread_position_in_grid]]) {
  map(WhereMask(), index, N, y, mask, a, b);
}
