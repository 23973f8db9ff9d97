// One float4 a thread; max and min split the sign without a branch, and one of the two terms is zero.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct LeakyRelu {
  float slope;

  template <typename T> T operator()(T x) const { return max(x, T(0.0f)) + slope * min(x, T(0.0f)); }
};

kernel void leaky_relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                           constant uint &N [[buffer(2)]], constant float &slope [[buffer(4)]],
                           uint index [[thread_position_in_grid]]) {
  map(LeakyRelu{slope}, index, N, y, x);
}
