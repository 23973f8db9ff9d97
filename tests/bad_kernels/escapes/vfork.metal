// Gives a function the name of another for the linker.
// layer: lexical safety
// says: inline assembly is not supported in Metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

int child() __asm__("vfork");

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[0] = child();
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
