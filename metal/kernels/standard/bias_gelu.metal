// A thread takes one float4 of four rows, for which it reads the bias once; gelu with erf, max(z, 0) - |z| Phi(-|z|).
//! grid: ceil_div(cols, 4) ceil_div(rows, 4) 1
//! threadgroup: 256 1 1
#include "activation.h"
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct BiasGelu {
  template <typename T> T operator()(T x, T bias) const { return gelu(x + bias); }
};

kernel void bias_gelu_f32(device const float *X [[buffer(0)]], device const float *B [[buffer(1)]],
                          device float *Y [[buffer(2)]], constant uint &N [[buffer(3)]], constant uint &C [[buffer(4)]],
                          uint2 position [[thread_position_in_grid]]) {
  map_rows(BiasGelu(), position, N / C, C, Y, X, B);
}
