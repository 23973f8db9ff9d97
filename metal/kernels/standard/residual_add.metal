// One float4 a thread, one fused multiply-add an element.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct ResidualAdd {
  float alpha;

  template <typename T> T operator()(T x, T residual) const { return fma(T(alpha), residual, x); }
};

kernel void residual_add_f32(device const float *X [[buffer(0)]], device const float *R [[buffer(1)]],
                             device float *Y [[buffer(2)]], constant uint &N [[buffer(3)]],
                             constant float &alpha [[buffer(5)]], uint index [[thread_position_in_grid]]) {
  map(ResidualAdd{alpha}, index, N, Y, X, R);
}
