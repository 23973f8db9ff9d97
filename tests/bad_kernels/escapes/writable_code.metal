// Names what the linker makes of a section.
// layer: lexical safety
// says: use of undeclared identifier '__start_msl_tg_0'
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

extern constant char __start_msl_tg_0[];

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
