// One float4 of each array a thread on a grid that fits exactly; only the last thread can meet a scalar tail.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Divergence {
  template <typename T> T operator()(T log_pred, T target) const {
    const T weight = abs(target) + 1e-6f;
    return weight * (log(weight) + abs(log_pred));
  }
};

kernel void kl_div_loss_f32(device const float *log_pred [[buffer(0)]], device const float *target [[buffer(1)]],
                            device float *y [[buffer(2)]], constant uint &N [[buffer(3)]],
                            uint index [[thread_position_in_grid]]) {
  map(Divergence{}, index, N, y, log_pred, target);
}
