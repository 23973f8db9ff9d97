// One float4 a thread; saturate is free on most hardware.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Hardsigmoid {
  template <typename T> T operator()(T x) const { return saturate(x * (1.0f / 6.0f) + 0.5f); }
};

kernel void hardsigmoid_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                            constant uint &N [[buffer(2)]], uint index [[thread_position_in_grid]]) {
  map(Hardsigmoid(), index, N, y, x);
}
