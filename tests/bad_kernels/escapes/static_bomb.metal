// Has a program-scope array of 16 GiB.
// layer: front end
// says: program scope variable must reside in constant address space
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

char bomb[1ul << 34];

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
