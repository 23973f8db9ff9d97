// Pastes the name of a symbol of the worker together.
// layer: lexical safety
// says: use of undeclared identifier 'msl_group'
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

#define PASTE(a, b) a##b

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[0] = PASTE(msl_gr, oup)->size[0];
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
