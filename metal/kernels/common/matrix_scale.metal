// One float4 a thread.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct MatrixScale {
  float alpha;

  template <typename T> T operator()(T a) const { return alpha * a; }
};

kernel void matrix_scale_f32(device const float *A [[buffer(0)]], device float *B [[buffer(1)]],
                             constant uint &N [[buffer(2)]], constant float &alpha [[buffer(3)]],
                             uint index [[thread_position_in_grid]]) {
  map(MatrixScale{alpha}, index, N, B, A);
}
