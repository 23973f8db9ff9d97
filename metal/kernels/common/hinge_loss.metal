// One float4 of each array a thread on a grid that fits exactly; only the last thread can meet a scalar tail.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Hinge {
  template <typename T> T operator()(T pred, T target) const { return max(1.0f - pred * target, T(0.0f)); }
};

kernel void hinge_loss_f32(device const float *pred [[buffer(0)]], device const float *target [[buffer(1)]],
                           device float *y [[buffer(2)]], constant uint &N [[buffer(3)]],
                           uint index [[thread_position_in_grid]]) {
  map(Hinge{}, index, N, y, pred, target);
}
