// One float4 a thread; the precise tanh, since the fast one is inf / inf for large a.
//! grid: ceil_div(length, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct ResidualTanh {
  template <typename T> T operator()(T x, T a) const { return x + precise::tanh(a); }
};

kernel void residual_tanh_f32(device const float *x [[buffer(0)]], device const float *a [[buffer(1)]],
                              device float *y [[buffer(2)]], constant uint &N [[buffer(3)]],
                              uint index [[thread_position_in_grid]]) {
  map(ResidualTanh(), index, N, y, x, a);
}
