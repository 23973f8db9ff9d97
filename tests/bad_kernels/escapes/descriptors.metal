// Thread-local storage, through which a library reaches the worker's.
// layer: lexical safety
// says: 'thread_local' is not supported in Metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

extern thread_local int errno;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
