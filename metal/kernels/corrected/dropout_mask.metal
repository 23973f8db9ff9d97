// Four elements a thread: a mask of four bytes keeps or drops a float4.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct DropoutMask {
  float p;

  template <typename T, typename U> T operator()(T x, U mask) const {
    return select(T(0.0f), x * (1.0f / (1.0f - p)), mask);
  }
};

kernel void dropout_mask_f32(device const float *x [[buffer(0)]], device const bool *mask [[buffer(1)]],
                             device float *y [[buffer(2)]], constant uint &N [[buffer(3)]],
                             constant float &p [[buffer(4)]], uint index [[thread_position_in_grid]]) {
  map(DropoutMask{p}, index, N, y, x, mask);
}
