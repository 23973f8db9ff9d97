// Expands to a text of gigabytes.
// layer: compiler limits
// says: memory | MiB
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

#define A(v) v v v v v v v v v v
#define B(v) A(A(A(A(v))))
constant int k = B(B(1));

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
