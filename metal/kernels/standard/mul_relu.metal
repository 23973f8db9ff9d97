// One float4 a thread.
//! grid: ceil_div(length, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct MulRelu {
  template <typename T> T operator()(T x, T a) const { return max(x * a, T(0.0f)); }
};

kernel void mul_relu_f32(device const float *x [[buffer(0)]], device const float *a [[buffer(1)]],
                         device float *y [[buffer(2)]], constant uint &N [[buffer(3)]],
                         uint index [[thread_position_in_grid]]) {
  map(MulRelu(), index, N, y, x, a);
}
