// Ends the process by name.
// layer: ELF check
// says: undefined symbol 'exit'
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

void exit(int);

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  exit(0);
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
