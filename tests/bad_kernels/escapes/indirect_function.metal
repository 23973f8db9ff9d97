// Asks for a function that is chosen when the library is loaded.
// layer: ELF check
// says: undefined symbol 'chosen'
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

__attribute__((ifunc("choose"))) float chosen(float);

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[0] = chosen(x[0]);
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
