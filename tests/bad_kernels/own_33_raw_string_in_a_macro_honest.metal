// The honest twin: the same kernel without the fault.
// twin of: own_33_raw_string_in_a_macro.metal
// kernel: relu
// size: check
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;
#define OPENS "/*"
/* #include "/etc/hostname" */

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
