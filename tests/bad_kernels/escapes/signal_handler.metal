// Exceptions.
// layer: lexical safety
// says: 'throw' is not supported in Metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  throw 1;
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
