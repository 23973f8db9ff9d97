// One float4 a thread; the sigmoid is written in exp(-|beta z|), which cannot overflow.
//! grid: ceil_div(length, 4) 1 1
//! threadgroup: 256 1 1
#include "activation.h"
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct AddSwishBeta {
  float beta;

  template <typename T> T operator()(T x, T a) const {
    const T z = x + a;
    return z * sigmoid(beta * z);
  }
};

kernel void add_swish_beta_f32(device const float *x [[buffer(0)]], device const float *a [[buffer(1)]],
                               device float *y [[buffer(2)]], constant uint &N [[buffer(3)]],
                               constant float &beta [[buffer(4)]], uint index [[thread_position_in_grid]]) {
  map(AddSwishBeta{beta}, index, N, y, x, a);
}
