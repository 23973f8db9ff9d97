// One float4 a thread; the gradient is selected, so no lane diverges.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct HardtanhBackward {
  float lo;
  float hi;

  template <typename T> T operator()(T x, T dy) const { return select(T(0.0f), dy, x > lo && x < hi); }
};

kernel void hardtanh_backward_f32(device const float *x [[buffer(0)]], device const float *dy [[buffer(1)]],
                                  device float *dx [[buffer(2)]], constant uint &N [[buffer(3)]],
                                  constant float &lo [[buffer(4)]], constant float &hi [[buffer(5)]],
                                  uint index [[thread_position_in_grid]]) {
  map(HardtanhBackward{lo, hi}, index, N, dx, x, dy);
}
