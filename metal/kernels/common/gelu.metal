// The exact gelu as max(x, 0) - |x| Phi(-|x|), where nothing cancels. One element a thread on an exact grid: no tail.
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include "activation.h"
#include <metal_stdlib>
using namespace metal;

kernel void gelu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     uint index [[thread_position_in_grid]]) {
  y[index] = gelu(x[index]);
}
