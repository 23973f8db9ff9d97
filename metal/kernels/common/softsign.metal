// One float4 a thread.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Softsign {
  template <typename T> T operator()(T x) const { return x / (1.0f + fabs(x)); }
};

kernel void softsign_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                         constant uint &N [[buffer(2)]], uint index [[thread_position_in_grid]]) {
  map(Softsign(), index, N, y, x);
}
