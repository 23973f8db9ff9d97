// One float4 a thread; tanh(log(1 + e)) is rational in e = exp(x): one exponential, no logarithm, no tanh.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "activation.h"
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Mish {
  template <typename T> T operator()(T x) const { return mish(x); }
};

kernel void mish_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]], constant uint &N [[buffer(2)]],
                     uint index [[thread_position_in_grid]]) {
  map(Mish(), index, N, y, x);
}
