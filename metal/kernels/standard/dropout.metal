// One float4 a thread; the mask multiplies, so no lane diverges.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Dropout {
  float p;

  template <typename T> T operator()(T x, T mask) const { return mask * x * (1.0f / (1.0f - p)); }
};

kernel void dropout_f32(device const float *X [[buffer(0)]], device const float *M [[buffer(1)]],
                        device float *Y [[buffer(2)]], constant uint &N [[buffer(3)]], constant float &p [[buffer(5)]],
                        uint index [[thread_position_in_grid]]) {
  map(Dropout{p}, index, N, Y, X, M);
}
