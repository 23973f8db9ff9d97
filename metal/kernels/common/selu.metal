// One float4 a thread; exp(x) - 1 by a polynomial near zero, where it cancels. exp never sees a positive argument.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "activation.h"
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Selu {
  template <typename T> T operator()(T x) const {
    const T below = 1.67326f * exp_minus_one(min(x, T(0.0f)));
    return 1.0507f * select(below, x, x > 0.0f);
  }
};

kernel void selu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]], constant uint &N [[buffer(2)]],
                     uint index [[thread_position_in_grid]]) {
  map(Selu(), index, N, y, x);
}
