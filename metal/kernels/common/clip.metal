// One float4 a thread.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Clip {
  float lo;
  float hi;

  template <typename T> T operator()(T x) const { return min(max(x, T(lo)), T(hi)); }
};

kernel void clip_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]], constant uint &N [[buffer(2)]],
                     constant float &lo [[buffer(4)]], constant float &hi [[buffer(5)]],
                     uint index [[thread_position_in_grid]]) {
  map(Clip{lo, hi}, index, N, y, x);
}
