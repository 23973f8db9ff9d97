// One float4 of each array a thread. With n = min(r, delta) both branches are n (r - n / 2), so none is taken.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Huber {
  float delta;

  template <typename T> T operator()(T pred, T target) const {
    const T r = abs(pred - target);
    const T near = min(r, T(delta));
    return near * (r - 0.5f * near);
  }
};

kernel void huber_loss_f32(device const float *pred [[buffer(0)]], device const float *target [[buffer(1)]],
                           device float *y [[buffer(2)]], constant uint &N [[buffer(3)]],
                           constant float &delta [[buffer(5)]], uint index [[thread_position_in_grid]]) {
  map(Huber{delta}, index, N, y, pred, target);
}
