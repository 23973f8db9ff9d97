// One float4 a thread; -softplus(-x), where softplus(x) = max(x, 0) + log(1 + exp(-|x|)) cannot overflow.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "activation.h"
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Logsigmoid {
  template <typename T> T operator()(T x) const { return -softplus(-x); }
};

kernel void logsigmoid_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                           constant uint &N [[buffer(2)]], uint index [[thread_position_in_grid]]) {
  map(Logsigmoid(), index, N, y, x);
}
